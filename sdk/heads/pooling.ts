/**
 * Pooling: one vector per sequence from the vectors of its tokens. Reimers & Gurevych 2019 (Sentence-BERT, arXiv:1908.10084), section 3;
 * Muennighoff 2022 (SGPT, arXiv:2202.08904), section 3.1, for the weighted mean.
 */

import type { Batch, Sample } from "../data/sample.js";
import { ArgumentError, checkArgument, either, listOf, oneOf, withFields } from "../options.js";
import { expectInts } from "../tensor/check.js";
import { joinColumns, multiply } from "../tensor/ops/elementwise.js";
import { gatherRows } from "../tensor/ops/embedding.js";
import { normalizeRows, segmentMax, segmentMean } from "../tensor/ops/reduce.js";
import { type Tensor, tensor } from "../tensor/tensor.js";

/**
 * `mean`; `max` by column; `cls`: the first token; `last`: the last token; `weighted`: a mean with weight i for the token at
 * position i (from 1); `mean-sqrt`: the sum divided by the square root of the number of tokens.
 */
export type PoolingMode = "mean" | "cls" | "max" | "last" | "weighted" | "mean-sqrt";

/** The way in which hidden states become one vector per text. */
export interface Pooling {
  /** several: their vectors side by side, in this order */
  readonly mode: PoolingMode | readonly PoolingMode[];
  /** scale to unit length, so that the dot product is the cosine */
  readonly normalize: boolean;
}

const MODES = ["mean", "cls", "max", "last", "weighted", "mean-sqrt"];

/** @throws {ArgumentError} for a mode that does not exist */
export function checkPooling(where: string, pooling: Pooling): void {
  checkArgument(where, "pooling", pooling, withFields("an object with mode and normalize", "mode", "normalize"));
  const aMode = oneOf(...MODES);
  checkArgument(where, "mode", pooling.mode, either(aMode, listOf(aMode, 1)));
}

/** Which tokens are pooled. sentence-transformers pools all of them; cross-lingual studies exclude special tokens. */
export interface Counted {
  /** whether special tokens such as [CLS] and [SEP] are pooled; default true */
  readonly special?: boolean;
  /** number of leading tokens to exclude: those of an instruction */
  readonly skip?: number;
}

/** Multiply each row by its weight. */
function weighed(hidden: Tensor, weights: Float32Array): Tensor {
  const width = hidden.shape[1]!;
  const all = new Float32Array(hidden.size);
  for (const [row, weight] of weights.entries()) all.fill(weight, row * width, (row + 1) * width);
  return multiply(hidden, tensor(hidden.engine, all, hidden.shape));
}

/** The weight of each token: `factor` of its position and of all positions of its sequence. */
function factors(
  positions: Int32Array,
  starts: Int32Array,
  factor: (position: number, positions: Int32Array) => number,
): Float32Array {
  const result = new Float32Array(positions.length);
  for (let row = 0; row + 1 < starts.length; row++) {
    const own = positions.subarray(starts[row]!, starts[row + 1]!);
    for (const [i, position] of own.entries()) result[starts[row]! + i] = factor(position, own);
  }
  return result;
}

function pooled(hidden: Tensor, starts: Int32Array, positions: Int32Array, mode: Pooling["mode"]): Tensor {
  if (typeof mode === "string") return pooledBy(mode, hidden, starts, positions);
  return joinColumns(mode.map((one) => pooledBy(one, hidden, starts, positions)));
}

function pooledBy(mode: PoolingMode, hidden: Tensor, starts: Int32Array, positions: Int32Array): Tensor {
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
      const share = (position: number, own: Int32Array) =>
        ((position + 1) * own.length) / own.reduce((sum, other) => sum + other + 1, 0);
      return segmentMean(weighed(hidden, factors(positions, starts, share)), starts);
    }
    case "mean-sqrt":
      return segmentMean(
        weighed(
          hidden,
          factors(positions, starts, (_, own) => Math.sqrt(own.length)),
        ),
        starts,
      );
  }
}

/** Positions 0, 1, 2, … of each sequence's tokens. */
function positionsOf(starts: Int32Array): Int32Array {
  const positions = new Int32Array(starts.at(-1)!);
  for (let row = 0; row + 1 < starts.length; row++)
    for (let t = starts[row]!; t < starts[row + 1]!; t++) positions[t] = t - starts[row]!;
  return positions;
}

/**
 * One vector per sequence.
 *
 * @param hidden (tokens, width)
 * @param starts (rows + 1) where each sequence begins
 * @returns (rows, width)
 * @throws {ArgumentError} if starts do not end at the tokens of hidden
 * @example
 * pool(x, starts, { mode: "mean", normalize: true }).shape; // [2, 24]
 */
export function pool(hidden: Tensor, starts: Int32Array, pooling: Pooling): Tensor {
  expectInts("pool", "starts", starts);
  checkPooling("pool", pooling);
  const { mode, normalize } = pooling;
  if (starts.at(-1) !== hidden.shape[0])
    throw new ArgumentError(
      `pool: starts must end at the ${hidden.shape[0]} tokens of hidden, got ${starts.at(-1) ?? "no starts"}`,
    );
  const vectors = pooled(hidden, starts, positionsOf(starts), mode);
  return normalize ? normalizeRows(vectors) : vectors;
}

/**
 * One vector per sequence, from some of its tokens.
 *
 * @param samples the samples of the batch
 * @throws {ArgumentError} when a sequence has no token left
 * @example
 * const hidden = model.encode(batch);
 * poolCounted(hidden, batch, samples, pooling, { special: false }).shape; // [4, 16]
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
    [...sample.ids.keys()].filter((position) => position >= skip && (special || sample.special[position] === 0)),
  );
  const starts = new Int32Array(samples.length + 1);
  for (const [row, positions] of kept.entries()) {
    if (positions.length === 0)
      throw new ArgumentError(
        `pooling: none of the ${samples[row]!.ids.length} tokens of text ${row} are pooled${skip > 0 ? `: the instruction alone has ${skip}` : ": all are special"}`,
      );
    starts[row + 1] = starts[row]! + positions.length;
  }
  const index = Int32Array.from(
    kept.flatMap((positions, row) => positions.map((position) => batch.starts[row]! + position)),
  );
  const vectors = pooled(gatherRows(hidden, index), starts, Int32Array.from(kept.flat()), mode);
  return normalize ? normalizeRows(vectors) : vectors;
}
