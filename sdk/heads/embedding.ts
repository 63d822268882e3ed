/**
 * Vectors of sentences and words, and how they are learned. Reimers & Gurevych 2019 (Sentence-BERT, arXiv:1908.10084).
 */

import { sampleBatches } from "../data/batches.js";
import { type Batch, collate, type Sample, sampleOf } from "../data/sample.js";
import { cosineError, multipleNegatives } from "../objectives/contrastive.js";
import type { EncoderBody, Objective } from "../objectives/objective.js";
import { ArgumentError } from "../options.js";
import { Scope } from "../tensor/scope.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Tokenizer } from "../tokenizer/index.js";
import { infer } from "./infer.js";
import type { ShowsLayers } from "./layer-states.js";
import { type Counted, type Pooling, pool, poolCounted } from "./pooling.js";

/** Cosines are multiplied with this before their softmax, as sentence-transformers does; SimCSE's temperature is 1 / 20. */
const SHARPNESS = 20;

function otherSide({ target }: Batch): Batch {
  if (!target) throw new ArgumentError("embedding: the batch has no second texts to compare the first with");
  return target;
}

function vectorsOf(model: EncoderBody, batch: Batch, { mode }: Pooling): Tensor {
  return pool(model.encode(batch), batch.starts, { mode, normalize: true });
}

/**
 * Vectors of pairs of texts. Pairs with a score (`labels.value`, from -1 to 1) must have that cosine; of pairs without one
 * each text must find its own partner among all of the batch.
 */
export function embeddingObjective(pooling: Pooling): Objective<EncoderBody> {
  return {
    names: ["embedding"],
    corrupt: (sample) => sample,
    counts: (batch) => [batch.rows],
    losses(model, batch, [count]) {
      const first = vectorsOf(model, batch, pooling);
      const second = vectorsOf(model, otherSide(batch), pooling);
      const { value } = batch.labels;
      return [value ? cosineError(first, second, value, count!) : multipleNegatives(first, second, SHARPNESS, count!)];
    },
  };
}

/**
 * SimCSE without labels: every text is its own partner, and dropout makes the two differ.
 *
 * @example
 * train({ ...training, objective: simcse({ mode: "cls", normalize: true }) });
 */
export function simcse(pooling: Pooling): Objective<EncoderBody> {
  return { ...embeddingObjective(pooling), names: ["simcse"], corrupt: (sample) => ({ ...sample, target: sample }) };
}

/** One vector a sample. */
export function embedSamples(
  model: EncoderBody,
  samples: readonly Sample[],
  pooling: Pooling,
  counted: Counted = {},
): Float32Array[] {
  return infer(model, samples, "rows", (_, hidden, batch, own) => poolCounted(hidden, batch, own, pooling, counted));
}

/**
 * One vector a text.
 *
 * @param length longest sequence, special tokens included; what is longer is cut
 */
export function embedTexts(
  model: EncoderBody,
  tokenizer: Tokenizer,
  texts: readonly string[],
  pooling: Pooling,
  length: number,
  counted: Counted = {},
): Float32Array[] {
  const samples = texts.map((text) => sampleOf(tokenizer.encode(text, undefined, { truncate: { length } })));
  return embedSamples(model, samples, pooling, counted);
}

/**
 * One vector a sample from every layer at once, the embeddings' first: to find the layer that serves best.
 *
 * @returns by layer, then by sample
 */
export function embedLayers(
  model: ShowsLayers,
  samples: readonly Sample[],
  pooling: Pooling,
  counted: Counted = {},
): Float32Array[][] {
  const layers: Float32Array[][] = [];
  for (const group of sampleBatches(samples)) {
    using _ = new Scope();
    const batch = collate(group);
    const hidden: Tensor[] = [];
    model.encode(batch, { hidden });
    for (const [layer, states] of hidden.entries()) {
      const { data, shape } = poolCounted(states, batch, group, pooling, counted);
      const width = shape[1]!;
      layers[layer] ??= [];
      for (let row = 0; row < batch.rows; row++) layers[layer].push(data.slice(row * width, (row + 1) * width));
    }
  }
  return layers;
}

/** What of a word's pieces is its vector: the mean of all, or the first. */
export type WordPooling = "mean" | "first";

/**
 * The vector of a word in its context: the mean of the hidden states of its pieces, or that of the first.
 *
 * @param hidden (tokens × width) of the sequence, of any layer
 * @param word as the sample numbers its words
 */
export function wordVector(
  hidden: Float32Array,
  { words }: Pick<Sample, "words">,
  word: number,
  pieceOf: WordPooling = "mean",
): Float32Array {
  const width = hidden.length / words.length;
  if (pieceOf === "first") {
    const first = words.indexOf(word);
    if (first >= 0) return hidden.slice(first * width, (first + 1) * width);
  }
  const sum = new Float64Array(width);
  let pieces = 0;
  for (let i = 0; i < words.length; i++) {
    if (words[i] !== word) continue;
    pieces++;
    for (let d = 0; d < width; d++) sum[d]! += hidden[i * width + d]!;
  }
  if (pieces === 0) throw new ArgumentError(`wordVector: the sequence has no word ${word}; was it cut off?`);
  return Float32Array.from(sum, (x) => x / pieces);
}

/** The last hidden states (tokens × width) of each sample; those of other layers of `atLayers(model, …)`. */
export function hiddenStates(model: EncoderBody, samples: readonly Sample[]): Float32Array[] {
  return infer(model, samples, "tokens", (_, hidden) => hidden);
}
