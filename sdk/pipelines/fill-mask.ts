/** Filling in masked words. */

import { collate, type Sample, sampleOf } from "../data/sample.js";
import { shown } from "../errors.js";
import { highest, softmax } from "../heads/probabilities.js";
import type { ModelSource } from "../io/files/model-source.js";
import type { Model } from "../models/family/build.js";
import { encodeInSteps } from "../objectives/objective.js";
import { ArgumentError, aString, listOf, type Rules, wholeNumber } from "../options.js";
import { Scope } from "../tensor/scope.js";
import { atOnce, eachByItsSteps, type Steps } from "../tensor/steps.js";
import type { TurnOptions } from "../tensor/turns.js";
import type { Tokenizer } from "../tokenizer/index.js";
import { textOf } from "./options.js";
import { type CallOptions, openPipeline, type Pipeline, type PipelineOptions } from "./pipeline.js";

/** Options of {@link fillMask}, when it is opened and when it is called. */
export interface FillMaskOptions extends CallOptions {
  /** guesses for each mask; 5 by default */
  readonly topK?: number;
  /** rank only these tokens */
  readonly targets?: readonly string[];
}

/** A guess for a mask. */
export interface Filled {
  /** probability of the token, over the whole vocabulary */
  readonly score: number;
  /** id of the token */
  readonly token: number;
  /** the token as text */
  readonly token_str: string;
  /** the text with this token in place of the mask; other masks are kept */
  readonly sequence: string;
}

/** A function of texts with a mask. */
export interface FillMask extends Pipeline<string, Filled[], FillMaskOptions> {
  /** The guesses for every mask of a text: a list for each mask, however many there are. */
  readonly masks: {
    (text: string, options?: FillMaskOptions): Filled[][];
    async(text: string, options?: FillMaskOptions & TurnOptions): Promise<Filled[][]>;
  };
}

const NAME = "fillMask";

const rules = (): Rules<Omit<FillMaskOptions, keyof CallOptions>> => ({
  topK: wholeNumber(1),
  targets: listOf(aString, 1),
});

const ELSEWHERE = { top: "topK is the number of guesses for each mask" } as const;

/** The ids of target words, each once. */
function targetIds(tokenizer: Tokenizer, targets: readonly string[]): number[] {
  const ids = targets.map((target) => {
    const { ids } = tokenizer.encode(target, undefined, { special: false });
    const id = tokenizer.id(target) ?? (ids.length === 1 ? ids[0] : undefined);
    const unknown = id === tokenizer.special.unknown && tokenizer.id(target) === undefined;
    if (id === undefined || unknown) {
      const found = unknown ? "unknown" : `${ids.length} tokens`;
      throw new ArgumentError(`${NAME}: the target ${shown(target)} is not one token of this vocabulary, but ${found}`);
    }
    return id;
  });
  return [...new Set(ids)];
}

/** Encode a text and find its masks; truncation must not remove any. */
function masked(tokenizer: Tokenizer, text: string, length: number): { sample: Sample; places: Int32Array } {
  const { mask } = tokenizer.special;
  if (mask === undefined) throw new ArgumentError(`${NAME}: the tokenizer of this folder has no mask token`);
  const count = (ids: Int32Array): number => ids.filter((id) => id === mask).length;
  const sample = sampleOf(tokenizer.encode(text, undefined, { truncate: { length } }));
  const places = Int32Array.from([...sample.ids.keys()].filter((i) => sample.ids[i] === mask));
  const whole = tokenizer.encode(text).ids;
  const cut = count(whole) - places.length;
  if (cut > 0)
    throw new ArgumentError(
      `${NAME}: ${cut} of the masks are beyond the longest sequence: the text has ${whole.length} tokens, length is ${length}`,
    );
  if (places.length === 0)
    throw new ArgumentError(`${NAME}: the text has no mask; write ${tokenizer.token(mask)} where a word is missing`);
  return { sample, places };
}

