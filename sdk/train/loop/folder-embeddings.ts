/** Training of embeddings as a model folder computes them: with its pooling, its prompt and its similarity. */
import type { Columns } from "../../data/text-rows.js";
import type { Files } from "../../io/files/files.js";
import { promptText, readSentenceSettings, type SentenceSettings } from "../../io/sentence-transformers/sentence.js";
import { ArgumentError } from "../../options.js";
import { embedTask, type TextPair } from "../tasks/embed.js";
import type { Task } from "../tasks/task.js";

/**
 * How a folder computes embeddings; the mean of the tokens, scaled to length 1, where it has no modules.json.
 *
 * @throws {ModelFileError} for a module or a way of pooling that Cloze does not have
 */
export async function trainableSentences(files: Files): Promise<SentenceSettings> {
  const settings = await readSentenceSettings(files);
  const configured = (await files.read("modules.json")) !== undefined;
  return configured ? settings : { ...settings, pooling: { mode: "mean", normalize: true } };
}

/**
 * The task {@link embedTask} with a folder's pooling and default prompt.
 *
 * @param scores whether the pairs have scores
 * @throws {ArgumentError} where the folder's vectors go through more than pooling, or its prompt is not pooled
 */
export function folderEmbedTask(
  sentence: SentenceSettings,
  scores: boolean,
  columns?: Columns,
): Task<TextPair, "feature-extraction"> {
  const prompt = promptText(sentence);
  if (prompt !== "" && !sentence.promptCounts)
    throw new ArgumentError(
      "the folder's default prompt is excluded from pooling (include_prompt false); such embeddings cannot be fine-tuned or scored",
    );
  const [other] = sentence.modules ?? [];
  if (other !== undefined)
    throw new ArgumentError(
      `the folder's vectors go through the module ${other.kind} (modules.json); such embeddings cannot be fine-tuned or scored`,
    );
  return embedTask(sentence.pooling, scores, columns, (text) => prompt + text);
}
