/** Training and scoring of embeddings as a model folder computes them: with its pooling, prompt and dimensions. */
import type { Columns } from "../../data/text-rows.js";
import { promptText, type SentenceSettings } from "../../io/sentence-transformers/sentence.js";
import { ArgumentError } from "../../options.js";
import { embedTask, type TextPair } from "../tasks/embed.js";
import type { Task } from "../tasks/task.js";

/**
 * The task {@link embedTask} with a folder's pooling, default prompt and dimensions.
 *
 * @param sentence the result of `readSentenceSettings`
 * @param scores whether the pairs have scores
 * @throws {ArgumentError} where the folder's vectors go through more than pooling, or its prompt is not pooled
 * @example
 * folderEmbedTask(await readSentenceSettings(files), true).headline; // "spearman"
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
  return embedTask(sentence.pooling, scores, {
    prepare: (text) => prompt + text,
    ...(columns && { columns }),
    ...(sentence.dimensions !== undefined && { dimensions: sentence.dimensions }),
  });
}
