/** How often a classifier is right, over all and by class. */
import { ArgumentError, checkArgument, numbers, vectors, wholeNumber } from "../../options.js";

/** Counts of one class seen against the rest. */
interface Counts {
  truePositive: number;
  falsePositive: number;
  falseNegative: number;
}

function expectEqualLengths(metric: string, predicted: ArrayLike<number>, gold: ArrayLike<number>): void {
  checkArgument(metric, "predicted", predicted, numbers);
  checkArgument(metric, "gold", gold, numbers);
  if (predicted.length !== gold.length)
    throw new ArgumentError(`${metric}: ${predicted.length} predictions for ${gold.length} gold labels`);
  if (gold.length === 0) throw new ArgumentError(`${metric}: there is nothing to score`);
}

/**
 * Correct / total.
 *
 * @example
 * accuracy([0, 1, 1], [0, 1, 0]); // 0.667
 */
export function accuracy(predicted: ArrayLike<number>, gold: ArrayLike<number>): number {
  expectEqualLengths("accuracy", predicted, gold);
  let correct = 0;
  for (let i = 0; i < gold.length; i++) if (predicted[i] === gold[i]) correct++;
  return correct / gold.length;
}

/** Larger numbers are not label sets, and each class takes memory. */
const aClassCount = /* @__PURE__ */ wholeNumber(1, 1_048_576);

/** Require classes from 0 to `classes` - 1. */
function expectClasses(argument: string, values: ArrayLike<number>, classes: number): void {
  checkArgument("this metric", "classes", classes, aClassCount);
  for (let i = 0; i < values.length; i++)
    if (!(Number.isInteger(values[i]) && values[i]! >= 0 && values[i]! < classes))
      throw new ArgumentError(`${argument}[${i}] must be a class from 0 to ${classes - 1}, got ${values[i]}`);
}

function countsOf(predicted: ArrayLike<number>, gold: ArrayLike<number>, classes: number): Counts[] {
  expectClasses("gold", gold, classes);
  const counts = Array.from({ length: classes }, () => ({ truePositive: 0, falsePositive: 0, falseNegative: 0 }));
  for (let i = 0; i < gold.length; i++) {
    const [p, g] = [predicted[i]!, gold[i]!];
    if (p === g) counts[g]!.truePositive++;
    else {
      if (counts[p]) counts[p].falsePositive++;
      counts[g]!.falseNegative++;
    }
  }
  return counts;
}

/** 2TP / (2TP + FP + FN); 0 for a class without true positives. */
function f1Of({ truePositive, falsePositive, falseNegative }: Counts): number {
  return truePositive === 0 ? 0 : (2 * truePositive) / (2 * truePositive + falsePositive + falseNegative);
}

/**
 * The mean of the classes' F1, over all classes of the label set.
 *
 * @example
 * macroF1([0, 1, 1], [0, 1, 0], 2); // 0.667
 */
export function macroF1(predicted: ArrayLike<number>, gold: ArrayLike<number>, classes: number): number {
  expectEqualLengths("macro F1", predicted, gold);
  const scores = countsOf(predicted, gold, classes).map(f1Of);
  return scores.reduce((sum, f1) => sum + f1, 0) / classes;
}

/**
 * F1 over the pooled counts of all classes: the accuracy, when every item has one label.
 *
 * @example
 * microF1([0, 1, 1], [0, 1, 0], 2); // 0.667
 */
export function microF1(predicted: ArrayLike<number>, gold: ArrayLike<number>, classes: number): number {
  expectEqualLengths("micro F1", predicted, gold);
  const pooled: Counts = { truePositive: 0, falsePositive: 0, falseNegative: 0 };
  for (const counts of countsOf(predicted, gold, classes)) {
    pooled.truePositive += counts.truePositive;
    pooled.falsePositive += counts.falsePositive;
    pooled.falseNegative += counts.falseNegative;
  }
  return f1Of(pooled);
}

/** Scores of predictions with several labels for each text. */
export interface MultiLabelScores {
  /** F1 over the pooled decisions of all classes */
  readonly microF1: number;
  /** the mean of the classes' F1 */
  readonly macroF1: number;
  /** share of texts whose labels are all right: subset accuracy */
  readonly exactMatch: number;
}

/**
 * Scores of predictions with any number of labels for each text.
 *
 * @param predicted (texts × classes) 1 for each class that is predicted
 * @param gold (texts × classes) 1 for each class that applies
 * @example
 * multiLabelScores([[1, 0], [1, 1]], [[1, 0], [0, 1]], 2); // { microF1: 0.8, exactMatch: 0.5 }
 */
export function multiLabelScores(
  predicted: readonly ArrayLike<number>[],
  gold: readonly ArrayLike<number>[],
  classes: number,
): MultiLabelScores {
  checkArgument("multiLabelScores", "predicted", predicted, vectors);
  checkArgument("multiLabelScores", "gold", gold, vectors);
  checkArgument("multiLabelScores", "classes", classes, aClassCount);
  if (predicted.length !== gold.length)
    throw new ArgumentError(`multi-label scores: ${predicted.length} predictions for ${gold.length} texts`);
  const counts = Array.from({ length: classes }, () => ({ truePositive: 0, falsePositive: 0, falseNegative: 0 }));
  const pooled = { truePositive: 0, falsePositive: 0, falseNegative: 0 };
  let right = 0;
  for (const [i, wanted] of gold.entries()) {
    let wrong = false;
    for (const [c, own] of counts.entries()) {
      const [p, g] = [predicted[i]![c] === 1, wanted[c] === 1];
      const kind = p && g ? "truePositive" : p ? "falsePositive" : "falseNegative";
      wrong ||= p !== g;
      if (!p && !g) continue;
      own[kind]++;
      pooled[kind]++;
    }
    if (!wrong) right++;
  }
  const macroF1 = counts.map(f1Of).reduce((sum, f1) => sum + f1 / classes, 0);
  return { microF1: f1Of(pooled), macroF1, exactMatch: gold.length === 0 ? 0 : right / gold.length };
}

/**
 * F1 of class 1, as MRPC and QQP report it.
 *
 * @example
 * binaryF1([0, 1, 1], [0, 1, 0]); // 0.667
 */
export function binaryF1(predicted: ArrayLike<number>, gold: ArrayLike<number>): number {
  expectEqualLengths("binary F1", predicted, gold);
  return f1Of(countsOf(predicted, gold, 2)[1]!);
}

/**
 * Matthews' correlation of any number of classes (Gorodkin 2004); for two it is (TP·TN − FP·FN) / √(…).
 * 0 where a factor of the denominator is 0.
 *
 * @example
 * matthews([0, 1, 1, 0], [0, 1, 0, 0], 2); // 0.577
 */
export function matthews(predicted: ArrayLike<number>, gold: ArrayLike<number>, classes: number): number {
  expectEqualLengths("MCC", predicted, gold);
  expectClasses("predicted", predicted, classes);
  expectClasses("gold", gold, classes);
  const n = gold.length;
  const [predictedOf, goldOf] = [new Float64Array(classes), new Float64Array(classes)];
  let correct = 0;
  for (let i = 0; i < n; i++) {
    predictedOf[predicted[i]!]!++;
    goldOf[gold[i]!]!++;
    if (predicted[i] === gold[i]) correct++;
  }
  const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
  const covariance = correct * n - dot(predictedOf, goldOf);
  const spread = (n * n - dot(predictedOf, predictedOf)) * (n * n - dot(goldOf, goldOf));
  return spread === 0 ? 0 : covariance / Math.sqrt(spread);
}
