/** Text generation: continuing prompts, and rewriting texts with an encoder-decoder. */
import { collate, sampleOf } from "../data/sample.js";
import { generateInSteps, streamInSteps } from "../generate/generate.js";
import { type GenerationSettings, generationSettings, MOST_BEAMS, newTokens } from "../generate/settings.js";
import { causalWriter, seq2seqWriter, type Writer } from "../generate/writer.js";
import { fieldsOf, ModelFileError } from "../io/files/files.js";
import type { ModelFolder } from "../io/files/model-folder.js";
import { type ModelSource, openSource } from "../io/files/model-source.js";
import {
  ArgumentError,
  aBoolean,
  aFunction,
  aNull,
  aNumber,
  aString,
  either,
  listOf,
  numberBetween,
  oneOf,
  type Rule,
  type Rules,
  wholeNumber,
} from "../options.js";
import type { CacheDtype } from "../tensor/key-blocks.js";
import { type Rng, seed as streamOf } from "../tensor/random.js";
import { eachByItsSteps, reporting, type Steps, silent } from "../tensor/steps.js";
import type { Tokenizer } from "../tokenizer/index.js";
import { DecodeStream } from "../tokenizer/stream.js";
import { textOf } from "./options.js";
import {
  type CallOptions,
  openPipeline,
  type PipelineOptions,
  type Resolved,
  type Run,
  type WritingPipeline,
} from "./pipeline.js";
import { type TextStream, TrimmedPieces, textStream } from "./text-stream.js";

/**
 * Options of {@link textGeneration} and {@link text2textGeneration}, when they are opened and when they are called: fields of
 * generation_config.json under their own names, which override the folder's, and a seed.
 */
export interface GenerationOptions extends CallOptions, Partial<Omit<GenerationSettings, "max_length" | "min_length">> {
  /** seed of sampling. Given at opening, each text draws from the next stream; given with a call, the call starts from the first */
  readonly seed?: number;
  /** how keys and values of earlier tokens are kept; `f16` takes half the memory and may change the last digits of a score */
  readonly cacheDtype?: CacheDtype;
  /** called with each piece of the new text as soon as it is written, one input after the other; not with beams */
  readonly onText?: (piece: string) => void;
}

/** Options of {@link textGeneration}. */
export interface ContinuationOptions extends GenerationOptions {
  /** whether the text begins with the prompt; it does by default */
  readonly returnFullText?: boolean;
}

/** Options of {@link text2textGeneration}. */
export interface RewriteOptions extends GenerationOptions {
  /** text prepended to every input, such as T5's "translate English to German: " */
  readonly prefix?: string;
  /** token of the target language, such as mBART's "de_DE" */
  readonly language?: string;
}

/** A generated text, with the prompt unless `returnFullText` is false. */
export interface Generated {
  readonly generated_text: string;
}

const aPositiveNumber: Rule = {
  expected: "a number above 0",
  accepts: (value) => typeof value === "number" && Number.isFinite(value) && value > 0,
};

const isId = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

const aBias: Rule = {
  expected: "a pair of a list of ids and a number",
  accepts: (value) =>
    Array.isArray(value) &&
    value.length === 2 &&
    Array.isArray(value[0]) &&
    value[0].length > 0 &&
    value[0].every(isId) &&
    aNumber.accepts(value[1]),
};

const aLengthDecay: Rule = {
  expected: "a list of a number of tokens and a factor above 0",
  accepts: (value) => Array.isArray(value) && value.length === 2 && isId(value[0]) && aPositiveNumber.accepts(value[1]),
};

/** Rules of the fields of generation_config.json. */
function settingRules(): Rules<Omit<GenerationSettings, "max_length" | "min_length">> {
  const anId = wholeNumber(0);
  const anIdOrNull = either(anId, aNull);
  return {
    max_new_tokens: wholeNumber(1),
    min_new_tokens: wholeNumber(0),
    eos_token_id: listOf(anId),
    num_beams: wholeNumber(1, MOST_BEAMS),
    length_penalty: aNumber,
    early_stopping: {
      expected: 'true, false or "never"',
      accepts: (value) => value === "never" || aBoolean.accepts(value),
    },
    do_sample: aBoolean,
    temperature: aPositiveNumber,
    top_k: wholeNumber(0),
    top_p: numberBetween(0, 1),
    min_p: numberBetween(0, 1),
    top_h: either(numberBetween(0, 1), aNull),
    typical_p: numberBetween(0, 1),
    epsilon_cutoff: numberBetween(0, 1),
    eta_cutoff: numberBetween(0, 1),
    repetition_penalty: aPositiveNumber,
    encoder_repetition_penalty: aPositiveNumber,
    no_repeat_ngram_size: wholeNumber(0),
    encoder_no_repeat_ngram_size: wholeNumber(0),
    suppress_tokens: listOf(anId),
    begin_suppress_tokens: listOf(anId),
    bad_words_ids: listOf(listOf(anId, 1)),
    sequence_bias: listOf(aBias),
    exponential_decay_length_penalty: either(aLengthDecay, aNull),
    remove_invalid_values: aBoolean,
    renormalize_logits: aBoolean,
    forced_bos_token_id: anIdOrNull,
    forced_eos_token_id: anIdOrNull,
    decoder_start_token_id: anIdOrNull,
  };
}