/** {@link fillMasks} in steps; progress counts texts. */
export function* fillMasksInSteps(
  model: Model<"masked-lm">,
  tokenizer: Tokenizer,
  texts: readonly string[],
  length: number,
  { topK = 5, targets }: FillMaskOptions = {},
): Steps<Filled[][][]> {
  const only = targets && targetIds(tokenizer, targets);
  return yield* eachByItsSteps(texts, function* (text) {
    const { sample, places } = masked(tokenizer, text, length);
    using _ = new Scope();
    const hidden = yield* encodeInSteps(model, collate([sample]));
    yield;
    const scores = model.tokenScores(hidden, places);
    const width = scores.shape[1]!;
    const { data } = scores;
    return Array.from(places, (place, i) => {
      const row = data.subarray(i * width, (i + 1) * width);
      const probabilities = softmax(row);
      const best = only
        ? [...only].sort((a, b) => probabilities[b]! - probabilities[a]!).slice(0, topK)
        : highest(row, topK);
      return best.map((token) => ({
        score: probabilities[token]!,
        token,
        token_str: tokenizer.decode([token]),
        sequence: filledIn(tokenizer, sample, place, token, places.length > 1),
      }));
    });
  });
}

/**
 * The most probable tokens for every mask of every text: for each text a list by mask.
 *
 * @param length longest sequence in tokens, special ones included
 * @throws {ArgumentError} for a text without a mask, or with one beyond `length`
 * @example
 * const [first] = fillMasks(model, tokenizer, ["the [MASK] sat on the mat"], 32, { topK: 2 });
 * console.log(first?.[0]?.map(({ token_str, score }) => `${token_str} ${score}`));
 */
export function fillMasks(
  model: Model<"masked-lm">,
  tokenizer: Tokenizer,
  texts: readonly string[],
  length: number,
  options: FillMaskOptions = {},
): Filled[][][] {
  return atOnce(fillMasksInSteps(model, tokenizer, texts, length, options));
}

/**
 * The text with a token in place of one mask. If it has other masks, special tokens are kept, as masks are special
 * tokens.
 */
function filledIn(
  tokenizer: Tokenizer,
  { ids, special }: Sample,
  place: number,
  token: number,
  others: boolean,
): string {
  const filled = ids.slice();
  filled[place] = token;
  return others
    ? tokenizer.decode(filled.filter((_, i) => special[i] === 0))
    : tokenizer.decode(filled, { skipSpecial: true });
}

/**
 * The most probable tokens for a mask, best first. A text with several masks gives a list for each mask, as transformers
 * does; the type covers the usual case of one mask, and `masks` returns a list for each in every case.
 *
 * @example
 * const fill = await fillMask(folder("my-bert"));
 * fill("The cat drinks [MASK].")[0]!.token_str; // "milk"
 * fill.masks("The [MASK] drinks [MASK].", { topK: 1 }); // [[{ token_str: "cat", … }], [{ token_str: "milk", … }]]
 */
export async function fillMask(files: ModelSource, options: PipelineOptions & FillMaskOptions = {}): Promise<FillMask> {
  const pipeline = await openPipeline<"masked-lm", string, Filled[][], FillMaskOptions>(files, options, {
    name: NAME,
    task: "masked-lm",
    rules: rules(),
    elsewhere: ELSEWHERE,
    input: (value, at) => textOf(NAME, at, value),
    make:
      ({ model, tokenizer }) =>
      (texts, asked) =>
        fillMasksInSteps(model, tokenizer, texts, asked.length, asked),
  });
  type All<Result> = (...args: readonly unknown[]) => Result;
  const all = pipeline as unknown as All<Filled[][] | Filled[][][]>;
  const allAwaited = pipeline.async as unknown as All<Promise<Filled[][] | Filled[][][]>>;
  const usual = (masks: Filled[][]): Filled[] | Filled[][] => (masks.length === 1 ? masks[0]! : masks);
  const usualOf = (found: Filled[][] | Filled[][][], isList: boolean) =>
    isList ? (found as Filled[][][]).map(usual) : usual(found as Filled[][]);
  const call = (...args: readonly unknown[]) => usualOf(all(...args), Array.isArray(args[0]));
  const masks = (text: string, asked?: FillMaskOptions) => pipeline(textOf(NAME, "the text", text), asked);
  const masksAwaited = async (text: string, asked?: FillMaskOptions & TurnOptions) =>
    pipeline.async(textOf(NAME, "the text", text), asked);
  return Object.assign(call, {
    async: async (...args: readonly unknown[]) => usualOf(await allAwaited(...args), Array.isArray(args[0])),
    masks: Object.assign(masks, { async: masksAwaited }),
    [Symbol.dispose]: () => pipeline[Symbol.dispose](),
  }) as FillMask;
}
