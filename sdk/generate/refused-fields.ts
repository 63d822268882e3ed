/**
 * Fields of generation_config.json other than those of {@link GenerationSettings}: the values accepted for each, so that no
 * field that changes a text is silently ignored. Fields in neither list are unknown to transformers, too.
 */
import { shown } from "../errors.js";
import { ConfigError, type Section } from "../models/family/config.js";

/** Fields that are not computed, with the value that has no effect; null has none for any of them. */
export const REFUSED_FIELDS: Readonly<Record<string, unknown>> = {
  assistant_early_exit: null,
  constraints: null,
  diversity_penalty: 0,
  dola_layers: null,
  force_words_ids: null,
  guidance_scale: 1,
  max_time: null,
  num_beam_groups: 1,
  num_return_sequences: 1,
  penalty_alpha: 0,
  prompt_lookup_num_tokens: null,
  stop_strings: null,
  token_healing: false,
  watermarking_config: null,
};

/** Fields that change how a text is computed or reported elsewhere, and never the text itself. */
export const FIELDS_WITHOUT_EFFECT: readonly string[] = [
  "_from_model_config",
  "assistant_confidence_threshold",
  "assistant_ensemble_weight",
  "assistant_lookbehind",
  "cache_config",
  "cache_implementation",
  "compile_config",
  "continuous_batching_config",
  "disable_compile",
  "generation_kwargs",
  "is_assistant",
  "low_memory",
  "max_cache_len",
  "max_matching_ngram_size",
  "num_assistant_tokens",
  "num_assistant_tokens_schedule",
  "output_attentions",
  "output_hidden_states",
  "output_logits",
  "output_scores",
  "pad_token_id",
  "prefill_chunk_size",
  "return_dict_in_generate",
  "speculation_type",
  "target_lookbehind",
  "transformers_version",
  "use_cache",
  "use_mtp",
  "use_model_defaults",
];

/** @throws {ConfigError} naming config.json and a field that would change the text and is not computed */
export function expectSupported(c: Section): void {
  for (const [field, neutral] of Object.entries(REFUSED_FIELDS)) {
    const value = c[field] ?? neutral;
    if (value !== neutral)
      throw new ConfigError(
        `config.json: ${field} ${shown(value)} is not supported; expected ${shown(neutral)}, or no such field`,
      );
  }
}
