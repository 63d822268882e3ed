/** The tasks of the command line by their names. */
import {
  answerTask,
  type Columns,
  classifyTask,
  columnsNamed,
  type Purpose,
  regressTask,
  type Task,
  tagTask,
} from "cloze";
import { UsageError } from "./usage.js";

/** A task whose kind of example does not matter to the command. */
export type AnyTask = Task<unknown, Purpose>;

/** @param columns what --columns says */
export function taskNamed(name: string, columns?: string): AnyTask {
  const chosen: Columns | undefined = columns === undefined ? undefined : columnsNamed(columns);
  const tasks: Readonly<Record<string, () => unknown>> = {
    classify: () => classifyTask("classify", chosen),
    pair: () => classifyTask("pair", chosen),
    regress: () => regressTask(chosen),
    tag: () => tagTask,
    answer: () => answerTask,
  };
  const make = Object.hasOwn(tasks, name) ? tasks[name] : undefined;
  if (!make) throw new UsageError(`--task ${name}: expected one of ${Object.keys(tasks).join(", ")}`);
  return make() as AnyTask;
}
