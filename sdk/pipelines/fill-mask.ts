/** Filling in masked words. */

import { collate, sampleOf } from "../data/sample.js";
import { highest, softmax } from "../heads/probabilities.js";
import type { Files } from "../io/files.js";
import type { Model } from "../models/build.js";
import { ArgumentError } from "../options.js";
import { Scope } from "../tensor/scope.js";
import type { Tokenizer } from "../tokenizer/index.js";
import { openPipeline, type Pipeline, type PipelineOptions } from "./pipeline.js";

export interface FillMaskOptions extends PipelineOptions {
  /** guesses for each mask; 5 */
  readonly top?: number;
  /** score only these tokens */
  readonly targets?: readonly string[];
}

export interface Filled {
  readonly token: string;
  readonly id: number;
  /** probability of the token, over the whole vocabulary */
  readonly score: number;
  /** the text with this token in place of the mask */
  readonly sequence: string;
}

/** The ids of target words. */
function targetIds(tokenizer: Tokenizer, targets: readonly string[]): number[] {
  return targets.map((target) => {
    const { ids } = tokenizer.encode(target, undefined, { special: false });
    const id = tokenizer.id(target) ?? (ids.length === 1 ? ids[0] : undefined);
    if (id === undefined)
      throw new ArgumentError(
        `fill-mask: the target "${target}" is not one token of this vocabulary (it is ${ids.length})`,
      );
    return id;
  });
}

/** The best tokens for every mask of every text: for each text a list by mask. */
export function fillMasks(
  model: Model<"masked-lm">,
  tokenizer: Tokenizer,
  texts: readonly string[],
  length: number,
  options: FillMaskOptions = {},
): Filled[][][] {
  const { mask } = tokenizer.special;
  if (mask === undefined) throw new ArgumentError("fill-mask: the tokenizer has no mask token");
  const { top = 5 } = options;
  const targets = options.targets && targetIds(tokenizer, options.targets);
  const samples = texts.map((text) => sampleOf(tokenizer.encode(text, undefined, { truncate: { length } })));
  return samples.map((sample, n) => {
    const places = Int32Array.from([...sample.ids.keys()].filter((i) => sample.ids[i] === mask));
    if (places.length === 0) throw new ArgumentError(`fill-mask: no ${tokenizer.token(mask)} in "${texts[n]}"`);
    using _ = new Scope();
    const batch = collate([sample]);
    const scores = model.tokenScores(model.encode(batch), places);
    const width = scores.shape[1]!;
    const { data } = scores;
    return Array.from(places, (place, i) =>
      rank(data.subarray(i * width, (i + 1) * width), place, sample.ids, tokenizer, top, targets),
    );
  });
}

function rank(
  scores: Float32Array,
  place: number,
  ids: Int32Array,
  tokenizer: Tokenizer,
  top: number,
  targets: readonly number[] | undefined,
): Filled[] {
  const probabilities = softmax(scores);
  const best = targets
    ? [...targets].sort((a, b) => probabilities[b]! - probabilities[a]!).slice(0, top)
    : highest(scores, top);
  return best.map((id) => {
    const filled = ids.slice();
    filled[place] = id;
    return {
      token: tokenizer.decode([id]),
      id,
      score: probabilities[id]!,
      sequence: tokenizer.decode(filled, { skipSpecial: true }),
    };
  });
}

/**
 * Guess what stands behind the mask. A text with one mask gives a list of guesses, one with several a list for each.
 *
 * @example
 * const fill = await fillMask(folder("my-bert"));
 * fill("The cat drinks [MASK].")[0].token; // "milk"
 */
export function fillMask(
  files: Files,
  options: FillMaskOptions = {},
): Promise<Pipeline<string, Filled[] | Filled[][]>> {
  return openPipeline(
    files,
    "masked-lm",
    options,
    ({ model, tokenizer, length }) =>
      (texts: readonly string[]) =>
        fillMasks(model, tokenizer, texts, length, options).map((masks) => (masks.length === 1 ? masks[0]! : masks)),
  );
}
