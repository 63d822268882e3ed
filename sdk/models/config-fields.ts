/**
 * The fields of config.json: which are computed, have no effect on the results, or are refused. A family lists the fields
 * that it computes itself. Those of generation are in `generate/refused-fields.ts`. `cloze inspect` mentions any other.
 */
import { shown } from "../errors.js";
import { ConfigError, type Section } from "./family/config.js";
import type { EncoderFamily } from "./family/family.js";

/** Computed for every family: the class and its labels, the tokenizer, modules of sentence-transformers. */
const OF_EVERY_FAMILY =
  "model_type architectures id2label num_labels problem_type tokenizer_class output_hidden_states sentence_transformers sbert_ce_default_activation_function quantization_config";

/** Of training, of other libraries and inputs, of the file's own history; and fields that their families do not read. */
const WITHOUT_EFFECT =
  "_attn_implementation _attn_implementation_autoset _commit_hash _name_or_path _num_labels add_bias_logits add_cross_attention add_final_layer_norm attention_window auto_map bos_token bos_token_id chunk_size_feed_forward classif_dropout classifier_dropout cls_token_id conv_act cross_attention_hidden_size decoder_layerdrop directionality do_blenderbot_90_layernorm dtype emb_pooler encoder_layerdrop eos_token eos_token_id extra_pos_embeddings finetuning_task force_bos_token_to_be_generated gradient_checkpointing head_dim hidden_dropout initializer_cutoff_factor is_composition is_decoder is_encoder_decoder label2id layer_norm_eps mask_token mask_token_id max_position_embeddings model_max_length n_ctx n_positions name_or_path normalize_before normalize_embedding output_attentions output_past pad_token pad_token_id pooler_fc_size pooler_hidden_size pooler_num_attention_heads pooler_num_fc_layers pooler_size_per_head pooler_type position_bucket_size position_embedding_type prefix pretraining_tp reorder_and_upcast_attn return_dict scalable_attention sep_token_id sinusoidal_pos_embds static_position_embeddings summary_activation summary_first_dropout summary_last_dropout summary_proj_to_labels summary_type summary_use_proj task_specific_params tf_legacy_loss tie_encoder_decoder tie_weights_ torch_dtype torchscript transformers_version unk_token use_bfloat16 use_cache";

/** Fields that change the network of any family, with the values that they must have. */
const REFUSED: Readonly<Record<string, { readonly accepts: (value: unknown) => boolean; readonly expected: string }>> =
  {
    pruned_heads: {
      accepts: (value) => typeof value === "object" && Object.keys(value as object).length === 0,
      expected: "empty: every layer has all of its heads",
    },
    feed_forward_type: { accepts: (value) => value === "original", expected: '"original"' },
    // MosaicBERT: Portes et al. 2023 (arXiv:2312.17482).
    alibi_starting_size: { accepts: () => false, expected: "absent: attention with linear biases is another network" },
  };

export type ConfigFate = "computed" | "without effect" | "refused";

const words = (text: string): string[] => text.trim().split(" ");

/**
 * Every known field of a family's config.json, and how it is handled. A computed field may still be refused for an
 * unsupported value: the family's `read` decides.
 */
export function configFields(family: EncoderFamily<unknown>): ReadonlyMap<string, ConfigFate> {
  const { fieldsWithoutEffect = "" } = family;
  return new Map<string, ConfigFate>([
    ...words(`${WITHOUT_EFFECT} ${fieldsWithoutEffect}`).map((field) => [field, "without effect"] as const),
    ...[OF_EVERY_FAMILY, ...family.configFields].flatMap(words).map((field) => [field, "computed"] as const),
    ...Object.keys(REFUSED).map((field) => [field, "refused"] as const),
  ]);
}

/** @throws {ConfigError} naming a field that changes the network */
export function requireKnownNetwork(config: Section): void {
  for (const [field, { accepts, expected }] of Object.entries(REFUSED)) {
    const value = config[field];
    if (value === undefined || value === null || accepts(value)) continue;
    throw new ConfigError(`config.json: ${field} must be ${expected}; got ${shown(value)}`);
  }
}
