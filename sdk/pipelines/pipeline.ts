/**
 * A pipeline is a model folder as a function: one object in, one object out; an array in, an array out. Options at opening
 * hold for all calls, options of a call for that call. Its awaitable form yields to other tasks while it computes
 * (docs/decisions/026-calls-that-yield.md).
 */
import { Engine } from "../engine/engine.js";
import type { Build } from "../engine/source.js";
import { type Files, ModelFileError } from "../io/files/files.js";
import { type ModelFolder, openFolder } from "../io/files/model-folder.js";
import { type ModelSource, openSource } from "../io/files/model-source.js";
import { loadAdapted } from "../io/pretrained/adapter.js";
import { type LoadOptions, loadModel, type Pretrained } from "../io/pretrained/pretrained.js";
import type { WeightDtypeName } from "../io/pretrained/weight-dtype.js";
import { readMaxLength } from "../io/sentence-transformers/transformer-settings.js";
import { loadTokenizer } from "../io/tokenizers/tokenizer-files.js";
import type { ModelTask } from "../models/family/family.js";
import { ArgumentError, checkOptions, type Rule, type Rules } from "../options.js";
import { atOnce, type Steps } from "../tensor/steps.js";
import { inTurns, type TurnOptions, turnRules } from "../tensor/turns.js";
import type { Tokenizer } from "../tokenizer/index.js";
import { callingRules, ELSEWHERE, openingRules } from "./options.js";
import type { TextStream } from "./text-stream.js";

/** Options of every call. */
export interface CallOptions {
  /** maximum sequence length in tokens, special tokens included; by default the folder's, at most the model's positions */
  readonly length?: number;
}

/** Options that open a pipeline. Its `signal` and `onProgress`, in bytes of weights, are those of the opening alone. */
export interface PipelineOptions extends CallOptions, TurnOptions {
  /** The engine to run on. Without one the pipeline creates its own and disposes it with itself. */
  readonly engine?: Engine;
  /** the build of the pipeline's own engine */
  readonly build?: Build | "auto";
  /**
   * How the weights are kept: "f32", "f16", "q8" (8 bits: a quarter of the memory, faster, vectors within a hundredth) or
   * "q4"; by default as the folder was quantized, else "f32". Weights are converted while they are read.
   */
  readonly dtype?: WeightDtypeName;
  /** of a model that is given by its name: a branch, a tag or a commit; "main" by default */
  readonly revision?: string;
  /** an adapter of the model: its folder, or its name */
  readonly adapter?: ModelSource;
}

/** A function of one input or of many. A call blocks its thread until all outputs are computed; `async` yields. */
export interface Pipeline<Input, Output, Options = CallOptions> extends Disposable {
  (input: Input, options?: Options): Output;
  (inputs: readonly Input[], options?: Options): Output[];
  /** The same call, awaited. */
  readonly async: Awaitable<Input, Output, Options>;
}

/**
 * A pipeline's call that is awaited: the same results to the bit, in turns between which timers, input and other calls run.
 * Several may be under way at once. Progress counts texts that the model has read, or written.
 *
 * @example
 * const extract = await featureExtraction(folder("all-MiniLM-L6-v2"));
 * const vectors = await extract.async(texts, {
 *   signal: AbortSignal.timeout(5000),
 *   onProgress: ({ done, total }) => console.log(`${done} of ${total}`),
 * });
 */
export interface Awaitable<Input, Output, Options = CallOptions> {
  (input: Input, options?: Options & TurnOptions): Promise<Output>;
  (inputs: readonly Input[], options?: Options & TurnOptions): Promise<Output[]>;
}

/** A pipeline that writes text, which can be read while it is written. */
export interface WritingPipeline<Input, Output, Options = CallOptions> extends Pipeline<Input, Output, Options> {
  /**
   * The text that is written, in pieces; of one input, without beams.
   *
   * @example
   * const write = await textGeneration(folder("gpt2"));
   * for await (const piece of write.stream("The sea was")) process.stdout.write(piece);
   * new Response(write.stream("The sea was").pipeThrough(new TextEncoderStream())); // the same as a web stream
   */
  stream(input: Input, options?: Options & Pick<TurnOptions, "signal">): TextStream;
}

/** A loaded model folder. */
export interface Opened<P extends ModelTask> extends Pretrained<P> {
  readonly tokenizer: Tokenizer;
  /** maximum sequence length, unless the call gives one */
  readonly length: number;
}

