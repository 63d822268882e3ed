/** The tasks of the command line by their names. */
import {
  type AnyTask,
  answerTask,
  anyTask,
  classifyTask,
  embedTask,
  promptText,
  regressTask,
  type SentenceSettings,
  tagTask,
} from "cloze";
import { type Columns, columnsNamed } from "cloze/data";
import { UsageError } from "./usage.js";

/** Settings of folders that say nothing about pooling. */
export const PLAIN_SENTENCES: SentenceSettings = {
  pooling: { mode: "mean", normalize: true },
  length: null,
  prompts: {},
  prompt: null,
  promptCounts: true,
  similarity: "cosine",
  lowercase: false,
};

/** Train embeddings as the folder computes them. */
function embedAs(sentence: SentenceSettings, scores: boolean, columns: Columns | undefined): AnyTask {
  const prompt = promptText(sentence);
  if (prompt !== "" && !sentence.promptCounts)
    throw new UsageError(
      "the folder's default prompt is excluded from pooling (include_prompt false); such embeddings cannot be fine-tuned or scored",
    );
  const [other] = sentence.modules ?? [];
  if (other !== undefined)
    throw new UsageError(
      `the folder's vectors go through the module ${other.kind} (modules.json); such embeddings cannot be fine-tuned or scored`,
    );
  return anyTask(embedTask(sentence.pooling, scores, columns, (text) => prompt + text));
}

/** `embed` for pairs with or without scores, as the examples have them; other tasks as they are. */
export function fittedTo(
  task: AnyTask,
  examples: readonly unknown[],
  sentence: SentenceSettings,
  columns?: string,
): AnyTask {
  const [first] = examples as readonly { readonly score?: number }[];
  if (task.name !== "embed" || first?.score !== undefined) return task;
  return embedAs(sentence, false, columns === undefined ? undefined : columnsNamed(columns));
}

/**
 * @param columns the value of --columns
 * @param sentence how the folder computes embeddings; only used by `embed`
 */
export function taskNamed(name: string, columns?: string, sentence: SentenceSettings = PLAIN_SENTENCES): AnyTask {
  const chosen: Columns | undefined = columns === undefined ? undefined : columnsNamed(columns);
  const tasks: Readonly<Record<string, () => AnyTask>> = {
    classify: () => anyTask(classifyTask("classify", chosen)),
    pair: () => anyTask(classifyTask("pair", chosen)),
    regress: () => anyTask(regressTask(chosen)),
    tag: () => anyTask(tagTask),
    answer: () => anyTask(answerTask),
    embed: () => embedAs(sentence, true, chosen),
  };
  const make = Object.hasOwn(tasks, name) ? tasks[name] : undefined;
  if (!make) throw new UsageError(`--task ${name}: expected one of ${Object.keys(tasks).join(", ")}`);
  return make();
}
