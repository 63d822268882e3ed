/** Decoding token by token: greedy search and sampling. */

import { argmax, exponentials } from "../heads/probabilities.js";
import { ArgumentError } from "../options.js";
import type { Rng } from "../tensor/random.js";
import { silent } from "../tensor/steps.js";
import type { Rule } from "./rules.js";
import { beginInSteps, nextInSteps, type Writer } from "./writer.js";

/** Options that all decoding strategies share. */
export interface DecodeOptions {
  /** maximum number of new tokens per row */
  readonly maxNewTokens: number;
  /** ids of end-of-sequence tokens */
  readonly eosIds: readonly number[];
  /** applied in this order to the scores of each row before a token is chosen */
  readonly rules?: readonly Rule[];
}

/** Options of sampling. */
export interface SampleOptions extends DecodeOptions {
  readonly rng: Rng;
}

/** Reported for rows that have ended. */
export const ENDED = -1;

/** Draw an index with probabilities in proportion to `weights`, whose sum is `sum`. */
function draw(weights: Float64Array, sum: number, rng: Rng): number {
  let left = rng();
  let last = 0;
  for (let i = 0; i < weights.length; i++) {
    const p = weights[i]! / sum;
    if (p === 0) continue;
    last = i;
    left -= p;
    if (left < 0) return i;
  }
  // Rounding may leave a remainder: it goes to the last token with a probability above 0.
  return last;
}

/**
 * The points where generation can be interrupted: at every token, which is reported, and between tokens, without a
 * report.
 */
export type Writing = Generator<Int32Array | undefined, void, undefined>;

/** The tokens alone. */
export function* tokensOf(writing: Writing): Generator<Int32Array> {
  for (const newest of writing) if (newest) yield newest;
}

/** Decode with `choose`, yielding the newest id of every row; {@link ENDED} for rows that have ended. */
function* decode(writer: Writer, options: DecodeOptions, choose: (scores: Float32Array) => number): Writing {
  const { maxNewTokens, eosIds, rules = [] } = options;
  const written = writer.prompts.map((ids) => Array.from(ids));
  const longest = Math.max(...written.map((ids) => ids.length));
  if (longest + maxNewTokens > writer.maxLength + 1)
    throw new ArgumentError(
      `a prompt of ${longest} tokens and ${maxNewTokens} new ones do not fit the model's ${writer.maxLength} positions; generate fewer tokens or shorten the prompt`,
    );
  const open = written.map(() => true);
  const rows = Int32Array.from(written, (_, row) => row);
  let scores = maxNewTokens > 0 ? yield* silent(beginInSteps(writer)) : [];
  for (let step = 0; step < maxNewTokens; step++) {
    const newest = Int32Array.from(written, (ids, row) => {
      if (!open[row]) return ENDED;
      for (const rule of rules) rule(scores[row]!, ids);
      const id = choose(scores[row]!);
      ids.push(id);
      open[row] = !eosIds.includes(id);
      return id;
    });
    yield newest;
    if (!open.includes(true) || step === maxNewTokens - 1) return;
    const fed = newest.map((id) => (id === ENDED ? eosIds[0]! : id));
    scores = yield* silent(nextInSteps(writer, rows, fed));
  }
}

/**
 * Greedy search: the most probable token at every step.
 *
 * @example
 * using writer = causalWriter({ engine }, gpt.model, [ids]);
 * const [text] = collectRows(writer, greedy(writer, { maxNewTokens: 2, eosIds: [] })); // ids and two more
 */
export function greedy(writer: Writer, options: DecodeOptions): Generator<Int32Array> {
  return tokensOf(greedyInSteps(writer, options));
}

/** The same in steps. */
export function greedyInSteps(writer: Writer, options: DecodeOptions): Writing {
  return decode(writer, options, argmax);
}

/**
 * Sampling from the distribution of the model after the rules. The same generator state gives the same text.
 *
 * @example
 * using writer = causalWriter({ engine }, gpt.model, [ids]);
 * for (const [id] of sampled(writer, { maxNewTokens: 2, eosIds: [], rng: seed(1) })) console.log(id);
 */
export function sampled(writer: Writer, options: SampleOptions): Generator<Int32Array> {
  return tokensOf(sampledInSteps(writer, options));
}

/** The same in steps. */
export function sampledInSteps(writer: Writer, options: SampleOptions): Writing {
  let weights = new Float64Array(0);
  return decode(writer, options, (scores) => {
    if (weights.length !== scores.length) weights = new Float64Array(scores.length);
    return draw(weights, exponentials(scores, weights), options.rng);
  });
}

/**
 * All ids of each row, prompt included, from a generator of newest ids.
 *
 * @returns by row
 * @example
 * using writer = causalWriter({ engine }, gpt.model, [ids]);
 * collectRows(writer, greedy(writer, { maxNewTokens: 1, eosIds: [] })).length; // 1
 */
export function collectRows(writer: Writer, newest: Iterable<Int32Array>): number[][] {
  const rows = writer.prompts.map((ids) => Array.from(ids));
  for (const ids of newest) appendNewest(rows, ids);
  return rows;
}

/** Append the newest id of each row that has not ended. */
export function appendNewest(rows: readonly number[][], newest: Int32Array): void {
  for (const [row, id] of newest.entries()) if (id !== ENDED) rows[row]!.push(id);
}
