/** config.json of BART, mBART and Marian. */
import { type Activation, activationNamed } from "../../tensor/ops/activation.js";
import {
  ConfigError,
  dropoutProbability,
  headWidth,
  layerCount,
  number,
  optional,
  type Section,
  section,
  standardDeviation,
  tokenId,
  withOwnNames,
} from "../family/config.js";
import { type ModelSizes, specialIdFields } from "../family/sizes.js";

export interface StackSizes {
  readonly layers: number;
  readonly heads: number;
  /** width of the feed-forward layers */
  readonly intermediate: number;
}

export type Side = "encoder" | "decoder";

/** The published config.json, as far as it changes the computation; the sizes of each stack are grouped. */
export interface BartConfig {
  readonly vocab_size: number;
  readonly d_model: number;
  readonly encoder: StackSizes;
  readonly decoder: StackSizes;
  readonly max_position_embeddings: number;
  readonly activation_function: Activation;
  readonly dropout: number;
  readonly attention_dropout: number;
  readonly activation_dropout: number;
  readonly classifier_dropout: number;
  readonly init_std: number;
  readonly scale_embedding: boolean;
  readonly pad_token_id: number;
  readonly eos_token_id: number;
  readonly decoder_start_token_id: number;
}

function stackSizes(c: Section, side: Side, width: number): StackSizes {
  const heads = number(c, `${side}_attention_heads`, 16);
  headWidth("d_model", width, `${side}_attention_heads`, heads);
  return { layers: layerCount(c, `${side}_layers`, 12), heads, intermediate: number(c, `${side}_ffn_dim`, 4096) };
}

/** The names of fields that all families share. */
const SHARED_NAMES = {
  hidden_size: "d_model",
  num_attention_heads: "encoder_attention_heads",
  num_hidden_layers: "encoder_layers",
};

export function readConfig(json: unknown): BartConfig {
  const c = withOwnNames(section(json), SHARED_NAMES);
  if (!optional(c, "tie_word_embeddings", true))
    throw new ConfigError("config.json: tie_word_embeddings is false; it is supported true only for this family");
  if (!optional(c, "share_encoder_decoder_embeddings", true))
    throw new ConfigError("config.json: share_encoder_decoder_embeddings is false; it is supported true only");
  const width = number(c, "d_model", 1024);
  const vocabulary = number(c, "vocab_size", 50265);
  const target = optional(c, "decoder_vocab_size", vocabulary);
  if (target !== vocabulary)
    throw new ConfigError(`config.json: decoder_vocab_size must be vocab_size, ${vocabulary}, got ${target}`);
  return {
    vocab_size: vocabulary,
    d_model: width,
    encoder: stackSizes(c, "encoder", width),
    decoder: stackSizes(c, "decoder", width),
    max_position_embeddings: number(c, "max_position_embeddings", 1024),
    activation_function: activationNamed(optional(c, "activation_function", "gelu"), "activation_function"),
    dropout: dropoutProbability(c, "dropout", 0.1),
    attention_dropout: dropoutProbability(c, "attention_dropout", 0),
    activation_dropout: dropoutProbability(c, "activation_dropout", 0),
    classifier_dropout: dropoutProbability(c, "classifier_dropout", 0),
    init_std: standardDeviation(c, "init_std", 0.02),
    scale_embedding: optional(c, "scale_embedding", false),
    pad_token_id: tokenId(c, "pad_token_id", 1, vocabulary),
    eos_token_id: tokenId(c, "eos_token_id", 2, vocabulary),
    decoder_start_token_id: tokenId(c, "decoder_start_token_id", 2, vocabulary),
  };
}

/** config.json of a new BART or mBART, with as many layers on each side. */
export function freshConfig(type: string, sizes: ModelSizes): Section {
  const { hiddenSize: width, dropout: p, special = {} } = sizes;
  const end = special.eos ?? special.sep ?? 2;
  const stack = (side: Side) => ({
    [`${side}_layers`]: sizes.numHiddenLayers,
    [`${side}_attention_heads`]: sizes.numAttentionHeads,
    [`${side}_ffn_dim`]: sizes.intermediateSize ?? 4 * width,
  });
  return {
    model_type: type,
    vocab_size: sizes.vocabSize,
    d_model: width,
    ...stack("encoder"),
    ...stack("decoder"),
    max_position_embeddings: sizes.maxPositionEmbeddings,
    activation_function: "gelu",
    dropout: p,
    attention_dropout: p,
    activation_dropout: 0,
    init_std: sizes.initializerRange ?? 0.02,
    is_encoder_decoder: true,
    scale_embedding: type === "mbart",
    tie_word_embeddings: true,
    ...specialIdFields(sizes, 1),
    decoder_start_token_id: end,
    forced_eos_token_id: end,
  };
}
