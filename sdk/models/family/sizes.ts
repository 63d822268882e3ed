/** Sizes of new models, from which a family makes their config.json. */
import type { Section } from "./config.js";

/** Sizes of a new model. Everything else is as published: activations, norms, positions, sharing of weights. */
export interface ModelSizes {
  /** number of entries of the vocabulary */
  readonly vocabSize: number;
  /** number of layers; of each side in encoder-decoders */
  readonly numHiddenLayers: number;
  /** width of the hidden states */
  readonly hiddenSize: number;
  /** number of attention heads */
  readonly numAttentionHeads: number;
  /** longest sequence, in tokens */
  readonly maxPositionEmbeddings: number;
  /** dropout probability */
  readonly dropout: number;
  /** standard deviation of the initial weights; default 0.02 */
  readonly initializerRange?: number;
  /** width of the feed-forward layers; default as published, four times `hiddenSize` for most */
  readonly intermediateSize?: number;
  /** width of the token embeddings, for families that factorize them; default as published */
  readonly embeddingSize?: number;
  /** ids that a configuration names: those of the tokenizer */
  readonly special?: SpecialIds;
}

/** Ids of special tokens that a configuration holds. */
export interface SpecialIds {
  readonly pad?: number;
  readonly bos?: number;
  readonly eos?: number;
  readonly cls?: number;
  readonly sep?: number;
}

/** Ids of a new model's config.json that decoding and special-token handling read. */
export function specialIdFields({ special = {} }: ModelSizes, defaultPad: number): Section {
  const { pad = defaultPad, bos = special.cls, eos = special.sep } = special;
  return {
    pad_token_id: pad,
    ...(bos !== undefined && { bos_token_id: bos }),
    ...(eos !== undefined && { eos_token_id: eos }),
  };
}
