/**
 * Embeddings of sentences and words, and the objectives that train them. Reimers & Gurevych 2019 (Sentence-BERT,
 * arXiv:1908.10084).
 */

import { sampleBatches } from "../data/batches.js";
import { type Batch, collate, type Sample, sampleOf } from "../data/sample.js";
import { cosineError, multipleNegatives } from "../objectives/contrastive.js";
import type { EncoderBody, Objective } from "../objectives/objective.js";
import { ArgumentError } from "../options.js";
import { normalizeRows } from "../tensor/ops/reduce.js";
import { Scope } from "../tensor/scope.js";
import { atOnce, type Steps } from "../tensor/steps.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Tokenizer } from "../tokenizer/index.js";
import { inferInSteps } from "./infer.js";
import type { LayerwiseEncoder } from "./layer-states.js";
import { type Counted, type Pooling, pool, poolCounted } from "./pooling.js";

/** Scale of the cosines before the softmax, as in sentence-transformers: an inverse temperature of 1 / 0.05 (SimCSE). */
const SHARPNESS = 20;

function otherSide({ target }: Batch): Batch {
  if (!target) throw new ArgumentError("embedding: the batch has no second texts to compare with");
  return target;
}

function vectorsOf(model: EncoderBody, batch: Batch, { mode }: Pooling): Tensor {
  return pool(model.encode(batch), batch.starts, { mode, normalize: true });
}

/**
 * Embeddings of pairs of texts. With scores (`labels.value`, from -1 to 1) the cosine of a pair is regressed to its score;
 * without, each text must find its partner among all second texts of the batch (in-batch negatives).
 * @example
 * const pairs = samples.map((sample, i) => ({ ...sample, target: samples[(i + 1) % samples.length]! }));
 * train({ ...training, samples: () => pairs, objective: embeddingObjective(pooling) });
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
 * Unsupervised SimCSE (Gao et al. 2021, arXiv:2104.08821): every text is its own positive; only dropout differs.
 *
 * @example
 * train({ ...training, objective: simcse({ mode: "cls", normalize: true }) });
 */
export function simcse(pooling: Pooling): Objective<EncoderBody> {
  return { ...embeddingObjective(pooling), names: ["simcse"], corrupt: (sample) => ({ ...sample, target: sample }) };
}

/**
 * One vector per sample; progress counts samples.
 *
 * @param after applied to the pooled vectors (rows, width) before they are normalized
 */
export function embedInSteps(
  model: EncoderBody,
  samples: readonly Sample[],
  pooling: Pooling,
  counted: Counted = {},
  after: (vectors: Tensor) => Tensor = (vectors) => vectors,
): Steps<Float32Array[]> {
  return inferInSteps(model, samples, "rows", (_, hidden, batch, own) => {
    const vectors = after(poolCounted(hidden, batch, own, { ...pooling, normalize: false }, counted));
    return pooling.normalize ? normalizeRows(vectors) : vectors;
  });
}

/**
 * One vector per sample: {@link embedInSteps}, at once.
 *
 * @example
 * embedSamples(model, samples, pooling)[0]!.length; // 16
 */
export function embedSamples(
  model: EncoderBody,
  samples: readonly Sample[],
  pooling: Pooling,
  counted: Counted = {},
  after: (vectors: Tensor) => Tensor = (vectors) => vectors,
): Float32Array[] {
  return atOnce(embedInSteps(model, samples, pooling, counted, after));
}

/**
 * One vector per text.
 *
 * @param length longest sequence in tokens, special tokens included; longer texts are truncated
 * @returns vectors as wide as the model
 * @example
 * embedTexts(model, tokenizer, texts, pooling, 32).length; // 4
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
 * One vector per sample from every layer, the embedding output first: to find the best layer for a task.
 *
 * @returns by layer, then by sample
 * @example
 * embedLayers(model, samples, pooling).length; // 4: the embeddings and three layers
 */
export function embedLayers(
  model: LayerwiseEncoder,
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

/** How the vectors of a word's pieces are combined: their mean, or the first alone. */
export type WordPooling = "mean" | "first";

/**
 * The contextual vector of a word: the mean of the hidden states of its pieces, or that of the first.
 *
 * @param hidden (tokens × width) of the sequence, of any layer
 * @param word index of the word in the sample
 * @throws {ArgumentError} if the sequence does not have the word
 * @example
 * wordVector(hiddenStates(model, [sample])[0]!, sample, 0).length; // 16
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

/**
 * The last hidden states (tokens × width) of each sample; for other layers, give `atLayers(model, …)`.
 *
 * @example
 * hiddenStates(model, [sample])[0]!.length === sample.ids.length * 16; // true
 */
export function hiddenStates(model: EncoderBody, samples: readonly Sample[]): Float32Array[] {
  return atOnce(hiddenStatesInSteps(model, samples));
}

/** The same in steps; progress counts samples. */
export function hiddenStatesInSteps(model: EncoderBody, samples: readonly Sample[]): Steps<Float32Array[]> {
  return inferInSteps(model, samples, "tokens", (_, hidden) => hidden);
}
