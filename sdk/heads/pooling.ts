/**
 * From the vectors of a sequence's tokens to one. Reimers & Gurevych 2019 (Sentence-BERT, arXiv:1908.10084), section 3;
 * Muennighoff 2022 (SGPT, arXiv:2202.08904), section 3.1, for the weighted mean.
 */

import type { Batch, Sample } from "../data/sample.js";
import { ArgumentError } from "../options.js";
import { multiply } from "../tensor/ops/elementwise.js";
import { gatherRows } from "../tensor/ops/embedding.js";
import { normalizeRows, segmentMax, segmentMean } from "../tensor/ops/reduce.js";
import { type Tensor, tensor } from "../tensor/tensor.js";

/**
 * `mean`; `max` by column; `cls`: the first token's; `last`: the last token's; `weighted`: a mean in which the token in
 * place i (from 1) counts i times; `mean-sqrt`: the sum divided by the square root of the number of tokens.
 */
export type PoolingMode = "mean" | "cls" | "max" | "last" | "weighted" | "mean-sqrt";

export interface Pooling {
  readonly mode: PoolingMode;
  /** divide by the length, so that the dot product is the cosine */
  readonly normalize: boolean;
}

/** Which tokens count. Libraries for sentence vectors count all of them; studies of languages leave special ones out. */
export interface Counted {
  /** whether [CLS], [SEP] and the like count; they do where this is not given */
  readonly special?: boolean;
  /** tokens at the beginning that do not count: those of an instruction */
  readonly skip?: number;
}

/** Each row multiplied with a number of its own. */
function weighed(hidden: Tensor, weights: Float32Array): Tensor {
  const width = hidden.shape[1]!;
  const all = new Float32Array(hidden.size);
  for (const [row, weight] of weights.entries()) all.fill(weight, row * width, (row + 1) * width);
  return multiply(hidden, tensor(hidden.engine, all, hidden.shape));
}

/** Factors that make a mean of something else: `factor` of each token's place and of all places of its sequence. */
function factors(
  places: Int32Array,
  starts: Int32Array,
  factor: (place: number, places: Int32Array) => number,
): Float32Array {
  const result = new Float32Array(places.length);
  for (let row = 0; row + 1 < starts.length; row++) {
    const own = places.subarray(starts[row]!, starts[row + 1]!);
    for (const [i, place] of own.entries()) result[starts[row]! + i] = factor(place, own);
  }
  return result;
}

function pooled(hidden: Tensor, starts: Int32Array, places: Int32Array, mode: PoolingMode): Tensor {
  const rows = starts.length - 1;
  switch (mode) {
    case "mean":
      return segmentMean(hidden, starts);
    case "max":
      return segmentMax(hidden, starts);
    case "cls":
      return gatherRows(hidden, starts.slice(0, rows));
    case "last":
      return gatherRows(
        hidden,
        starts.slice(1).map((end) => end - 1),
      );
    case "weighted": {
      const share = (place: number, own: Int32Array) =>
        ((place + 1) * own.length) / own.reduce((sum, other) => sum + other + 1, 0);
      return segmentMean(weighed(hidden, factors(places, starts, share)), starts);
    }
    case "mean-sqrt":
      return segmentMean(
        weighed(
          hidden,
          factors(places, starts, (_, own) => Math.sqrt(own.length)),
        ),
        starts,
      );
  }
}

/** Places 0, 1, 2, … of each sequence's tokens. */
function placesOf(starts: Int32Array): Int32Array {
  const places = new Int32Array(starts.at(-1)!);
  for (let row = 0; row + 1 < starts.length; row++)
    for (let t = starts[row]!; t < starts[row + 1]!; t++) places[t] = t - starts[row]!;
  return places;
}

/**
 * One vector a sequence.
 *
 * @param hidden (tokens, width)
 * @param starts (rows + 1) where each sequence begins
 * @returns (rows, width)
 */
export function pool(hidden: Tensor, starts: Int32Array, { mode, normalize }: Pooling): Tensor {
  const vectors = pooled(hidden, starts, placesOf(starts), mode);
  return normalize ? normalizeRows(vectors) : vectors;
}

/**
 * The same of some of the tokens.
 *
 * @param samples what the batch was made of
 * @throws {ArgumentError} when a sequence has no token that counts
 */
export function poolCounted(
  hidden: Tensor,
  batch: Batch,
  samples: readonly Sample[],
  { mode, normalize }: Pooling,
  { special = true, skip = 0 }: Counted,
): Tensor {
  if (special && skip === 0) return pool(hidden, batch.starts, { mode, normalize });
  const kept = samples.map((sample) =>
    [...sample.ids.keys()].filter((place) => place >= skip && (special || sample.special[place] === 0)),
  );
  const starts = new Int32Array(samples.length + 1);
  for (const [row, places] of kept.entries()) {
    if (places.length === 0)
      throw new ArgumentError(
        `pooling: none of the ${samples[row]!.ids.length} tokens of text ${row} counts${skip > 0 ? `; the instruction alone has ${skip}` : ", all are special"}`,
      );
    starts[row + 1] = starts[row]! + places.length;
  }
  const index = Int32Array.from(kept.flatMap((places, row) => places.map((place) => batch.starts[row]! + place)));
  const vectors = pooled(gatherRows(hidden, index), starts, Int32Array.from(kept.flat()), mode);
  return normalize ? normalizeRows(vectors) : vectors;
}
