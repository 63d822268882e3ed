/** What every model offers to heads, objectives and pipelines. */
import type { Batch } from "../data/sample.js";
import type { Source } from "../nn/attention.js";
import type { DecoderCache } from "../nn/cache.js";
import type { LmHead } from "../objectives/masked-lm.js";
import type { EncoderBody } from "../objectives/objective.js";
import type { Tensor } from "../tensor/tensor.js";

/** Collects what passes between the layers of one forward pass; the tensors live as long as the open scope. */
export interface Trace {
  /** Hidden states (tokens, width): the embedding output first, then each layer's. */
  readonly hidden: Tensor[];
  /** Attention probabilities of each layer, ragged: per row and head (query tokens, key tokens), row after row; kept only where asked for. */
  readonly attentions?: Tensor[];
  /** The same of a decoder's attention to its source. */
  readonly crossAttentions?: Tensor[];
  /**
   * What the layers go on with instead of the hidden states of layer `layer` (0: the embeddings), (tokens, width). Encoders
   * of BERT's build ask it; see `shiftedAt`.
   */
  change?(layer: number, hidden: Tensor): Tensor;
}

export interface Encoder extends EncoderBody {
  /** length of a hidden vector */
  readonly width: number;
  /** the longest sequence that the model reads */
  readonly positions: number;
  /**
   * @param cache of a decoder alone: what was read before, which the batch goes on from
   * @returns (tokens, width) the last layer's hidden states
   */
  encode(batch: Batch, trace?: Trace, cache?: DecoderCache): Tensor;
}

/** A decoder beside the encoder: writes a target, looking at a source. */
export interface EncoderDecoder extends LmHead {
  /**
   * @param batch the decoder's inputs
   * @param cache what was written before, which the batch goes on from
   * @returns (tokens, width) the decoder's last hidden states
   */
  decode(batch: Batch, source: Source, trace?: Trace, cache?: DecoderCache): Tensor;
  /** The decoder's inputs for a target: its tokens, moved one place on behind the start token. */
  shifted(target: Int32Array): Int32Array;
}
