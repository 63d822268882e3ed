/**
 * The fields of sentence-transformers' files: those that change what Cloze computes (or are refused by name with a value that
 * it does not compute), and those that change nothing here. `cloze inspect` mentions any other.
 */
import { shown } from "../../errors.js";
import type { ModelFolder } from "../files/model-folder.js";
import { SIMILARITIES } from "./sentence.js";

interface Fields {
  /** read; a value that is not supported is an error that names the field */
  readonly computed: readonly string[];
  /** of training, of other inputs than text, of the library's own bookkeeping */
  readonly idle: readonly string[];
}

export const SENTENCE_FIELDS: Readonly<Record<string, Fields>> = {
  "config_sentence_transformers.json": {
    computed: ["prompts", "default_prompt_name", "similarity_fn_name", "truncate_dim", "activation_fn"],
    idle: ["__version__", "model_type"],
  },
  "sentence_bert_config.json": {
    computed: [
      "max_seq_length",
      "do_lower_case",
      "processing_kwargs",
      "processor_kwargs",
      "tokenizer_args",
      "transformer_task",
      "config_args",
      "config_kwargs",
    ],
    idle: [
      "modality_config",
      "module_output_name",
      "unpad_inputs",
      "model_args",
      "model_kwargs",
      "query_length",
      "document_length",
    ],
  },
};

/** Fields that no table knows, as "FILE: FIELD", and a similarity that is not computed. */
export async function unknownSentenceFields(folder: ModelFolder): Promise<string[]> {
  const found = await Promise.all(
    Object.entries(SENTENCE_FIELDS).map(async ([name, { computed, idle }]) =>
      Object.keys(await folder.fields(name))
        .filter((field) => !computed.includes(field) && !idle.includes(field))
        .map((field) => `${name}: ${field}`),
    ),
  );
  const library = "config_sentence_transformers.json";
  const { similarity_fn_name: similarity } = await folder.fields(library);
  const passedOver = (similarity ?? null) !== null && !SIMILARITIES.some((known) => known === similarity);
  return [...found.flat(), ...(passedOver ? [`${library}: similarity_fn_name ${shown(similarity)}`] : [])];
}
