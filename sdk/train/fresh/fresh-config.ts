/**
 * config.json of a new model of any family, at sizes of one's own. Everything that the sizes do not say is as published:
 * activations, norms, positions, what is shared.
 */
import { ConfigError, type Section } from "../../models/config.js";
import { type BertSizes, bertConfig } from "./fresh-model.js";

export interface ModelSizes extends BertSizes {
  /** ids that a configuration names: those of the tokenizer */
  readonly special?: {
    readonly pad?: number;
    readonly bos?: number;
    readonly eos?: number;
    readonly cls?: number;
    readonly sep?: number;
  };
}

type Write = (sizes: ModelSizes) => Section;

const DEVIATION = 0.02;

/** Where RoBERTa's positions begin: behind the padding's number. */
function behindPadding({ positions, special }: ModelSizes, pad: number): number {
  return positions + (special?.pad ?? pad) + 1;
}

function boundaryIds({ special = {} }: ModelSizes, pad: number): Section {
  const { pad: own = pad, bos = special.cls, eos = special.sep } = special;
  return {
    pad_token_id: own,
    ...(bos !== undefined && { bos_token_id: bos }),
    ...(eos !== undefined && { eos_token_id: eos }),
  };
}

const roberta =
  (type: string): Write =>
  (sizes) => ({
    ...bertConfig(sizes),
    model_type: type,
    max_position_embeddings: behindPadding(sizes, 1),
    type_vocab_size: 1,
    layer_norm_eps: 1e-5,
    ...boundaryIds(sizes, 1),
  });

/** BART and mBART: as many layers on either side. */
const bart =
  (type: string): Write =>
  (sizes) => {
    const { vocabulary, layers, width, heads, positions, dropout, deviation = DEVIATION, special = {} } = sizes;
    const end = special.eos ?? special.sep ?? 2;
    return {
      model_type: type,
      vocab_size: vocabulary,
      d_model: width,
      ...Object.fromEntries(
        ["encoder", "decoder"].flatMap((side) => [
          [`${side}_layers`, layers],
          [`${side}_attention_heads`, heads],
          [`${side}_ffn_dim`, 4 * width],
        ]),
      ),
      max_position_embeddings: positions,
      activation_function: "gelu",
      dropout,
      attention_dropout: dropout,
      activation_dropout: 0,
      init_std: deviation,
      is_encoder_decoder: true,
      scale_embedding: type === "mbart",
      tie_word_embeddings: true,
      ...boundaryIds(sizes, 1),
      decoder_start_token_id: end,
      forced_eos_token_id: end,
    };
  };

