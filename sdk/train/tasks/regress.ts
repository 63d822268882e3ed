/** A score for a text or a pair: similarity. */
import { dataError } from "../../data/source.js";
import { type Columns, readTextRows, type TextRow } from "../../data/text-rows.js";
import { shown } from "../../errors.js";
import { infer } from "../../heads/infer.js";
import { encodeText, regression } from "../../heads/pooled.js";
import { single } from "../../objectives/objective.js";
import { pearson, spearman } from "../metrics/correlation.js";
import type { Task } from "./task.js";

/** A text or pair with a score. */
export interface ScoredText extends TextRow {
  readonly score: number;
}

const squaredError = (guess: ArrayLike<number>, gold: readonly number[]): number =>
  gold.reduce((sum, score, i) => sum + (guess[i]! - score) ** 2, 0) / gold.length;

/**
 * The task of predicting a score of a text or pair: mean squared error, Spearman's and Pearson's correlation (STS-B).
 *
 * @param columns names of the columns; found by their usual names by default
 * @example
 * regressTask().headline; // "spearman"
 */
export function regressTask(columns?: Columns): Task<ScoredText, "sequence-classification"> {
  return {
    name: "regress",
    modelTask: "sequence-classification",
    headline: "spearman",
    async *read(source) {
      for await (const row of readTextRows(source, columns)) {
        if (row.score === undefined)
          throw dataError(
            source,
            row.line ?? 1,
            `no score: a column score, or a label, must be a number; the label is ${shown(row.label)}`,
          );
        yield { ...row, score: row.score };
      }
    },
    labels: () => null,
    samples: (examples, { tokenizer, maxLength: length }) =>
      examples.map((row) => ({ ...encodeText(tokenizer, row, length), labels: { value: row.score } })),
    objective: single(regression()),
    evaluate(model, examples, { tokenizer, maxLength: length }) {
      const samples = examples.map((row) => encodeText(tokenizer, row, length));
      const predicted = infer(model, samples, "rows", (m, hidden, batch) => m.sequenceScores(hidden, batch)).map(
        ([score]) => score!,
      );
      const gold = examples.map(({ score }) => score);
      return {
        spearman: spearman(predicted, gold),
        pearson: pearson(predicted, gold),
        mse: squaredError(predicted, gold),
      };
    },
    baseline(train, test) {
      const mean = train.reduce((sum, { score }) => sum + score, 0) / train.length;
      const gold = test.map(({ score }) => score);
      return {
        spearman: 0,
        pearson: 0,
        mse: squaredError(
          gold.map(() => mean),
          gold,
        ),
      };
    },
    baselineName: "always the mean score",
    decisions: (examples) => examples.length,
  };
}
