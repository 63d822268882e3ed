/** Cross-entropy with class weights: rare classes are otherwise learned last. */
import { ArgumentError } from "../options.js";
import { add } from "../tensor/ops/elementwise.js";
import { crossEntropy, IGNORE } from "../tensor/ops/loss.js";
import type { Tensor } from "../tensor/tensor.js";

/** A weight of at least 0 for each class, in the order of the labels. */
export type ClassWeights = readonly number[];

/** The divisor of a mean over weighted labels: the sum of their weights. */
export function totalWeight(labels: Int32Array, weights: ClassWeights): number {
  let total = 0;
  for (const label of labels) if (label !== IGNORE) total += weightOf(label, weights);
  return total;
}

function weightOf(label: number, weights: ClassWeights): number {
  const weight = weights[label];
  if (weight === undefined)
    throw new ArgumentError(`classWeights: ${weights.length} weights for a label of class ${label}`);
  return weight;
}

/**
 * Σ weight[label] · -log softmax(logits)[label] / divisor, as PyTorch's CrossEntropyLoss(weight) defines it.
 *
 * @param logits (rows, classes): unnormalized scores
 * @param labels (rows)
 * @param divisor the sum of the weights over all batches of the step: {@link totalWeight}
 * @returns []
 */
export function weightedCrossEntropy(
  logits: Tensor,
  labels: Int32Array,
  weights: ClassWeights,
  divisor: number,
): Tensor {
  const present = [...new Set(labels)].filter((label) => label !== IGNORE && weightOf(label, weights) > 0);
  // A class at a time, because its weight is then a factor of the divisor.
  const parts = present
    .sort((a, b) => a - b)
    .map((label) => {
      const own = labels.map((other) => (other === label ? label : IGNORE));
      return crossEntropy(logits, own, { divisor: divisor / weights[label]! });
    });
  return parts.length === 0
    ? crossEntropy(
        logits,
        labels.map(() => IGNORE),
      )
    : parts.reduce(add);
}
