/** config.json of T5, mT5 and umT5. */
import { type Activation, activationNamed } from "../../tensor/ops/activation.js";
import {
  ConfigError,
  dropoutProbability,
  epsilon,
  layerCount,
  number,
  optional,
  type Section,
  section,
  standardDeviation,
  tokenId,
  withOwnNames,
} from "../family/config.js";
import type { ModelSizes } from "../family/sizes.js";

/** How the three differ. */
export interface Variant {
  readonly type: string;
  /** prefix of the published class names */
  readonly name: string;
  /** defaults of fields that config.json lacks */
  readonly defaults: Pick<T5Config, "vocab_size" | "d_ff" | "num_layers" | "num_heads"> & {
    readonly feedForward: string;
  };
  /** every layer has its own bias by relative position */
  readonly biasPerLayer: boolean;
  /** the decoder's output is scaled as `scale_decoder_outputs` says; never otherwise */
  readonly scalesOutput: boolean;
}

/** The names of fields that all families share. */
const SHARED_NAMES = {
  hidden_size: "d_model",
  num_attention_heads: "num_heads",
  num_hidden_layers: "num_layers",
  head_dim: "d_kv",
};

/** The published config.json, as far as it changes the computation. */
export interface T5Config {
  readonly vocab_size: number;
  readonly d_model: number;
  readonly d_kv: number;
  readonly d_ff: number;
  readonly num_layers: number;
  readonly num_decoder_layers: number;
  readonly num_heads: number;
  readonly relative_attention_num_buckets: number;
  readonly relative_attention_max_distance: number;
  readonly dropout_rate: number;
  readonly layer_norm_epsilon: number;
  readonly initializer_factor: number;
  readonly activation: Activation;
  readonly gated: boolean;
  readonly tie_word_embeddings: boolean;
  /** whether hidden states are scaled by 1/√d_model before the language-model head */
  readonly scale_decoder_outputs: boolean;
  readonly decoder_start_token_id: number;
}

/**
 * feed_forward_proj: "relu", "gated-gelu", …; "gated-gelu" means the tanh approximation, as the models were trained. Files
 * of later versions have fields for the two parts, which win.
 */
function feedForwardKind(c: Section, fallback: string): { activation: Activation; gated: boolean } {
  const name = optional(c, "feed_forward_proj", fallback);
  const gated = name.startsWith("gated-");
  const kind = name === "gated-gelu" ? "gelu_new" : gated ? name.slice("gated-".length) : name;
  const field = c["dense_act_fn"] === undefined || c["dense_act_fn"] === null ? "feed_forward_proj" : "dense_act_fn";
  return {
    gated: optional(c, "is_gated_act", gated),
    activation: activationNamed(optional(c, "dense_act_fn", kind), field),
  };
}

/** The fields of config.json that {@link readConfig} reads. */
export const T5_FIELDS =
  "d_ff d_kv d_model decoder_start_token_id dense_act_fn dropout_rate feed_forward_proj head_dim hidden_size initializer_factor is_decoder is_gated_act layer_norm_epsilon num_attention_heads num_decoder_layers num_heads num_hidden_layers num_layers relative_attention_max_distance relative_attention_num_buckets tie_word_embeddings vocab_size";

export function readConfig(json: unknown, { type, defaults, scalesOutput }: Variant): T5Config {
  const c = withOwnNames(section(json), SHARED_NAMES);
  const layers = layerCount(c, "num_layers", defaults.num_layers);
  const vocabulary = number(c, "vocab_size", defaults.vocab_size);
  const tied = optional(c, "tie_word_embeddings", true);
  if (optional(c, "is_decoder", false))
    throw new ConfigError(
      `config.json: is_decoder is true; ${type} is supported as an encoder-decoder or an encoder only`,
    );
  return {
    vocab_size: vocabulary,
    d_model: number(c, "d_model", 512),
    d_kv: number(c, "d_kv", 64),
    d_ff: number(c, "d_ff", defaults.d_ff),
    num_layers: layers,
    num_decoder_layers: layerCount(c, "num_decoder_layers", layers),
    num_heads: number(c, "num_heads", defaults.num_heads),
    relative_attention_num_buckets: number(c, "relative_attention_num_buckets", 32),
    relative_attention_max_distance: number(c, "relative_attention_max_distance", 128),
    dropout_rate: dropoutProbability(c, "dropout_rate", 0.1),
    layer_norm_epsilon: epsilon(c, "layer_norm_epsilon", 1e-6),
    initializer_factor: standardDeviation(c, "initializer_factor", 1),
    ...feedForwardKind(c, defaults.feedForward),
    tie_word_embeddings: tied,
    scale_decoder_outputs: scalesOutput && optional(c, "scale_decoder_outputs", tied),
    decoder_start_token_id: tokenId(c, "decoder_start_token_id", 0, vocabulary),
  };
}

/** config.json of a new model. */
export function freshConfig({ special = {}, ...sizes }: ModelSizes, { type, defaults }: Variant) {
  return {
    model_type: type,
    vocab_size: sizes.vocabSize,
    d_model: sizes.hiddenSize,
    d_kv: sizes.hiddenSize / sizes.numAttentionHeads,
    d_ff: sizes.intermediateSize ?? 4 * sizes.hiddenSize,
    num_layers: sizes.numHiddenLayers,
    num_decoder_layers: sizes.numHiddenLayers,
    num_heads: sizes.numAttentionHeads,
    relative_attention_num_buckets: 32,
    relative_attention_max_distance: 128,
    dropout_rate: sizes.dropout,
    layer_norm_epsilon: 1e-6,
    initializer_factor: 1,
    feed_forward_proj: defaults.feedForward,
    is_encoder_decoder: true,
    tie_word_embeddings: true,
    pad_token_id: special.pad ?? 0,
    eos_token_id: special.eos ?? 1,
    decoder_start_token_id: special.pad ?? 0,
  };
}
