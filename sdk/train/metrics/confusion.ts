/** Confusion of classes: which are mistaken for which, and the precision and recall of each. */
import { ArgumentError, checkArgument, listOf, numbers, wholeNumber } from "../../options.js";

/** More classes have a table too large to hold. */
const aClassCount = /* @__PURE__ */ wholeNumber(1, 10_000);

/**
 * How often each class is predicted for items of each class.
 *
 * @param predicted class of each item, from 0 to `classes` - 1
 * @param gold the right class of each item
 * @returns rows of counts: `matrix[g][p]` items of class g were predicted as p (the layout of scikit-learn)
 * @example
 * confusionMatrix([0, 1, 1], [0, 1, 0], 2); // [[1, 1], [0, 1]]
 * @throws {ArgumentError} for a value that is not a class, or lists of different lengths
 */
export function confusionMatrix(predicted: ArrayLike<number>, gold: ArrayLike<number>, classes: number): number[][] {
  checkArgument("confusionMatrix", "predicted", predicted, numbers);
  checkArgument("confusionMatrix", "gold", gold, numbers);
  checkArgument("confusionMatrix", "classes", classes, aClassCount);
  if (predicted.length !== gold.length)
    throw new ArgumentError(`confusionMatrix: ${predicted.length} predictions for ${gold.length} gold labels`);
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let i = 0; i < gold.length; i++) {
    const [g, p] = [gold[i]!, predicted[i]!];
    if (matrix[g]?.[p] === undefined)
      throw new ArgumentError(
        `confusionMatrix: item ${i} has gold ${g} and prediction ${p}; both must be classes from 0 to ${classes - 1}`,
      );
    matrix[g][p]!++;
  }
  return matrix;
}

/** Figures of one class. */
export interface ClassFigures {
  /** right predictions of the class / predictions of it; 0 where it is never predicted */
  readonly precision: number;
  /** right predictions of the class / items of it; 0 where there are none */
  readonly recall: number;
  /** 2 · precision · recall / (precision + recall) */
  readonly f1: number;
  /** items of the class */
  readonly support: number;
}

/**
 * Precision, recall and F1 of each class, from a confusion matrix.
 *
 * @example
 * classFigures([[1, 1], [0, 1]])[0]; // { precision: 1, recall: 0.5, f1: 0.667, support: 2 }
 */
export function classFigures(matrix: readonly (readonly number[])[]): ClassFigures[] {
  checkArgument("classFigures", "matrix", matrix, listOf(numbers));
  return matrix.map((row, c) => {
    const right = row[c]!;
    const support = row.reduce((sum, n) => sum + n, 0);
    const predicted = matrix.reduce((sum, other) => sum + other[c]!, 0);
    const precision = predicted === 0 ? 0 : right / predicted;
    const recall = support === 0 ? 0 : right / support;
    return { precision, recall, f1: right === 0 ? 0 : (2 * right) / (support + predicted), support };
  });
}
