/** Classification of texts and of pairs of texts: sentiment, inference. */
import { dataError, type Source } from "../../data/source.js";
import { type Columns, readTextRows, type TextRow } from "../../data/text-rows.js";
import { infer } from "../../heads/infer.js";
import { LabelSet } from "../../heads/labels.js";
import { classification, encodeText } from "../../heads/pooled.js";
import { argmax } from "../../heads/probabilities.js";
import type { Model } from "../../models/family/build.js";
import { single } from "../../objectives/objective.js";
import { majorityBaseline, mostFrequent } from "../metrics/baselines.js";
import { accuracy, macroF1, matthews } from "../metrics/classification.js";
import { type ClassPredictions, requireLabels, type Task, type TaskSettings } from "./task.js";

/** A row with a label. */
export interface LabelledText extends TextRow {
  readonly label: string;
}

/** Labels of SNLI and MultiNLI for pairs without a gold label, as TSV and as the published JSON write them. */
const NO_GOLD_LABEL = ["-", "-1"];

/** Pairs without a gold label are skipped, as the documentation of SNLI asks. */
async function* readLabelled(source: Source, columns: Columns | undefined): AsyncGenerator<LabelledText> {
  for await (const row of readTextRows(source, columns)) {
    const { label } = row;
    if (row.labels)
      throw dataError(source, row.line ?? 1, "a list of labels; the task multi-label learns several for one text");
    if (label === undefined)
      throw dataError(source, row.line ?? 1, "no label; expected a column label, or one named with --columns");
    if (row.pair === undefined || !NO_GOLD_LABEL.includes(label)) yield { ...row, label };
  }
}

/**
 * The task of one label for each text or pair: cross-entropy, accuracy and F1.
 *
 * @param name `classify` for texts, or pairs where rows have them; `pair` requires every row to be a pair
 * @example
 * classifyTask("pair").modelTask; // "sequence-classification"
 */
export function classifyTask(
  name: "classify" | "pair",
  columns?: Columns,
): Task<LabelledText, "sequence-classification"> {
  const predict = (
    model: Model<"sequence-classification">,
    examples: readonly LabelledText[],
    settings: TaskSettings,
  ): ClassPredictions => {
    const labels = requireLabels(settings, name);
    const samples = examples.map((row) => encodeText(settings.tokenizer, row, settings.maxLength));
    const scores = infer(model, samples, "rows", (m, hidden, batch) => m.sequenceScores(hidden, batch));
    const predicted = scores.map(argmax);
    const gold = examples.map(({ label }) => labels.id(label));
    const metrics = {
      accuracy: accuracy(predicted, gold),
      macro_f1: macroF1(predicted, gold, labels.size),
      mcc: matthews(predicted, gold, labels.size),
    };
    return { metrics, scores, gold };
  };
  return {
    name,
    modelTask: "sequence-classification",
    headline: "accuracy",
    async *read(source) {
      for await (const row of readLabelled(source, columns)) {
        if (name === "pair" && row.pair === undefined)
          throw dataError(
            source,
            row.line ?? 1,
            `no second text; a pair needs premise and hypothesis, sentence1 and sentence2, or columns named with --columns`,
          );
        yield row;
      }
    },
    classes: ({ label, line }) => [{ label, line }],
    labels: (examples) => LabelSet.of(new Set(examples.map(({ label }) => label))),
    samples(examples, settings) {
      const labels = requireLabels(settings, name);
      return examples.map((row) => {
        const sample = encodeText(settings.tokenizer, row, settings.maxLength);
        return { ...sample, labels: { row: labels.id(row.label) } };
      });
    },
    objective: single(classification()),
    weighted: (weights) => single(classification(weights)),
    evaluate: (model, examples, settings) => predict(model, examples, settings).metrics,
    predict,
    baseline(train, test) {
      const names = [...new Set([...train, ...test].map(({ label }) => label))].sort();
      const guess = names.indexOf(mostFrequent(train.map(({ label }) => label)) ?? "");
      const gold = test.map(({ label }) => names.indexOf(label));
      return {
        accuracy: majorityBaseline(
          train.map(({ label }) => label),
          test.map(({ label }) => label),
        ),
        macro_f1: macroF1(
          gold.map(() => guess),
          gold,
          names.length,
        ),
      };
    },
    baselineName: "always the most frequent class",
    decisions: (examples) => examples.length,
  };
}
