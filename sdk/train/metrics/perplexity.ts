/** Perplexity and entropy, from losses in nats. */

import { exp, log } from "../../math.js";
import { aNumber, anIterable, checkArgument, checkArguments, numberBetween, wholeNumber } from "../../options.js";

/**
 * exp(mean loss): the number of equally likely choices that would be as hard.
 *
 * @param meanLoss nats per token
 * @example
 * perplexity(1); // 2.718
 */
export function perplexity(meanLoss: number): number {
  checkArgument("perplexity", "meanLoss", meanLoss, aNumber);
  return exp(meanLoss);
}

/**
 * Entropy in nats of a set of targets by their own frequencies: the loss of the best guess that sees no context.
 *
 * @example
 * unigramEntropy([1, 1, 2, 2]); // 0.693
 */
export function unigramEntropy(targets: Iterable<number>): number {
  checkArgument("unigramEntropy", "targets", targets, anIterable);
  const counts = new Map<number, number>();
  let total = 0;
  for (const target of targets) {
    counts.set(target, (counts.get(target) ?? 0) + 1);
    total++;
  }
  let entropy = 0;
  for (const count of counts.values()) entropy -= (count / total) * log(count / total);
  return entropy;
}

/**
 * Standard error of a share of `n` items: √(share (1 - share) / n).
 *
 * @example
 * standardError(0.5, 100); // 0.05
 */
export function standardError(share: number, n: number): number {
  checkArguments("standardError", { share, n }, { share: numberBetween(0, 1), n: wholeNumber(1) });
  return Math.sqrt((share * (1 - share)) / n);
}
