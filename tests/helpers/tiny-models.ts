/** Models of two layers, as small as tests want them, one of every family that an objective or a head is tested on. */
import type { Engine } from "../../sdk/engine/engine.js";
import type { LabelSet } from "../../sdk/heads/labels.js";
import type { Pretrained } from "../../sdk/io/pretrained.js";
import type { ModelTask } from "../../sdk/models/family.js";
import { freshModel } from "../../sdk/train/fresh/fresh-model.js";

export const SIZE = 120;
/** Places that models with learned positions know. */
export const PLACES = 32;

/** config.json of every family at one size; feed-forward layers are twice as wide, embeddings of their own width half. */
function configsOf(vocabulary: number, width: number) {
  const encoder = {
    vocab_size: vocabulary,
    hidden_size: width,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    intermediate_size: 2 * width,
    max_position_embeddings: PLACES,
    hidden_dropout_prob: 0,
    attention_probs_dropout_prob: 0,
  };
  const narrow = { ...encoder, embedding_size: width / 2 };
  return {
    bert: encoder,
    // RoBERTa's places begin behind the id of its padding.
    roberta: { ...encoder, pad_token_id: 1, type_vocab_size: 1, max_position_embeddings: PLACES + 2 },
    albert: narrow,
    electra: narrow,
    mpnet: encoder,
    modernbert: { ...encoder, local_attention: 8 },
    "deberta-v2": { ...encoder, relative_attention: true, position_buckets: 4, pos_att_type: "p2c|c2p" },
    distilbert: {
      vocab_size: vocabulary,
      dim: width,
      n_layers: 2,
      n_heads: 4,
      hidden_dim: 2 * width,
      max_position_embeddings: PLACES,
      dropout: 0,
      attention_dropout: 0,
      seq_classif_dropout: 0,
      qa_dropout: 0,
    },
    gpt2: {
      vocab_size: vocabulary,
      n_embd: width,
      n_layer: 2,
      n_head: 4,
      n_positions: PLACES,
      resid_pdrop: 0,
      embd_pdrop: 0,
      attn_pdrop: 0,
    },
    bart: {
      vocab_size: vocabulary,
      d_model: width,
      encoder_layers: 2,
      decoder_layers: 2,
      encoder_attention_heads: 4,
      decoder_attention_heads: 4,
      encoder_ffn_dim: 2 * width,
      decoder_ffn_dim: 2 * width,
      max_position_embeddings: PLACES,
      dropout: 0,
    },
    t5: {
      vocab_size: vocabulary,
      d_model: width,
      d_kv: width / 4,
      d_ff: 2 * width,
      num_layers: 2,
      num_heads: 4,
      dropout_rate: 0,
    },
  };
}

export type TinyType = keyof ReturnType<typeof configsOf>;

export interface TinyOptions {
  readonly labels?: LabelSet | null;
  /** standard deviation of random weights; the family's own where not given */
  readonly deviation?: number;
  /** how many ids there are */
  readonly vocabulary?: number;
  readonly width?: number;
  /** more fields of config.json */
  readonly extra?: object;
}

/** A model with random weights and without dropout. */
export function tinyModel<P extends ModelTask>(
  engine: Engine,
  type: TinyType,
  purpose: P,
  { labels = null, deviation, vocabulary = SIZE, width = 32, extra = {} }: TinyOptions = {},
): Pretrained<P> {
  const spread = deviation === undefined ? {} : { initializer_range: deviation, init_std: deviation };
  const config = { model_type: type, ...configsOf(vocabulary, width)[type], ...spread, ...extra };
  return freshModel(engine, config, purpose, 3, labels);
}
