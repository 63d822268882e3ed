/** A task for the trainer and the command line: from a file to samples, and from a model to metrics. */

import type { Sample } from "../../data/sample.js";
import type { Source } from "../../data/source.js";
import type { ClassWeights } from "../../heads/class-weights.js";
import { LabelSet } from "../../heads/labels.js";
import type { Model } from "../../models/family/build.js";
import type { ModelTask } from "../../models/family/family.js";
import type { Objective } from "../../objectives/objective.js";
import { ArgumentError } from "../../options.js";
import type { Tokenizer } from "../../tokenizer/index.js";

/** Figures by name: accuracy, macro_f1, ... */
export type Metrics = Readonly<Record<string, number>>;

/** Settings that every task needs to turn examples into samples. */
export interface TaskSettings {
  readonly tokenizer: Tokenizer;
  /** longest sequence, special tokens included */
  readonly maxLength: number;
  /** the classes; null for tasks without */
  readonly labels: LabelSet | null;
}

/** A label and its line in the file. */
export interface LabelAt {
  readonly label: string;
  readonly line?: number | undefined;
}

/** A model's scores for items of one class each: for calibration and confusion. */
export interface ClassPredictions {
  readonly metrics: Metrics;
  /** (classes) unnormalized scores of each item */
  readonly scores: readonly Float32Array[];
  /** the right class of each item */
  readonly gold: readonly number[];
}

/** One kind of fine-tuning: examples of type `Example`, a model of model task `P`. */
export interface Task<Example, P extends ModelTask> {
  readonly name: string;
  readonly modelTask: P;
  /** the metric for comparing models */
  readonly headline: string;
  read(source: Source): AsyncIterable<Example>;
  /** the labels of an example, with their lines in the file; absent for tasks without classes */
  classes?(example: Example): readonly LabelAt[];
  /** the labels that occur, or null */
  labels(examples: readonly Example[]): LabelSet | null;
  samples(examples: readonly Example[], settings: TaskSettings): Sample[];
  readonly objective: Objective<Model<P>>;
  /** the same objective with a weight for each class; absent for tasks whose items have not one class each */
  weighted?(weights: ClassWeights): Objective<Model<P>>;
  evaluate(model: Model<P>, examples: readonly Example[], settings: TaskSettings): Metrics;
  /** the metrics, with the scores behind them; absent for tasks whose items have not one class each */
  predict?(model: Model<P>, examples: readonly Example[], settings: TaskSettings): ClassPredictions;
  /** metrics of a baseline without a model: fitted on `train`, scored on `test` */
  baseline(train: readonly Example[], test: readonly Example[]): Metrics;
  /** the baseline in words */
  readonly baselineName: string;
  /** how many independent decisions the metrics are means over, for standard errors */
  decisions(examples: readonly Example[]): number;
}

/** The labels that occur, sorted; null for a task without classes. */
export function labelsOf<Example>(
  { classes }: Pick<Task<Example, ModelTask>, "classes">,
  examples: readonly Example[],
): LabelSet | null {
  if (!classes) return null;
  const names = new Set<string>();
  for (const example of examples) for (const { label } of classes(example)) names.add(label);
  return LabelSet.of(names);
}

/** The labels of the settings, for a task that needs them. */
export function requireLabels({ labels }: TaskSettings, task: string): LabelSet {
  if (!labels) throw new ArgumentError(`${task}: the model has no label set; was it saved for another task?`);
  return labels;
}

/** A task whose examples and model are not known to the caller, which only hands them on. */
export type AnyTask = Task<unknown, ModelTask>;

/**
 * A task without its types. TypeScript has no existential types: this is the one place that asserts that a task
 * scores the examples that it read.
 *
 * @example
 * anyTask(classifyTask("classify")).headline; // "accuracy"
 */
export function anyTask<Example, P extends ModelTask>(task: Task<Example, P>): AnyTask {
  return task as unknown as AnyTask;
}
