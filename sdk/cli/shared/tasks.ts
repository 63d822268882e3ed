/** The tasks of the command line by their names. */
import {
  answerTask,
  classifyTask,
  type Files,
  LabelSet,
  type ModelTask,
  multiLabelTask,
  regressTask,
  tagTask,
} from "cloze";
import { type AnyTask, anyTask, type Columns, columnsNamed, folderEmbedTask, type SentenceSettings } from "cloze/data";
import { fieldsIn, fileSource } from "./input.js";
import { UsageError } from "./usage.js";

/** The labels of a model folder that was saved for this task; null where it has none. */
export async function folderLabels(files: Files, task: ModelTask): Promise<LabelSet | null> {
  const bytes = await files.read("config.json");
  if (!bytes) return null;
  const { architectures, id2label } = fieldsIn(bytes, "config.json");
  const kind = task === "token-classification" ? "ForTokenClassification" : "ForSequenceClassification";
  if (typeof id2label !== "object" || id2label === null || !String(architectures).includes(kind)) return null;
  const names = Object.entries(id2label)
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([, name]) => String(name));
  return new Set(names).size === names.length ? new LabelSet(names) : null;
}

/** Examples are held in memory, with their tokens: about 2 kB for each. */
const MOST_EXAMPLES = 2_000_000;

/** All examples of a file. */
export async function readExamples(task: AnyTask, file: string): Promise<unknown[]> {
  const examples: unknown[] = [];
  for await (const example of task.read(fileSource(file))) {
    examples.push(example);
    if (examples.length > MOST_EXAMPLES)
      throw new UsageError(
        `${file}: more than ${MOST_EXAMPLES} examples, the most that fit in memory; use a part of the file`,
      );
  }
  if (examples.length === 0) throw new UsageError(`${file} has no examples`);
  return examples;
}

/** One row with a score has no correlation with anything. */
export function requireCorrelation({ name }: AnyTask, examples: readonly unknown[], file: string): void {
  const [only, ...others] = examples as readonly { readonly score?: number }[];
  if (others.length === 0 && (name === "regress" || (name === "embed" && only?.score !== undefined)))
    throw new UsageError(`${file}: only one row with a score; a correlation needs at least two`);
}

/** `embed` for pairs with or without scores, as the examples have them; other tasks as they are. */
export function fittedTo(
  task: AnyTask,
  examples: readonly unknown[],
  sentence: SentenceSettings | null,
  columns?: string,
): AnyTask {
  const [first] = examples as readonly { readonly score?: number }[];
  if (!sentence || first?.score !== undefined) return task;
  return anyTask(folderEmbedTask(sentence, false, columns === undefined ? undefined : columnsNamed(columns)));
}

/**
 * @param columns the value of --columns
 * @param sentence how the folder computes embeddings, for `embed`
 */
export function taskNamed(name: string, columns?: string, sentence: SentenceSettings | null = null): AnyTask {
  const chosen: Columns | undefined = columns === undefined ? undefined : columnsNamed(columns);
  if (chosen && (name === "tag" || name === "answer"))
    throw new UsageError(`--columns is for files of rows, not for --task ${name}`);
  const tasks: Readonly<Record<string, () => AnyTask>> = {
    classify: () => anyTask(classifyTask("classify", chosen)),
    pair: () => anyTask(classifyTask("pair", chosen)),
    "multi-label": () => anyTask(multiLabelTask({ columns: chosen })),
    regress: () => anyTask(regressTask(chosen)),
    tag: () => anyTask(tagTask),
    answer: () => anyTask(answerTask),
    embed: () => anyTask(folderEmbedTask(sentence!, true, chosen)),
  };
  const make = Object.hasOwn(tasks, name) ? tasks[name] : undefined;
  if (!make) throw new UsageError(`--task ${name}: expected one of ${Object.keys(tasks).join(", ")}`);
  return make();
}

/**
 * Every label of a file must be known.
 *
 * @param whose completes "expected one of … labels"
 */
export function requireKnownLabels(
  task: AnyTask,
  examples: readonly unknown[],
  labels: LabelSet,
  file: string,
  whose: string,
): void {
  for (const example of examples)
    for (const { label, line = 1 } of task.classes?.(example) ?? [])
      if (!labels.has(label))
        throw new UsageError(
          `${file}:${line}: unknown label "${label}"; expected ${whose}: ${labels.names.join(", ")}`,
        );
}
