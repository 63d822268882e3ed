/** Details behind a classifier's figures: calibration, and the classes that it confuses. */
import type { LabelSet } from "../../heads/labels.js";
import { argmax, softmax } from "../../heads/probabilities.js";
import { type Calibration, type CalibrationOptions, calibration } from "../metrics/calibration.js";
import { type ClassFigures, classFigures, confusionMatrix } from "../metrics/confusion.js";
import type { ClassPredictions } from "./task.js";

/** Calibration, confusion matrix and figures by class. */
export interface ClassReport {
  /** of the highest probability of each item */
  readonly calibration: Calibration;
  /** `confusion[gold][predicted]` items, in the order of the labels */
  readonly confusion: readonly (readonly number[])[];
  /** figures of each class, in the same order */
  readonly classes: readonly ClassFigures[];
}

/**
 * Calibration, confusion and figures by class, from the result of a task's `predict`.
 *
 * @example
 * const { labels } = settings;
 * const gold = [0, 1];
 * const scores = [Float32Array.of(0.9, 0.1), Float32Array.of(0.4, 0.6)];
 * const { confusion } = classReport({ scores, gold }, labels);
 */
export function classReport(
  { scores, gold }: Pick<ClassPredictions, "scores" | "gold">,
  labels: LabelSet,
  options: CalibrationOptions = {},
): ClassReport {
  const predicted = scores.map(argmax);
  const confusion = confusionMatrix(predicted, gold, labels.size);
  const confidences = scores.map((row, i) => softmax(row)[predicted[i]!]!);
  const right = predicted.map((label, i) => (label === gold[i] ? 1 : 0));
  return { calibration: calibration(confidences, right, options), confusion, classes: classFigures(confusion) };
}
