/**
 * Vectors of sentences and words. Reimers & Gurevych 2019 (Sentence-BERT, arXiv:1908.10084), section 3, for pooling.
 */
import { type Sample, sampleOf } from "../data/sample.js";
import type { Encodes } from "../objectives/objective.js";
import { gatherRows } from "../tensor/ops/embedding.js";
import { normalizeRows, segmentMax, segmentMean } from "../tensor/ops/reduce.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Tokenizer } from "../tokenizer/index.js";
import { infer } from "./infer.js";

/** How the vectors of a sequence's tokens, special tokens included, become one: their mean, their maximum, or that of [CLS]. */
export type PoolingMode = "mean" | "cls" | "max";

export interface Pooling {
  readonly mode: PoolingMode;
  /** divide by the length, so that the dot product is the cosine */
  readonly normalize: boolean;
}

/** (tokens, width) -> (rows, width) */
export function pool(hidden: Tensor, starts: Int32Array, { mode, normalize }: Pooling): Tensor {
  const rows = starts.length - 1;
  const pooled =
    mode === "mean"
      ? segmentMean(hidden, starts)
      : mode === "max"
        ? segmentMax(hidden, starts)
        : gatherRows(hidden, starts.slice(0, rows));
  return normalize ? normalizeRows(pooled) : pooled;
}

/** One vector a sample. */
export function embedSamples(model: Encodes, samples: readonly Sample[], pooling: Pooling): Float32Array[] {
  return infer(model, samples, "rows", (_, hidden, { starts }) => pool(hidden, starts, pooling));
}

/**
 * One vector a text.
 *
 * @param length longest sequence, special tokens included; what is longer is cut
 */
export function embedTexts(
  model: Encodes,
  tokenizer: Tokenizer,
  texts: readonly string[],
  pooling: Pooling,
  length: number,
): Float32Array[] {
  const samples = texts.map((text) => sampleOf(tokenizer.encode(text, undefined, { truncate: { length } })));
  return embedSamples(model, samples, pooling);
}

/** The mean of the hidden states of a word's pieces: its vector in this context. Words are numbered as the sample has them. */
export function wordVector(hidden: Float32Array, { words }: Pick<Sample, "words">, word: number): Float32Array {
  const width = hidden.length / words.length;
  const sum = new Float64Array(width);
  let pieces = 0;
  for (let i = 0; i < words.length; i++) {
    if (words[i] !== word) continue;
    pieces++;
    for (let d = 0; d < width; d++) sum[d]! += hidden[i * width + d]!;
  }
  if (pieces === 0) throw new RangeError(`wordVector: the sequence has no word ${word}; was it cut off?`);
  return Float32Array.from(sum, (x) => x / pieces);
}

/** The last hidden states (tokens × width) of each sample. */
export function hiddenStates(model: Encodes, samples: readonly Sample[]): Float32Array[] {
  return infer(model, samples, "tokens", (_, hidden) => hidden);
}
