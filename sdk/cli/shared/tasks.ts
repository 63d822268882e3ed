/** The tasks of the command line by their names. */
import {
  answerTask,
  classifyTask,
  embedTask,
  type ModelTask,
  prepareText,
  promptText,
  regressTask,
  type SentenceSettings,
  type Task,
  tagTask,
} from "cloze";
import { type Columns, columnsNamed } from "cloze/data";
import { UsageError } from "./usage.js";

/** A task whose kind of example does not matter to the command. */
export type AnyTask = Task<unknown, ModelTask>;

/** What a folder without a word about pooling is trained and saved with. */
export const PLAIN_SENTENCES: SentenceSettings = {
  pooling: { mode: "mean", normalize: true },
  length: null,
  prompts: {},
  prompt: null,
  promptCounts: true,
  similarity: "cosine",
  lowercase: false,
};

/** Learning vectors as the folder makes them. */
function embedAs(sentence: SentenceSettings, scores: boolean, columns: Columns | undefined): AnyTask {
  const prompt = promptText(sentence);
  if (prompt !== "" && !sentence.promptCounts)
    throw new UsageError(
      "the folder's default prompt is left out of the mean (include_prompt false); vectors of this kind cannot be fine-tuned or scored",
    );
  const prepare = (text: string) => prepareText(sentence, prompt, text);
  return embedTask(sentence.pooling, scores, columns, prepare) as unknown as AnyTask;
}

/** The same task for pairs without scores: `examples` say which it is. */
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
 * @param columns what --columns says
 * @param sentence how the folder's vectors are made; `embed` alone looks at it
 */
export function taskNamed(name: string, columns?: string, sentence: SentenceSettings = PLAIN_SENTENCES): AnyTask {
  const chosen: Columns | undefined = columns === undefined ? undefined : columnsNamed(columns);
  const tasks: Readonly<Record<string, () => unknown>> = {
    classify: () => classifyTask("classify", chosen),
    pair: () => classifyTask("pair", chosen),
    regress: () => regressTask(chosen),
    tag: () => tagTask,
    answer: () => answerTask,
    embed: () => embedAs(sentence, true, chosen),
  };
  const make = Object.hasOwn(tasks, name) ? tasks[name] : undefined;
  if (!make) throw new UsageError(`--task ${name}: expected one of ${Object.keys(tasks).join(", ")}`);
  return make() as AnyTask;
}