const FAMILIES: Readonly<Record<string, Write>> = {
  bert: (sizes) => ({ ...bertConfig(sizes), pad_token_id: sizes.special?.pad ?? 0 }),
  roberta: /* @__PURE__ */ roberta("roberta"),
  "xlm-roberta": /* @__PURE__ */ roberta("xlm-roberta"),
  albert: (sizes) => ({
    ...bertConfig(sizes),
    model_type: "albert",
    embedding_size: Math.min(128, sizes.width),
    num_hidden_groups: 1,
    inner_group_num: 1,
    hidden_act: "gelu_new",
    classifier_dropout_prob: 0.1,
    ...boundaryIds(sizes, 0),
  }),
  distilbert: ({ vocabulary, layers, width, heads, positions, dropout, deviation = DEVIATION, special }) => ({
    model_type: "distilbert",
    vocab_size: vocabulary,
    dim: width,
    n_layers: layers,
    n_heads: heads,
    hidden_dim: 4 * width,
    max_position_embeddings: positions,
    sinusoidal_pos_embds: false,
    activation: "gelu",
    dropout,
    attention_dropout: dropout,
    initializer_range: deviation,
    pad_token_id: special?.pad ?? 0,
  }),
  mpnet: (sizes) => ({
    ...bertConfig(sizes),
    model_type: "mpnet",
    // MPNet's positions begin at 2, whatever its padding's number.
    max_position_embeddings: sizes.positions + 2,
    relative_attention_num_buckets: 32,
    layer_norm_eps: 1e-5,
    ...boundaryIds(sizes, 1),
  }),
  "deberta-v2": (sizes) => ({
    ...bertConfig(sizes),
    model_type: "deberta-v2",
    type_vocab_size: 0,
    layer_norm_eps: 1e-7,
    relative_attention: true,
    pos_att_type: ["p2c", "c2p"],
    position_buckets: 256,
    max_relative_positions: -1,
    position_biased_input: false,
    share_att_key: true,
    norm_rel_ebd: "layer_norm",
    ...boundaryIds(sizes, 0),
  }),
  modernbert: ({ vocabulary, layers, width, heads, positions, dropout, deviation = DEVIATION, special = {} }) => ({
    model_type: "modernbert",
    vocab_size: vocabulary,
    hidden_size: width,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    intermediate_size: (3 * width) / 2,
    max_position_embeddings: positions,
    hidden_activation: "gelu",
    initializer_range: deviation,
    norm_eps: 1e-5,
    embedding_dropout: dropout,
    attention_dropout: dropout,
    mlp_dropout: dropout,
    global_attn_every_n_layers: 3,
    local_attention: 128,
    tie_word_embeddings: true,
    pad_token_id: special.pad ?? 0,
    cls_token_id: special.cls,
    sep_token_id: special.sep,
    bos_token_id: special.cls,
    eos_token_id: special.sep,
  }),
  gpt2: ({ vocabulary, layers, width, heads, positions, dropout, deviation = DEVIATION, special = {} }) => ({
    model_type: "gpt2",
    vocab_size: vocabulary,
    n_positions: positions,
    n_embd: width,
    n_layer: layers,
    n_head: heads,
    activation_function: "gelu_new",
    resid_pdrop: dropout,
    embd_pdrop: dropout,
    attn_pdrop: dropout,
    layer_norm_epsilon: 1e-5,
    initializer_range: deviation,
    bos_token_id: special.bos ?? special.eos,
    eos_token_id: special.eos,
    tie_word_embeddings: true,
  }),
  bart: /* @__PURE__ */ bart("bart"),
  mbart: /* @__PURE__ */ bart("mbart"),
  t5: ({ vocabulary, layers, width, heads, dropout, special = {} }) => ({
    model_type: "t5",
    vocab_size: vocabulary,
    d_model: width,
    d_kv: width / heads,
    d_ff: 4 * width,
    num_layers: layers,
    num_decoder_layers: layers,
    num_heads: heads,
    relative_attention_num_buckets: 32,
    relative_attention_max_distance: 128,
    dropout_rate: dropout,
    layer_norm_epsilon: 1e-6,
    initializer_factor: 1,
    feed_forward_proj: "relu",
    is_encoder_decoder: true,
    tie_word_embeddings: true,
    pad_token_id: special.pad ?? 0,
    eos_token_id: special.eos ?? 1,
    decoder_start_token_id: special.pad ?? 0,
  }),
};

/** Families that {@link freshConfig} knows. ELECTRA has two models: `electraConfigs`. */
export const FRESH_FAMILIES: readonly string[] = /* @__PURE__ */ Object.keys(FAMILIES);

/**
 * A configuration for random weights.
 *
 * @param family model_type of config.json
 * @example
 * freshModel(engine, freshConfig("roberta", { vocabulary: 8000, layers: 4, width: 256, heads: 4, positions: 128, dropout: 0.1 }), "mask", 1);
 */
export function freshConfig(family: string, sizes: ModelSizes): Section {
  const write = Object.hasOwn(FAMILIES, family) ? FAMILIES[family] : undefined;
  if (!write)
    throw new ConfigError(
      `there is no configuration for new models of "${family}"; there are ${FRESH_FAMILIES.join(", ")}`,
    );
  if (sizes.width % sizes.heads !== 0)
    throw new ConfigError(`a width of ${sizes.width} is not a multiple of ${sizes.heads} heads`);
  return write(sizes);
}