/** The definition of a pipeline. */
export interface Description<P extends ModelTask, Input, Output, Options extends CallOptions> {
  /** the public function, as messages name it */
  readonly name: string;
  readonly task: P;
  /** rules of this pipeline's own options */
  readonly rules: Rules<Omit<Options, keyof CallOptions>>;
  /** names of options in other libraries, and the name to type here */
  readonly elsewhere?: Readonly<Record<string, string>>;
  /** Split a call's arguments into inputs and options; by default the first and second arguments. */
  readonly read?: (args: readonly unknown[]) => readonly [given: unknown, options: unknown];
  /** Check one input; `at` names it in messages. */
  readonly input: (value: unknown, at: string) => Input;
  /** Build the function over many inputs; `own` registers resources to dispose with the pipeline. */
  readonly make: (
    opened: Opened<P>,
    own: (more: Disposable) => void,
  ) => Run<Input, Output, Options> | Promise<Run<Input, Output, Options>>;
}

/** All outputs in steps. */
export interface Run<Input, Output, Options> {
  (inputs: readonly Input[], options: Options & Resolved): Steps<Output[]>;
  /** of pipelines that write: one output while it is written */
  readonly stream?: (input: Input, options: Options & Resolved, signal: AbortSignal | undefined) => TextStream;
}

/** Options after defaults are filled in. */
export interface Resolved {
  readonly length: number;
}

/** The parts of a pipeline: everything in the package, or the few that a small bundle has. */
export interface Parts {
  /** an engine for a pipeline that was given none */
  engine(build: Build | "auto" | undefined): Promise<Engine>;
  /** the folder's model, with an adapter's where there is one */
  model<P extends ModelTask>(
    engine: Engine,
    files: Files,
    adapter: Files | undefined,
    options: Pick<LoadOptions<P>, "task" | "dtype" | "signal" | "onProgress">,
  ): Promise<Pretrained<P>>;
  tokenizer(files: Files): Promise<Tokenizer>;
}

const EVERYTHING: Parts = {
  engine: (build = "strict") => Engine.create({ build }),
  model: (engine, files, adapter, options) =>
    adapter ? loadAdapted(engine, files, adapter, options) : loadModel(engine, files, options),
  tokenizer: loadTokenizer,
};

/** Load a model of any family and build the pipeline. */
export async function openPipeline<P extends ModelTask, Input, Output, Options extends CallOptions>(
  files: ModelSource,
  options: PipelineOptions & Options,
  description: Description<P, Input, Output, Options>,
): Promise<Pipeline<Input, Output, Options>> {
  const folder = openSource(files, description.name, options);
  const adapter = options?.adapter;
  const opened = typeof adapter === "string" ? { ...options, adapter: openSource(adapter, description.name) } : options;
  return openPipelineOf(EVERYTHING, folder, opened, description);
}

/** Builds a pipeline from the files of a model: {@link openPipeline}, or one over fewer parts. */
export type OpenPipeline = <P extends ModelTask, Input, Output, Options extends CallOptions>(
  files: Files,
  options: PipelineOptions & Options,
  description: Description<P, Input, Output, Options>,
) => Promise<Pipeline<Input, Output, Options>>;

/** Load a folder and build the pipeline from parts. */
export async function openPipelineOf<P extends ModelTask, Input, Output, Options extends CallOptions>(
  parts: Parts,
  files: Files,
  options: PipelineOptions & Options,
  description: Description<P, Input, Output, Options>,
): Promise<Pipeline<Input, Output, Options>> {
  const { name, rules, make, elsewhere = {} } = description;
  const folder = openFolder(files, name).readAhead();
  checkOptions(name, options, { ...rules, ...callingRules(), ...openingRules() }, { ...ELSEWHERE, ...elsewhere });
  const engine = options.engine ?? (await parts.engine(options.build));
  const owned: Disposable[] = [];
  const own = (more: Disposable): void => void owned.push(more);
  const dispose = () => {
    if (!options.engine) return engine.dispose();
    for (const one of owned.splice(0).reverse()) one[Symbol.dispose]();
  };
  try {
    const opened = await open(parts, engine, folder, options, description.task, own);
    requireLength(name, options.length, opened.model.maxLength);
    const run = await make(opened, own);
    options.signal?.throwIfAborted();
    const call = callable(description, run, options, opened);
    return Object.assign(call, { [Symbol.dispose]: dispose }) as Pipeline<Input, Output, Options>;
  } catch (error) {
    dispose();
    throw error;
  }
}

