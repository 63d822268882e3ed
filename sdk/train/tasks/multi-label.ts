/** Multi-label classification: several labels may apply to one text, or none. */

import { dataError } from "../../data/source.js";
import { type Columns, readTextRows, type TextRow } from "../../data/text-rows.js";
import { infer } from "../../heads/infer.js";
import { LabelSet } from "../../heads/labels.js";
import { encodeText, multiLabelClassification } from "../../heads/pooled.js";
import { log } from "../../math.js";
import { single } from "../../objectives/objective.js";
import { checkOptions, numberBetween, withFields } from "../../options.js";
import { multiLabelScores } from "../metrics/classification.js";
import { type Metrics, requireLabels, type Task } from "./task.js";

/** A row with its labels, none of them perhaps. */
export interface MultiLabelledText extends TextRow {
  readonly labels: readonly string[];
}

/** Options of {@link multiLabelTask}. */
export interface MultiLabelOptions {
  readonly columns?: Columns | undefined;
  /** probability from which a label is predicted; 0.5 by default */
  readonly threshold?: number;
}

/** 1 for each class of the row. */
const classesOf = ({ labels }: MultiLabelledText, all: LabelSet): Int32Array => {
  const classes = new Int32Array(all.size);
  for (const label of labels) classes[all.id(label)] = 1;
  return classes;
};

const metricsOf = (predicted: readonly ArrayLike<number>[], gold: readonly Int32Array[], size: number): Metrics => {
  const { microF1, macroF1, exactMatch } = multiLabelScores(predicted, gold, size);
  return { micro_f1: microF1, macro_f1: macroF1, exact_match: exactMatch };
};

/**
 * Learn several labels for each text: rows of JSON with a list in `label` or `labels`, or TSV with a column `labels` of names
 * divided by commas. Each label is a decision of its own (binary cross-entropy); a label is predicted where its probability
 * reaches the threshold.
 *
 * @example
 * const task = multiLabelTask({ threshold: 0.4 });
 */
export function multiLabelTask(options: MultiLabelOptions = {}): Task<MultiLabelledText, "sequence-classification"> {
  checkOptions("multiLabelTask", options ?? null, {
    columns: withFields("names of columns"),
    threshold: numberBetween(0, 1),
  });
  const { columns, threshold = 0.5 } = options;
  // sigmoid(score) >= threshold, without the sigmoid
  const least = log(threshold / (1 - threshold));
  return {
    name: "multi-label",
    modelTask: "sequence-classification",
    headline: "micro_f1",
    async *read(source) {
      for await (const row of readTextRows(source, columns)) {
        const labels = row.labels ?? (row.label === undefined ? undefined : [row.label]);
        if (!labels) throw dataError(source, row.line ?? 1, "no labels; expected a list in a column label or labels");
        yield { ...row, labels };
      }
    },
    classes: ({ labels, line }) => labels.map((label) => ({ label, line })),
    labels: (examples) =>
      LabelSet.of(
        examples.flatMap(({ labels }) => labels),
        { multiLabel: true },
      ),
    samples(examples, settings) {
      const labels = requireLabels(settings, "multi-label");
      return examples.map((row) => ({
        ...encodeText(settings.tokenizer, row, settings.maxLength),
        labels: { classes: classesOf(row, labels) },
      }));
    },
    objective: single(multiLabelClassification()),
    evaluate(model, examples, settings) {
      const labels = requireLabels(settings, "multi-label");
      const samples = examples.map((row) => encodeText(settings.tokenizer, row, settings.maxLength));
      const scores = infer(model, samples, "rows", (m, hidden, batch) => m.sequenceScores(hidden, batch));
      return metricsOf(
        scores.map((row) => Array.from(row, (score) => (score >= least ? 1 : 0))),
        examples.map((row) => classesOf(row, labels)),
        labels.size,
      );
    },
    /** The labels that more than half of the texts have. */
    baseline(train, test) {
      const names = [...new Set([...train, ...test].flatMap(({ labels }) => labels))].sort();
      const all = new LabelSet(names, { multiLabel: true });
      const guess = names.map((name) =>
        2 * train.filter(({ labels }) => labels.includes(name)).length > train.length ? 1 : 0,
      );
      return metricsOf(
        test.map(() => guess),
        test.map((row) => classesOf(row, all)),
        all.size,
      );
    },
    baselineName: "the labels that more than half of the texts have",
    decisions: (examples) => examples.length,
  };
}
