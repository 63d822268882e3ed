/** The tasks of the command line by their names. */
import {
  answerTask,
  type Columns,
  classifyTask,
  columnsNamed,
  embedTask,
  type Pooling,
  type Purpose,
  regressTask,
  type Task,
  tagTask,
} from "cloze";
import { UsageError } from "./usage.js";

/** A task whose kind of example does not matter to the command. */
export type AnyTask = Task<unknown, Purpose>;

/** What a folder without a word about pooling is trained and saved with. */
export const MEAN_POOLING: Pooling = { mode: "mean", normalize: true };

/** The same task for pairs without scores: `examples` say which it is. */
export function fittedTo(task: AnyTask, examples: readonly unknown[], pooling: Pooling, columns?: string): AnyTask {
  const [first] = examples as readonly { readonly score?: number }[];
  if (task.name !== "embed" || first?.score !== undefined) return task;
  return embedTask(pooling, false, columns === undefined ? undefined : columnsNamed(columns)) as unknown as AnyTask;
}

/**
 * @param columns what --columns says
 * @param pooling of the model's folder; `embed` alone looks at it
 */
export function taskNamed(name: string, columns?: string, pooling: Pooling = MEAN_POOLING): AnyTask {
  const chosen: Columns | undefined = columns === undefined ? undefined : columnsNamed(columns);
  const tasks: Readonly<Record<string, () => unknown>> = {
    classify: () => classifyTask("classify", chosen),
    pair: () => classifyTask("pair", chosen),
    regress: () => regressTask(chosen),
    tag: () => tagTask,
    answer: () => answerTask,
    embed: () => embedTask(pooling, true, chosen),
  };
  const make = Object.hasOwn(tasks, name) ? tasks[name] : undefined;
  if (!make) throw new UsageError(`--task ${name}: expected one of ${Object.keys(tasks).join(", ")}`);
  return make() as AnyTask;
}
