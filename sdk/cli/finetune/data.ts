/** The files of a fine-tuning run: read, checked, and cut down to as many examples as are asked for. */
import { LabelSet } from "cloze";
import { type AnyTask, readSentenceSettings, type SentenceSettings, seed as seedOf, shuffle } from "cloze/data";
import { folder } from "cloze/node";
import { requireFiles } from "../shared/input.js";
import { say } from "../shared/output.js";
import {
  fittedTo,
  folderLabels,
  readExamples,
  requireCorrelation,
  requireKnownLabels,
  taskNamed,
} from "../shared/tasks.js";
import { UsageError } from "../shared/usage.js";
import type { FinetuneOptions } from "./options.js";

/**
 * The labels of the training file. A model that already has all of them keeps its own set, in its own order, so that training
 * can continue; others must be as many as the model's head has.
 */
async function labelsFor(task: AnyTask, train: readonly unknown[], options: FinetuneOptions): Promise<LabelSet | null> {
  const found = task.labels(train);
  if (!found) return null;
  const { multiLabel } = found;
  const own = await folderLabels(folder((options.model ?? options.scratch)!), task.modelTask);
  if (own && found.size > 0 && found.names.every((name) => own.has(name)))
    return new LabelSet(own.names, { multiLabel });
  if (found.size < 2) throw new UsageError(`${options.train}: ${tooFew(found)}`);
  if (own && options.model !== undefined && own.size !== found.size)
    requireKnownLabels(
      task,
      train,
      own,
      options.train,
      `those of the model in ${options.model}, which has a head for them`,
    );
  else if (own && options.model !== undefined)
    say(`the labels ${found.names.join(", ")} replace ${own.names.join(", ")}, which the model has learned`);
  return found;
}

/** The fault of fewer than two labels. */
function tooFew({ names: [only], multiLabel }: LabelSet): string {
  if (only === undefined) return "no row has a label";
  return multiLabel
    ? `the only label is "${only}"; whether a text has a single label is learned by --task classify`
    : `every label is "${only}"; a classifier needs two classes`;
}

/** The files of a run, read and checked. */
export interface Data {
  readonly task: AnyTask;
  /** how the folder computes embeddings; null for other tasks */
  readonly sentence: SentenceSettings | null;
  readonly train: readonly unknown[];
  readonly dev: readonly unknown[] | undefined;
  readonly test: readonly unknown[] | undefined;
  readonly labels: LabelSet | null;
}

export async function readData(options: FinetuneOptions): Promise<Data> {
  const files = folder((options.model ?? options.scratch)!);
  const sentence = options.task === "embed" ? await readSentenceSettings(files) : null;
  const asked = taskNamed(options.task, options.columns, sentence);
  await requireFiles([options.train, options.dev, options.test]);
  const train = await readExamples(asked, options.train);
  const read = async (file: string | undefined) => (file === undefined ? undefined : readExamples(asked, file));
  const [dev, test] = [await read(options.dev), await read(options.test)];
  // The development set chooses the best epoch: whether its pairs have scores decides by which figure.
  const task = fittedTo(asked, dev ?? train, sentence, options.columns);
  const labels = await labelsFor(task, train, options);
  if (labels) {
    requireKnownLabels(task, dev ?? [], labels, options.dev!, "those of the training file");
    requireKnownLabels(task, test ?? [], labels, options.test!, "those of the training file");
  }
  if (dev) requireCorrelation(task, dev, options.dev!);
  if (test) requireCorrelation(task, test, options.test!);
  return { task, sentence, train, dev, test, labels };
}

/**
 * The data with `examples` of the training examples, drawn with the seed. With the same seed, a smaller selection is part
 * of a larger one.
 *
 * @param examples undefined for all, in the order of the file
 */
export function partOf(data: Data, { examples, seed, train }: FinetuneOptions): Data {
  if (examples === undefined) return data;
  if (examples > data.train.length) throw new UsageError(`--examples ${examples}: ${train} has ${data.train.length}`);
  return { ...data, train: shuffle([...data.train], seedOf(seed)).slice(0, examples) };
}
