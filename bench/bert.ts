/** BERT models with random weights, random batches, and the operation counts of their matrix products. */
import type { Engine } from "../sdk/engine/engine.js";
import { type BertConfig, bert } from "../sdk/models/encoders/bert.js";
import { Weights } from "../sdk/nn/weights.js";
import type { WeightDtype } from "../sdk/tensor/compact-panels.js";

export interface Size {
  readonly name: string;
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  readonly vocabulary: number;
}

export const MINI: Size = { name: "BERT-mini", layers: 4, width: 256, heads: 4, vocabulary: 8192 };
export const MINILM: Size = { name: "MiniLM-L6", layers: 6, width: 384, heads: 12, vocabulary: 30522 };
export const BASE: Size = { name: "BERT-base", layers: 12, width: 768, heads: 12, vocabulary: 30522 };

export function configOf({ layers, width, heads, vocabulary }: Size): BertConfig {
  return bert.read({
    vocab_size: vocabulary,
    hidden_size: width,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    intermediate_size: 4 * width,
  });
}

export function freshModel(engine: Engine, size: Size, dtype: WeightDtype = "f32") {
  const weights = new Weights(engine, { seed: 1, dtype });
  const config = configOf(size);
  const body = bert.encoder(weights, config);
  return { weights, config, ...body, ...bert.heads["masked-lm"]!(weights, config, 0) };
}

/** Random token ids, the same in every run. */
export function randomIds(count: number, vocabulary: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => (Math.imul(i + 1, 0x9e3779b1) >>> 8) % vocabulary);
}

/** Operations of the matrix products in one forward pass of the body: linear layers, q kᵀ and p v. */
export function bodyOperations({ layers, width }: Size, rows: number, length: number): number {
  const tokens = rows * length;
  return layers * 2 * tokens * (4 * width * width + 8 * width * width + 2 * length * width);
}

/** Operations of the masked-LM head's products at `predicted` positions. */
export function headOperations({ width, vocabulary }: Size, predicted: number): number {
  return 2 * predicted * (width * width + width * vocabulary);
}