/** Rules of the options that both pipelines add. */
const ownRules = () => ({ seed: wholeNumber(0), cacheDtype: oneOf("f32", "f16"), onText: aFunction });

const cacheOf = ({ cacheDtype }: GenerationOptions) => (cacheDtype === undefined ? {} : { cacheDtype });

const LENGTH = "max_new_tokens counts the tokens that are written";
const ONE = "a call writes one text for each prompt; call again for another";

const ELSEWHERE = {
  max_length: LENGTH,
  maxLength: LENGTH,
  min_length: "min_new_tokens counts the tokens that are written",
  num_return_sequences: ONE,
  numReturnSequences: ONE,
  settings: "the fields of generation_config.json are options themselves, such as max_new_tokens",
  src_lang: "the tokenizer's files say the language that is read",
  tgt_lang: "language is the token that names the language to write in",
} as const;

/** Generation settings of the folder. */
async function settingsOf(folder: ModelFolder): Promise<GenerationSettings> {
  const generation = await folder.json("generation_config.json");
  const config = await folder.fields("config.json");
  return generationSettings(generation === undefined ? undefined : fieldsOf(generation), config);
}

/** The settings of a call; options take precedence over the folder. */
function merged(own: GenerationSettings, asked: GenerationOptions): GenerationSettings {
  const said = Object.entries(asked).filter(([name, value]) => Object.hasOwn(own, name) && value !== undefined);
  return { ...own, ...Object.fromEntries(said) };
}

/** Random streams, one per text. */
function streams(seed = 1): () => Rng {
  const root = streamOf(seed);
  let texts = 0;
  return () => root.fork(texts++);
}

/** The random streams of a call: the pipeline's, or new ones where the call gives a seed of its own. */
function streamsOf(opening: GenerationOptions): (asked: GenerationOptions) => () => Rng {
  const shared = streams(opening.seed);
  return ({ seed }) => (seed === opening.seed ? shared : streams(seed));
}

/** A text in the middle of being written: its pieces, while it can be interrupted. */
type Pieces<T> = Generator<string | undefined, T, undefined>;

/**
 * Write one row.
 *
 * @param name the function that the caller used
 * @param decode makes text of one token after another, where the pieces are wanted
 * @returns the new ids
 */
function* written(
  name: string,
  writer: Writer,
  settings: GenerationSettings,
  rng: Rng,
  decode?: { push(id: number): string; end(): string },
): Pieces<number[]> {
  if (!decode) {
    const [ids] = yield* silent(generateInSteps(writer, settings, rng));
    return ids!.slice(writer.prompts[0]!.length);
  }
  if (settings.num_beams > 1)
    throw new ArgumentError(
      `${name}: onText and stream need num_beams 1, got ${settings.num_beams}: a beam search knows its text only at the end`,
    );
  const ids: number[] = [];
  for (const newest of streamInSteps(writer, settings, rng)) {
    const piece = newest && decode.push(newest[0]!);
    if (newest) ids.push(newest[0]!);
    yield piece === "" ? undefined : piece;
  }
  const rest = decode.end();
  if (rest !== "") yield rest;
  return ids;
}

/** Tells each piece as it is written. */
const told = <T>(pieces: Pieces<T>, onText: ((piece: string) => void) | undefined): Pieces<T> =>
  reporting(pieces, (piece: string) => {
    onText?.(piece);
    return piece;
  });

/**
 * All outputs of a pipeline that writes, one after the other, or one in pieces.
 *
 * @param start the writing of each input of one call; `follows` says whether pieces are wanted
 */
function writing<Options extends GenerationOptions>(
  start: (asked: Options & Resolved) => (input: string, follows: boolean) => Pieces<Generated>,
): Run<string, Generated, Options> {
  const run = (inputs: readonly string[], asked: Options & Resolved): Steps<Generated[]> => {
    const write = start(asked);
    const { onText } = asked;
    return eachByItsSteps(inputs, (input) => told(write(input, onText !== undefined), onText));
  };
  const stream = (input: string, asked: Options & Resolved, signal: AbortSignal | undefined): TextStream =>
    textStream(told(start(asked)(input, true), asked.onText), signal);
  return Object.assign(run, { stream });
}

/**
 * Continue a prompt with a decoder alone (GPT-2).
 *
 * @example
 * using write = await textGeneration(folder("gpt2"), { max_new_tokens: 20 });
 * write("The sea was").generated_text; // begins with the prompt
 * write("The sea was", { do_sample: true, temperature: 0.8, seed: 3, returnFullText: false });
 * for await (const piece of write.stream("The sea was")) process.stdout.write(piece); // while it is written
 */
