/** Heads that several families share. Each family says where the parameters are stored. */
import type { Batch } from "../../data/sample.js";
import type { SequenceHead } from "../../heads/pooled.js";
import type { SpanHead } from "../../heads/span.js";
import type { TokenHead } from "../../heads/tagging.js";
import type { Init } from "../../nn/init.js";
import { type Layer, linear } from "../../nn/layers.js";
import type { Weights } from "../../nn/weights.js";
import type { Activation } from "../../tensor/ops/activation.js";
import { dropout } from "../../tensor/ops/dropout.js";
import { gatherRows } from "../../tensor/ops/embedding.js";
import type { Tensor } from "../../tensor/tensor.js";

/** Hidden states of the first token of each sequence ([CLS]): (tokens, width) -> (rows, width). */
export function firstTokens(hidden: Tensor, { starts, rows }: Batch): Tensor {
  return gatherRows(hidden, starts.slice(0, rows));
}

/** (tokens, width) -> (rows, width): one vector per sequence. */
export type Pooler = (hidden: Tensor, batch: Batch) => Tensor;

/** BERT's pooler, tanh(dense([CLS])), stored at `w`. */
export function bertPooler(w: Weights, width: number, init: Init): Pooler {
  const dense = linear(w, width, width, init, "tanh");
  return (hidden, batch) => dense(firstTokens(hidden, batch));
}

/** The pooler of a bare model, which nothing here reads: kept frozen where the file has one, so that it is saved again. */
export function keepPooler(w: Weights, width: number, init: Init): void {
  if (!w.has("weight")) return;
  bertPooler(w, width, init);
  w.freeze((name) => name.startsWith(`${w.path}.`));
}

export interface HeadSizes {
  readonly width: number;
  readonly classes: number;
  /** dropout probability of the classifier's input */
  readonly dropout: number;
  readonly init: Init;
}

/** Dropout and a linear layer over the pooled vector. */
export function pooledClassificationHead(
  w: Weights,
  pool: Pooler,
  { width, classes, dropout: p, init }: HeadSizes,
): SequenceHead {
  const classify = linear(w, width, classes, init);
  return { sequenceScores: (hidden, batch) => classify(dropout(pool(hidden, batch), p)) };
}

/** RoBERTa's head: dropout, `dense`, activation, dropout, `out_proj`; over the first token unless `pool` says otherwise. */
export function denseClassificationHead(
  w: Weights,
  { width, classes, dropout: p, init, activation }: HeadSizes & { readonly activation: Activation },
  pool: Pooler = firstTokens,
): SequenceHead {
  const dense = linear(w.at("dense"), width, width, init, activation);
  const project = linear(w.at("out_proj"), width, classes, init);
  return {
    sequenceScores: (hidden, batch) => project(dropout(dense(dropout(pool(hidden, batch), p)), p)),
  };
}

/** Dropout and a linear layer over every token. */
export function tokenClassificationHead(w: Weights, { width, classes, dropout: p, init }: HeadSizes): TokenHead {
  const classify = linear(w, width, classes, init);
  return { tokenClassScores: (hidden) => classify(dropout(hidden, p)) };
}

/** A linear layer to two scores per token: start and end of the answer. */
export function questionAnsweringHead(w: Weights, width: number, init: Init, p = 0): SpanHead {
  const score: Layer = linear(w, width, 2, init);
  return { spanScores: (hidden) => score(dropout(hidden, p)) };
}
