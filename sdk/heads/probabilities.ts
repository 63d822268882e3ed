/** Softmax and rankings on the host in double precision, the same on every engine. */
import { exp } from "../math.js";

/** exp(score) / Σ exp(score), in double precision. Example: softmax([0, 0]) -> [0.5, 0.5]. */
export function softmax(scores: ArrayLike<number>): Float64Array {
  const probabilities = new Float64Array(scores.length);
  let highest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < scores.length; i++) highest = Math.max(highest, scores[i]!);
  let sum = 0;
  for (let i = 0; i < scores.length; i++) sum += probabilities[i] = exp(scores[i]! - highest);
  for (let i = 0; i < scores.length; i++) probabilities[i]! /= sum;
  return probabilities;
}

/** 1 / (1 + exp(-score)), in double precision. Example: sigmoid(0) -> 0.5. */
export function sigmoid(score: number): number {
  return softmax([0, score])[1]!;
}

/** Index of the highest score; the first of equals. */
export function argmax(scores: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < scores.length; i++) if (scores[i]! > scores[best]!) best = i;
  return best;
}

/** Indices of the `count` highest scores, highest first; ties in order. */
export function highest(scores: ArrayLike<number>, count: number): number[] {
  const best: number[] = [];
  for (let i = 0; i < scores.length; i++) {
    if (best.length === count && !(scores[i]! > scores[best.at(-1)!]!)) continue;
    let at = best.length;
    while (at > 0 && scores[i]! > scores[best[at - 1]!]!) at--;
    best.splice(at, 0, i);
    if (best.length > count) best.pop();
  }
  return best;
}
