/**
 * The fields of config.json: which each family computes, which have no effect on the results, and which are refused.
 * Those of generation are in `generate/refused-fields.ts`. `cloze inspect` mentions any other.
 */
import { shown } from "../errors.js";
import { ConfigError, type Section } from "./family/config.js";

/** A computed field may still be refused for an unsupported value: the family's `read` decides. */
const words = (text: string): string[] => text.split(" ");

const BERT =
  "attention_probs_dropout_prob hidden_act hidden_dropout_prob hidden_size initializer_range intermediate_size is_decoder layer_norm_eps max_position_embeddings num_attention_heads num_hidden_layers position_embedding_type tie_word_embeddings type_vocab_size vocab_size";
const BART =
  "activation_dropout activation_function attention_dropout classifier_dropout d_model decoder_attention_heads decoder_ffn_dim decoder_layers decoder_start_token_id dropout encoder_attention_heads encoder_ffn_dim encoder_layers eos_token_id hidden_size init_std max_position_embeddings num_attention_heads num_hidden_layers pad_token_id scale_embedding share_encoder_decoder_embeddings decoder_vocab_size tie_word_embeddings vocab_size";
const T5 =
  "d_ff d_kv d_model decoder_start_token_id dense_act_fn dropout_rate feed_forward_proj head_dim hidden_size initializer_factor is_decoder is_gated_act layer_norm_epsilon num_attention_heads num_decoder_layers num_heads num_hidden_layers num_layers relative_attention_max_distance relative_attention_num_buckets tie_word_embeddings vocab_size";

/** A function, because bundlers keep templates at the top level. */
function computed(): Readonly<Record<string, string>> {
  const ENCODER = `${BERT} classifier_dropout`;
  const ROBERTA = `${ENCODER} pad_token_id`;
  return {
    albert: `${BERT} classifier_dropout_prob embedding_size inner_group_num num_hidden_groups`,
    bart: BART,
    bert: ENCODER,
    camembert: ROBERTA,
    "deberta-v2": `${BERT} attention_head_size conv_kernel_size legacy max_relative_positions norm_rel_ebd pooler_dropout pooler_hidden_act pos_att_type position_biased_input position_buckets relative_attention share_att_key`,
    distilbert:
      "activation attention_dropout dim dropout hidden_dim hidden_size initializer_range max_position_embeddings n_heads n_layers num_attention_heads num_hidden_layers qa_dropout seq_classif_dropout tie_word_embeddings vocab_size",
    electra: `${ENCODER} embedding_size`,
    eurobert:
      "attention_bias attention_dropout classifier_pooling head_dim hidden_act hidden_size initializer_range intermediate_size max_position_embeddings mlp_bias num_attention_heads num_hidden_layers num_key_value_heads rms_norm_eps rope_parameters rope_scaling rope_theta tie_word_embeddings vocab_size",
    gpt2: "activation_function add_cross_attention attn_pdrop embd_pdrop hidden_size initializer_range layer_norm_epsilon max_position_embeddings n_embd n_head n_inner n_layer n_positions num_attention_heads num_hidden_layers resid_pdrop scale_attn_by_inverse_layer_idx scale_attn_weights tie_word_embeddings vocab_size",
    gte: `${BERT} classifier_dropout head_dim rope_parameters`,
    marian: BART,
    mbart: BART,
    modernbert:
      "attention_bias attention_dropout classifier_activation classifier_bias classifier_dropout classifier_pooling decoder_bias embedding_dropout global_attn_every_n_layers global_rope_theta hidden_activation hidden_size initializer_range intermediate_size layer_types local_attention local_rope_theta max_position_embeddings mlp_bias mlp_dropout norm_bias norm_eps num_attention_heads num_hidden_layers rope_parameters tie_word_embeddings vocab_size",
    mpnet: `${BERT} classifier_dropout relative_attention_num_buckets`,
    mt5: T5,
    nomic_bert: `${BERT} activation_function classifier_dropout head_dim layer_norm_epsilon mlp_fc1_bias mlp_fc2_bias n_embd n_head n_inner n_layer n_positions prenorm qkv_proj_bias rope_parameters rotary_emb_base rotary_emb_fraction rotary_emb_interleaved`,
    roberta: ROBERTA,
    t5: `${T5} scale_decoder_outputs`,
    umt5: `${T5} scale_decoder_outputs`,
    "xlm-roberta": ROBERTA,
  };
}

/** Read besides the family's fields: the class and its labels, the tokenizer, modules of sentence-transformers. */
const BESIDE =
  "model_type architectures id2label num_labels problem_type tokenizer_class output_hidden_states sentence_transformers sbert_ce_default_activation_function quantization_config";

/** Of training, of other libraries and inputs, of the file's own history; and fields that their families do not read. */
const WITHOUT_EFFECT =
  "_attn_implementation _attn_implementation_autoset _commit_hash _name_or_path _num_labels add_bias_logits add_cross_attention add_final_layer_norm attention_window auto_map bos_token bos_token_id chunk_size_feed_forward classif_dropout classifier_dropout cls_token_id conv_act cross_attention_hidden_size decoder_layerdrop deterministic_flash_attn directionality do_blenderbot_90_layernorm down_scale_factor dtype emb_pooler encoder_layerdrop eos_token eos_token_id extra_pos_embeddings finetuning_task force_bos_token_to_be_generated gap_size gradient_checkpointing head_dim hidden_dropout initializer_cutoff_factor is_composition is_decoder is_encoder_decoder label2id layer_norm_eps mask_token mask_token_id max_position_embeddings model_max_length n_ctx n_positions name_or_path net_structure_type normalize_before normalize_embedding num_memory_blocks output_attentions output_past pad_token pad_token_id pooler_fc_size pooler_hidden_size pooler_num_attention_heads pooler_num_fc_layers pooler_size_per_head pooler_type position_bucket_size position_embedding_type prefix pretraining_tp reference_compile reorder_and_upcast_attn repad_logits_with_grad return_dict scalable_attention sep_token_id sinusoidal_pos_embds sparse_pred_ignore_index sparse_prediction static_position_embeddings summary_activation summary_first_dropout summary_last_dropout summary_proj_to_labels summary_type summary_use_proj task_specific_params tf_legacy_loss tie_encoder_decoder tie_weights_ torch_dtype torchscript transformers_version unk_token use_bfloat16 use_cache";

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

/** Every known field of a family's config.json, and how it is handled. */
export function configFields(type: string): ReadonlyMap<string, ConfigFate> {
  return new Map<string, ConfigFate>([
    ...words(WITHOUT_EFFECT).map((field) => [field, "without effect"] as const),
    ...words(`${BESIDE} ${computed()[type] ?? ""}`.trim()).map((field) => [field, "computed"] as const),
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
