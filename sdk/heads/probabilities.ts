/** Softmax and rankings on the host in double precision, the same on every engine. */
import { exp, log } from "../math.js";
import { anArray, checkArgument, wholeNumber } from "../options.js";

/**
 * exp(score) / Σ exp(score), in double precision.
 *
 * @example
 * softmax([0, 0]); // [0.5, 0.5]
 */
export function softmax(scores: ArrayLike<number>): Float64Array {
  checkArgument("softmax", "scores", scores, anArray);
  const probabilities = new Float64Array(scores.length);
  const sum = exponentials(scores, probabilities);
  for (let i = 0; i < scores.length; i++) probabilities[i]! /= sum;
  return probabilities;
}

/**
 * Write exp(score - the highest score) to `into`.
 *
 * @returns their sum
 */
export function exponentials(scores: ArrayLike<number>, into: Float64Array): number {
  const highest = maximum(scores);
  let sum = 0;
  for (let i = 0; i < scores.length; i++) {
    // Tokens excluded by a rule cost no exponential.
    const isExcluded = scores[i] === Number.NEGATIVE_INFINITY && highest > Number.NEGATIVE_INFINITY;
    sum += into[i] = isExcluded ? 0 : exp(scores[i]! - highest);
  }
  return sum;
}

/** log Σ exp(score), in double precision. */
export function logSumExp(scores: ArrayLike<number>): number {
  const highest = maximum(scores);
  let sum = 0;
  for (let i = 0; i < scores.length; i++) sum += exp(scores[i]! - highest);
  return highest + log(sum);
}

function maximum(scores: ArrayLike<number>): number {
  let highest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < scores.length; i++) highest = Math.max(highest, scores[i]!);
  return highest;
}

/** 1 / (1 + exp(-score)), in double precision. Example: sigmoid(0) -> 0.5. */
export function sigmoid(score: number): number {
  return softmax([0, score])[1]!;
}

/**
 * Index of the highest score; the first of equals.
 *
 * @example
 * argmax([0.1, 0.9, 0.9]); // 1
 */
export function argmax(scores: ArrayLike<number>): number {
  checkArgument("argmax", "scores", scores, anArray);
  let best = 0;
  for (let i = 1; i < scores.length; i++) if (scores[i]! > scores[best]!) best = i;
  return best;
}

/**
 * Indices of the `count` highest scores, highest first; ties in order.
 *
 * @example
 * highest([0.1, 0.9, 0.5], 2); // [1, 2]
 */
export function highest(scores: ArrayLike<number>, count: number): number[] {
  checkArgument("highest", "scores", scores, anArray);
  checkArgument("highest", "count", count, wholeNumber(0));
  const best: number[] = [];
  if (count < 1) return best;
  /** the score that another must exceed */
  let least = Number.NaN;
  for (let i = 0; i < scores.length; i++) {
    if (best.length === count && !(scores[i]! > least)) continue;
    let at = best.length;
    while (at > 0 && scores[i]! > scores[best[at - 1]!]!) at--;
    best.splice(at, 0, i);
    if (best.length > count) best.pop();
    least = scores[best[best.length - 1]!]!;
  }
  return best;
}
