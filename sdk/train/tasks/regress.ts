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

/**
 * The squares of errors, and those of gradients summed over all parameters, are f32, which ends at 3.4e38: a hundred million
 * squares of 1e15.
 */
const LARGEST_SCORE = 1e15;

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
        if (Math.abs(row.score) > LARGEST_SCORE)
          throw dataError(
            source,
            row.line ?? 1,
            `the score is ${shown(row.score)}, and its squared error too large for f32; expected scores of at most 1e15 in size, such as 0 to 5: divide them all by one number`,
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