export async function textGeneration(
  files: ModelSource,
  options: PipelineOptions & ContinuationOptions = {},
): Promise<WritingPipeline<string, Generated, ContinuationOptions>> {
  const name = "textGeneration";
  const folder = openSource(files, name, options).readAhead();
  const own = await settingsOf(folder);
  const pipeline = await openPipeline<"causal-lm", string, Generated, ContinuationOptions>(folder, options, {
    name,
    task: "causal-lm",
    rules: { ...settingRules(), ...ownRules(), returnFullText: aBoolean },
    elsewhere: ELSEWHERE,
    input: (value, at) => textOf(name, at, value),
    make({ engine, model, tokenizer }) {
      const streamOfCall = streamsOf(options);
      return writing((asked) => {
        const settings = merged(own, asked);
        const next = streamOfCall(asked);
        return function* (prompt, follows) {
          const { ids } = tokenizer.encode(prompt);
          if (ids.length === 0) throw new ArgumentError(`${name}: the prompt is empty; there is nothing to continue`);
          // A prompt that is too long loses its beginning: the continuation depends most on its end.
          const kept = ids.slice(Math.max(0, ids.length - Math.max(1, asked.length - newTokens(settings, ids.length))));
          using writer = causalWriter({ engine, ...cacheOf(asked) }, model, [kept]);
          const decoder = follows ? new DecodeStream(tokenizer) : undefined;
          const text = tokenizer.decode(yield* written(name, writer, settings, next(), decoder), { skipSpecial: true });
          return { generated_text: asked.returnFullText === false ? text : prompt + text };
        };
      });
    },
  });
  return pipeline as WritingPipeline<string, Generated, ContinuationOptions>;
}

/**
 * Write a text from another with an encoder-decoder (BART, mBART, Marian, T5): summaries, translations, answers.
 *
 * @example
 * using translate = await text2textGeneration(folder("opus-mt-en-de"));
 * translate("The cat sleeps.", { num_beams: 4 }).generated_text; // "Die Katze schläft."
 * for await (const piece of translate.stream("The cat sleeps.")) process.stdout.write(piece); // while it is written
 */
export async function text2textGeneration(
  files: ModelSource,
  options: PipelineOptions & RewriteOptions = {},
): Promise<WritingPipeline<string, Generated, RewriteOptions>> {
  const name = "text2textGeneration";
  const folder = openSource(files, name, options).readAhead();
  const own = await settingsOf(folder);
  const pipeline = await openPipeline<"seq2seq-lm", string, Generated, RewriteOptions>(folder, options, {
    name,
    task: "seq2seq-lm",
    rules: { ...settingRules(), ...ownRules(), prefix: aString, language: aString },
    elsewhere: {
      ...ELSEWHERE,
      returnFullText: "the text that is written has no prompt",
      return_full_text: "the text that is written has no prompt",
    },
    input: (value, at) => textOf(name, at, value),
    make({ engine, model, tokenizer, family }) {
      const streamOfCall = streamsOf(options);
      const settingsOfCall = (asked: RewriteOptions): GenerationSettings => {
        const settings = merged(own, asked);
        return asked.language === undefined ? settings : inLanguage(settings, family.type, tokenizer, asked.language);
      };
      settingsOfCall(options);
      return writing((asked) => {
        const settings = settingsOfCall(asked);
        const next = streamOfCall(asked);
        const start = settings.decoder_start_token_id;
        if (start === null)
          throw new ModelFileError(
            "neither generation_config.json nor config.json has decoder_start_token_id: what does the decoder begin with?",
          );
        return function* (text, follows) {
          const encoding = tokenizer.encode((asked.prefix ?? "") + text, undefined, {
            truncate: { length: asked.length },
          });
          const source = collate([sampleOf(encoding)]);
          using writer = seq2seqWriter({ engine, ...cacheOf(asked) }, model, source, [Int32Array.of(start)]);
          const ids = yield* written(name, writer, settings, next(), follows ? trimmed(tokenizer) : undefined);
          return { generated_text: tokenizer.decode(ids, { skipSpecial: true }).trim() };
        };
      });
    },
  });
  return pipeline as WritingPipeline<string, Generated, RewriteOptions>;
}

/** The pieces of a text without white space around it. */
function trimmed(tokenizer: Tokenizer) {
  const decoder = new DecodeStream(tokenizer);
  const pieces = new TrimmedPieces();
  return { push: (id: number) => pieces.push(decoder.push(id)), end: () => pieces.push(decoder.end()) };
}

/** mBART-25's decoder starts with the language token; later models are forced to write it first. */
function inLanguage(
  settings: GenerationSettings,
  family: string,
  tokenizer: { id(token: string): number | undefined },
  language: string,
): GenerationSettings {
  const id = tokenizer.id(language);
  if (id === undefined)
    throw new ArgumentError(
      `text2textGeneration: language must be a token of the vocabulary, such as "de_DE", got ${JSON.stringify(language)}`,
    );
  const begins = family === "mbart" && settings.forced_bos_token_id === null && settings.decoder_start_token_id !== 2;
  return begins ? { ...settings, decoder_start_token_id: id } : { ...settings, forced_bos_token_id: id };
}
