/**
 * A pipeline is a model folder that became a function: one object in, one object out; an array in, an array out.
 * Options are given when it is opened, for all calls, or with a call, for that one.
 */
import { Engine } from "../engine/engine.js";
import type { Build } from "../engine/source.js";
import { loadAdapted } from "../io/adapter.js";
import { type Files, ModelFileError } from "../io/files.js";
import { type ModelFolder, openFolder } from "../io/model-folder.js";
import { loadModel, type Pretrained } from "../io/pretrained.js";
import { loadTokenizer } from "../io/tokenizer-files.js";
import { readMaxLength } from "../io/transformer-settings.js";
import type { ModelTask } from "../models/family.js";
import { ArgumentError, checkOptions, type Rules } from "../options.js";
import type { Tokenizer } from "../tokenizer/index.js";
import { callingRules, ELSEWHERE, openingRules } from "./options.js";

/** What can be said with every call. */
export interface CallOptions {
  /** longest sequence in tokens, special ones included; by default what the folder says, at most the model's positions */
  readonly length?: number;
}

/** What can be said when a pipeline is opened. */
export interface PipelineOptions extends CallOptions {
  /** The engine to run on; without one the pipeline makes its own, and gives it back when it is disposed. */
  readonly engine?: Engine;
  /** of the pipeline's own engine */
  readonly build?: Build | "auto";
  /** the folder of an adapter of the model */
  readonly adapter?: Files;
}

/** A function of one input or of many. */
export interface Pipeline<Input, Output, Options = CallOptions> extends Disposable {
  (input: Input, options?: Options): Output;
  (inputs: readonly Input[], options?: Options): Output[];
}

/** What a pipeline's function works with. */
export interface Opened<P extends ModelTask> extends Pretrained<P> {
  readonly tokenizer: Tokenizer;
  /** longest sequence, where the call does not say */
  readonly length: number;
}

/** What makes a pipeline of a folder. */
export interface Description<P extends ModelTask, Input, Output, Options extends CallOptions> {
  /** the public function, as messages name it */
  readonly name: string;
  readonly task: P;
  /** of the options that are this pipeline's own */
  readonly rules: Rules<Omit<Options, keyof CallOptions>>;
  /** what other libraries' options are here */
  readonly elsewhere?: Readonly<Record<string, string>>;
  /** The arguments of a call as one input, or an array of them, and options; by default the first argument and the second. */
  readonly read?: (args: readonly unknown[]) => readonly [given: unknown, options: unknown];
  /** An input as the caller gave it, checked. `at` names it in messages. */
  readonly input: (value: unknown, at: string) => Input;
  /** The function over many inputs. What is given to `own` is disposed with the pipeline. */
  readonly make: (
    opened: Opened<P>,
    own: (more: Disposable) => void,
  ) => Run<Input, Output, Options> | Promise<Run<Input, Output, Options>>;
}

type Run<Input, Output, Options> = (inputs: readonly Input[], options: Options & Resolved) => Output[];

/** The options of a call, those of the opening under them, with the longest sequence that holds. */
export interface Resolved {
  readonly length: number;
}

/** Load a folder and make a pipeline of a function over many inputs. */
export async function openPipeline<P extends ModelTask, Input, Output, Options extends CallOptions>(
  files: Files,
  options: PipelineOptions & Options,
  description: Description<P, Input, Output, Options>,
): Promise<Pipeline<Input, Output, Options>> {
  const { name, rules, make, elsewhere = {} } = description;
  const folder = openFolder(files, name).readAhead();
  checkOptions(name, options, { ...rules, ...callingRules(), ...openingRules() }, { ...ELSEWHERE, ...elsewhere });
  const engine = options.engine ?? (await Engine.create({ build: options.build ?? "strict" }));
  const owned: Disposable[] = [];
  const own = (more: Disposable): void => void owned.push(more);
  const dispose = () => {
    if (!options.engine) return engine.dispose();
    for (const one of owned.splice(0).reverse()) one[Symbol.dispose]();
  };
  try {
    const opened = await open(engine, folder, options, description.task, own);
    requireLength(name, options.length, opened.model.positions);
    const call = callable(description, await make(opened, own), options, opened);
    return Object.assign(call, { [Symbol.dispose]: dispose }) as Pipeline<Input, Output, Options>;
  } catch (error) {
    dispose();
    throw error;
  }
}

/** Model, tokenizer and longest sequence of a folder. `own` is told of the model as soon as there is one to dispose. */
async function open<P extends ModelTask>(
  engine: Engine,
  folder: ModelFolder,
  { adapter }: PipelineOptions,
  task: P,
  own: (loaded: Disposable) => void,
): Promise<Opened<P>> {
  const loaded = adapter
    ? await loadAdapted(engine, folder, adapter, { task })
    : await loadModel(engine, folder, { task });
  own(loaded);
  if (loaded.fresh.length > 0) {
    const missing = loaded.fresh.slice(0, 3).join(", ");
    throw new ModelFileError(`this folder's model has not been trained for this: it lacks ${missing}`);
  }
  const tokenizer = await loadTokenizer(folder);
  const { positions } = loaded.model;
  // Where transformers writes texts, it cuts none by the tokenizer's length.
  const writes = task === "causal-lm" || task === "seq2seq-lm";
  const said = writes ? null : await readMaxLength(folder);
  return { ...loaded, tokenizer, length: Math.min(said?.tokens ?? positions, positions) };
}

/** A length that the model has no positions for is refused: the call would quietly use another one. */
function requireLength(name: string, length: number | undefined, positions: number): void {
  if (length !== undefined && length > positions)
    throw new ArgumentError(`${name}: length ${length} is more than the model's ${positions} positions`);
}

/** The function that the caller gets: arguments are checked, then all inputs are answered together. */
function callable<P extends ModelTask, Input, Output, Options extends CallOptions>(
  { name, rules, elsewhere = {}, input, read = readArguments(name) }: Description<P, Input, Output, Options>,
  run: (inputs: readonly Input[], options: Options & Resolved) => Output[],
  opening: Options,
  { length, model: { positions } }: Opened<P>,
): (...args: readonly unknown[]) => Output | Output[] {
  const late = Object.fromEntries(
    Object.keys(openingRules()).map((option) => [option, "it is given when the pipeline is opened"]),
  );
  return (...args) => {
    const [given, options] = read(args);
    checkOptions(name, options, { ...rules, ...callingRules() }, { ...ELSEWHERE, ...late, ...elsewhere });
    const said = Object.entries((options ?? {}) as object).filter(([, value]) => value !== undefined);
    const asked = { ...opening, ...Object.fromEntries(said) } as Options;
    requireLength(name, asked.length, positions);
    const resolved = { ...asked, length: asked.length ?? length };
    if (!Array.isArray(given)) return run([input(given, "the input")], resolved)[0]!;
    // Array.from visits holes too: [, "a"] has an input that is undefined.
    return run(
      Array.from(given, (value, i) => input(value, `input ${i}`)),
      resolved,
    );
  };
}

/** The default: an input or an array of them, then options. */
function readArguments(name: string) {
  return (args: readonly unknown[]): readonly [unknown, unknown] => {
    if (args.length > 2)
      throw new ArgumentError(
        `${name}: a call has an input, or an array of inputs, and options; got ${args.length} arguments`,
      );
    return [args[0], args[1]];
  };
}
