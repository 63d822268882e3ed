/**
 * The fields of tokenizer_config.json and special_tokens_map.json: which of them are computed, which change nothing here,
 * and which are refused. transformers passes all of them to the class that the file names.
 */
import { shown } from "../../errors.js";
import { ModelFileError } from "../files/files.js";

/** Of a checked field some values are computed, or change nothing, and the others are refused. */
export type Fate = "computed" | "without effect" | "checked";

const COMPUTED = [
  // which tokenizer it is, and how long its texts may be
  "tokenizer_class",
  "model_max_length",
  "max_len",
  "truncation_side",
  // which of question and context is first
  "padding_side",
  // its special and added tokens
  "bos_token",
  "eos_token",
  "unk_token",
  "sep_token",
  "pad_token",
  "cls_token",
  "mask_token",
  "additional_special_tokens",
  "extra_special_tokens",
  "added_tokens_decoder",
  "split_special_tokens",
  // its steps
  "do_lower_case",
  "strip_accents",
  "tokenize_chinese_chars",
  "add_prefix_space",
  "keep_accents",
  "split_by_punct",
  "extra_ids",
  "src_lang",
  "legacy_behaviour",
] as const;

/** Why each changes nothing that Cloze computes. */
const WITHOUT_EFFECT: Readonly<Record<string, string>> = {
  pad_token_type_id: "rows have no padding: each is computed at its own length",
  pad_to_multiple_of: "rows have no padding",
  padding: "rows have no padding",
  clean_up_tokenization_spaces: "the decoder of tokenizer.json says so; DecodeOptions.cleanUp decides in a call",
  clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output: "of clean_up_tokenization_spaces",
  max_length: "an argument of one call; model_max_length is the limit",
  stride: "an argument of one call",
  truncation: "an argument of one call",
  truncation_strategy: "an argument of one call",
  tgt_lang: "the target is an argument of translate",
  source_lang: "a name for its reader",
  target_lang: "a name for its reader",
  language_codes: "a name for its reader",
  separate_vocabs: "refused where it is true",
  model_input_names: "the model says which inputs it takes",
  processor_class: "of other kinds of input",
  auto_map: "remote code is not run: the files say what the tokenizer is",
  backend: "a name for its reader",
  name_or_path: "a name for its reader",
  special_tokens_map_file: "a name for its reader",
  tokenizer_file: "a name for its reader",
  vocab_file: "a name for its reader",
  from_slow: "how it was converted",
  is_local: "how it was loaded",
  local_files_only: "how it was loaded",
  use_fast: "how it was loaded",
  return_offsets_mapping: "how it was loaded",
  device: "how it was loaded",
  init_inputs: "how it was loaded",
  do_basic_tokenize: "only with the tokenizers written in Python",
  do_word_tokenize: "of BertJapaneseTokenizer; without tokenizer.json checked where vocab.txt is read",
  do_subword_tokenize: "of BertJapaneseTokenizer; without tokenizer.json checked where vocab.txt is read",
  word_tokenizer_type: "of BertJapaneseTokenizer; without tokenizer.json checked where vocab.txt is read",
  subword_tokenizer_type: "of BertJapaneseTokenizer; without tokenizer.json checked where vocab.txt is read",
  never_split: "only with the tokenizers written in Python",
  errors: "how bytes become text: replaced, as here",
  trim_offsets: "tokenizer.json says so",
  remove_space: "only with the tokenizers written in Python",
  sp_model_kwargs: "refused where it samples",
  vocab_type: "the file itself says so",
  unk_id: "the file itself says so",
  offset: "the file itself says so",
  add_bos_token: "tokenizer.json says so",
  add_eos_token: "tokenizer.json says so",
  chat_template: "of chat models",
  legacy: "of T5's tokenizer written in Python",
  dict_file: "of BertJapaneseTokenizer; without tokenizer.json checked where vocab.txt is read",
  mecab_kwargs: "of BertJapaneseTokenizer; without tokenizer.json checked where vocab.txt is read",
  sudachi_kwargs: "of BertJapaneseTokenizer; without tokenizer.json checked where vocab.txt is read",
  jumanpp_kwargs: "of BertJapaneseTokenizer; without tokenizer.json checked where vocab.txt is read",
};

/** Fields of which only some values are supported, with those values. */
const REFUSED: Readonly<Record<string, { readonly accepts: (value: unknown) => boolean; readonly expected: string }>> =
  {
    separate_vocabs: {
      accepts: (value) => value !== true,
      expected: "false: source and target have to share one vocabulary",
    },
    sp_model_kwargs: {
      accepts: (value) =>
        typeof value !== "object" || value === null || !("enable_sampling" in value && value.enable_sampling === true),
      expected: "no enable_sampling: a text has one tokenization",
    },
    split_special_tokens: { accepts: (value) => typeof value === "boolean", expected: "true or false" },
    truncation_side: { accepts: (value) => value === "left" || value === "right", expected: '"left" or "right"' },
    padding_side: { accepts: (value) => value === "left" || value === "right", expected: '"left" or "right"' },
    do_lower_case: { accepts: (value) => typeof value === "boolean", expected: "true or false" },
    strip_accents: { accepts: (value) => typeof value === "boolean", expected: "true, false or null" },
    tokenize_chinese_chars: { accepts: (value) => typeof value === "boolean", expected: "true or false" },
    add_prefix_space: { accepts: (value) => typeof value === "boolean", expected: "true or false" },
  };

/** Every known field, and how it is handled. */
export function tokenizerFields(): ReadonlyMap<string, Fate> {
  return new Map<string, Fate>([
    ...Object.keys(WITHOUT_EFFECT).map((field) => [field, "without effect"] as const),
    ...COMPUTED.map((field) => [field, "computed"] as const),
    ...Object.keys(REFUSED).map((field) => [field, "checked"] as const),
  ]);
}

/** The fields of a tokenizer_config.json that Cloze does not know. They change nothing. */
export function unknownTokenizerFields(config: Readonly<Record<string, unknown>>): string[] {
  const known = tokenizerFields();
  return Object.keys(config).filter((field) => !known.has(field) && !isNamedToken(field, config[field]));
}

/** Models with more special tokens name them as they like: image_token, boi_token. */
function isNamedToken(field: string, value: unknown): boolean {
  return field.endsWith("_token") && typeof value === "string";
}

/** @throws {ModelFileError} where a field has a value that Cloze does not support */
export function requireTokenizerFields(config: Readonly<Record<string, unknown>>): void {
  for (const [field, { accepts, expected }] of Object.entries(REFUSED)) {
    const value = config[field];
    if (value === undefined || value === null || accepts(value)) continue;
    throw new ModelFileError(`tokenizer_config.json: ${field} must be ${expected}; got ${shown(value)}`);
  }
}
