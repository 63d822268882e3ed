/** What every encoder model offers to heads, objectives and pipelines. */
import type { Batch } from "../data/sample.js";
import type { Encodes } from "../objectives/objective.js";
import type { Tensor } from "../tensor/tensor.js";

/** Collects what passes between the layers of one forward pass; the tensors live as long as the open scope. */
export interface Trace {
  /** Hidden states (tokens, width): the embedding output first, then each layer's. */
  readonly hidden: Tensor[];
  /** Attention probabilities of each layer, ragged: per row and head (query tokens, key tokens), row after row. */
  readonly attentions: Tensor[];
}

export interface Encoder extends Encodes {
  /** length of a hidden vector */
  readonly width: number;
  /** the longest sequence that has position embeddings */
  readonly positions: number;
  /** @returns (tokens, width) the last layer's hidden states */
  encode(batch: Batch, trace?: Trace): Tensor;
}
