/** The files that make a model folder one of sentence-transformers, as every version of the library reads them. */
import type { PoolingMode } from "../../heads/pooling.js";
import { jsonBytes, ModelFileError, type WritableFiles } from "../files/files.js";
import { POOLING_NAMES, type SentenceSettings } from "./sentence.js";

/**
 * Write a folder's settings.
 *
 * @param width of the hidden states
 * @throws {ModelFileError} for settings with modules that have weights of their own: they are not written
 * @example
 * const own = memoryFiles();
 * await writeSentenceSettings(own, { ...(await readSentenceSettings(files)), pooling }, model.hiddenSize);
 * own.files.has("modules.json"); // true
 */
export async function writeSentenceSettings(
  files: WritableFiles,
  settings: SentenceSettings,
  width: number,
): Promise<void> {
  const {
    pooling,
    maxLength: length,
    prompts,
    prompt,
    promptCounts,
    similarity,
    lowercase,
    dimensions,
    modules = [],
  } = settings;
  if (modules.length > 0)
    throw new ModelFileError(
      `a model with the modules ${modules.map(({ kind }) => kind).join(", ")} cannot be written: their weights are not kept`,
    );
  const module = (index: number, path: string, type: string) => ({
    idx: index,
    name: String(index),
    path,
    type: `sentence_transformers.models.${type}`,
  });
  const list = [
    module(0, "", "Transformer"),
    module(1, "1_Pooling", "Pooling"),
    ...(pooling.normalize ? [module(2, "2_Normalize", "Normalize")] : []),
  ];
  const modes = [pooling.mode].flat();
  const order = Object.keys(POOLING_NAMES) as PoolingMode[];
  if (modes.some((mode, i) => i > 0 && order.indexOf(mode) <= order.indexOf(modes[i - 1]!)))
    throw new ModelFileError(
      `the poolings ${modes.join(", ")} cannot be written in this order; expected ${order.join(", ")}`,
    );
  const flags = order.map((mode) => [POOLING_NAMES[mode].flag, modes.includes(mode)]);
  await files.write("modules.json", jsonBytes(list));
  await files.write(
    "1_Pooling/config.json",
    jsonBytes({ word_embedding_dimension: width, ...Object.fromEntries(flags), include_prompt: promptCounts }),
  );
  await files.write("sentence_bert_config.json", jsonBytes({ max_seq_length: length, do_lower_case: lowercase }));
  await files.write(
    "config_sentence_transformers.json",
    jsonBytes({
      prompts,
      default_prompt_name: prompt,
      similarity_fn_name: similarity,
      ...(dimensions !== undefined && { truncate_dim: dimensions }),
    }),
  );
}