/** Load model and tokenizer; `own` receives the model as soon as it exists, so that it can be disposed on failure. */
async function open<P extends ModelTask>(
  parts: Parts,
  engine: Engine,
  folder: ModelFolder,
  { adapter: added, dtype, signal, onProgress }: PipelineOptions,
  task: P,
  own: (loaded: Disposable) => void,
): Promise<Opened<P>> {
  const options = {
    task,
    ...(dtype !== undefined && { dtype }),
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
  };
  const adapter = added as Files | undefined; // the name of one is opened by openPipeline
  const loaded = await parts.model(engine, folder, adapter, options);
  own(loaded);
  if (loaded.fresh.length > 0) {
    const missing = loaded.fresh.slice(0, 3).join(", ");
    throw new ModelFileError(`this folder's model has not been trained for this: it lacks ${missing}`);
  }
  const tokenizer = await parts.tokenizer(folder);
  const { maxLength: positions } = loaded.model;
  // transformers does not truncate inputs of generation to the tokenizer's maximum length.
  const writes = task === "causal-lm" || task === "seq2seq-lm";
  const said = writes ? null : await readMaxLength(folder, adapter);
  return { ...loaded, tokenizer, length: Math.min(said?.tokens ?? positions, positions) };
}

/** Refuse a length beyond the model's positions. */
function requireLength(name: string, length: number | undefined, positions: number): void {
  if (length !== undefined && length > positions)
    throw new ArgumentError(`${name}: length ${length} is more than the model's ${positions} positions`);
}

/** A call whose arguments are checked. */
interface Call<Input, Output, Options> {
  readonly inputs: readonly Input[];
  readonly resolved: Options & Resolved;
  readonly turns: TurnOptions;
  /** an array, or the only output */
  readonly of: (outputs: Output[]) => Output | Output[];
}

/** The function returned to the caller, in both forms: check the arguments, then run all inputs together. */
function callable<P extends ModelTask, Input, Output, Options extends CallOptions>(
  { name, rules, elsewhere = {}, input, read = readArguments(name) }: Description<P, Input, Output, Options>,
  run: Run<Input, Output, Options>,
  opening: Options,
  { length, model: { maxLength: positions } }: Opened<P>,
) {
  const late = Object.fromEntries(
    Object.keys(openingRules()).map((option) => [option, "it is given when the pipeline is opened"]),
  );
  const plain = { ...rules, ...callingRules() };
  const awaited = { ...plain, ...turnRules() };
  const { signal } = turnRules();
  const streamed = { ...plain, signal };
  const hints = { ...ELSEWHERE, ...late, ...WHERE_AWAITED, ...elsewhere };
  const checked = (args: readonly unknown[], known: Readonly<Record<string, Rule>>): Call<Input, Output, Options> => {
    const [given, options] = read(args);
    checkOptions(name, options, known, hints);
    const said = Object.entries((options ?? {}) as object).filter(([, value]) => value !== undefined);
    const asked = { ...opening, ...Object.fromEntries(said) } as Options;
    requireLength(name, asked.length, positions);
    const resolved = { ...asked, length: asked.length ?? length };
    const turns = (options ?? {}) as TurnOptions;
    if (!Array.isArray(given))
      return { inputs: [input(given, "the input")], resolved, turns, of: ([output]) => output! };
    // Array.from visits holes too: [, "a"] has an input that is undefined.
    const inputs = Array.from(given, (value, i) => input(value, `input ${i}`));
    return { inputs, resolved, turns, of: (outputs) => outputs };
  };
  const call = (...args: readonly unknown[]): Output | Output[] => {
    const { inputs, resolved, of } = checked(args, plain);
    return of(atOnce(run(inputs, resolved)));
  };
  const async = async (...args: readonly unknown[]): Promise<Output | Output[]> => {
    const { inputs, resolved, turns, of } = checked(args, awaited);
    return of(await inTurns(run(inputs, resolved), turns));
  };
  const stream = (...args: readonly unknown[]): TextStream => {
    const { inputs, resolved, turns } = checked(args, streamed);
    if (inputs.length !== 1 || Array.isArray(read(args)[0]))
      throw new ArgumentError(`${name}: a stream is of one text; open another for each`);
    return run.stream!(inputs[0]!, resolved, turns.signal);
  };
  return Object.assign(call, { async }, run.stream && { stream });
}

const WHERE_AWAITED: Readonly<Record<string, string>> = {
  signal: "a call that blocks cannot be stopped; await the pipeline's async(inputs, { signal })",
  onProgress: "a call that blocks reports nothing; await the pipeline's async(inputs, { onProgress })",
};

/** The default form of a call: an input or an array of inputs, then options. */
function readArguments(name: string) {
  return (args: readonly unknown[]): readonly [unknown, unknown] => {
    if (args.length > 2)
      throw new ArgumentError(
        `${name}: a call has an input, or an array of inputs, and options; got ${args.length} arguments`,
      );
    return [args[0], args[1]];
  };
}
