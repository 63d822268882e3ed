/** Whether one word's vectors in different sentences fall apart by its senses. */

import { cosine } from "../../heads/similarity.js";
import { ArgumentError, aString, checkArguments, listOf, numbers } from "../../options.js";
import { meanSilhouette } from "./silhouette.js";

export interface SenseFigures {
  /** mean cosine of two vectors of one sense */
  readonly within: number;
  /** mean cosine of two vectors of different senses */
  readonly between: number;
  /** within - between */
  readonly separation: number;
  /** mean silhouette of cosine distances, Rousseeuw 1987: 1 for clusters that are tight and apart, 0 for none */
  readonly silhouette: number;
  /** share of vectors whose nearest other one has their sense; one that is nearest to several counts the share of them */
  readonly accuracy: number;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The share of its own sense among the vectors that are nearest. */
function nearestOf(cosines: readonly number[], senses: readonly string[], i: number): number {
  let best = Number.NEGATIVE_INFINITY;
  let [right, all] = [0, 0];
  for (const [j, score] of cosines.entries()) {
    if (j === i || score < best) continue;
    if (score > best) {
      best = score;
      right = all = 0;
    }
    all++;
    if (senses[j] === senses[i]) right++;
  }
  return right / all;
}

/**
 * Compare with the same figures of a static vector (all cosines 1: separation 0) and of a model with random weights.
 *
 * @param vectors of one word, each from another sentence
 * @param senses of the vectors, by name; at least two, and two vectors of at least one of them
 * @example
 * senseSeparation([[1, 0], [0.9, 0.1], [0, 1], [0.1, 1]], ["river", "river", "money", "money"]).accuracy;
 */
export function senseSeparation(vectors: readonly ArrayLike<number>[], senses: readonly string[]): SenseFigures {
  checkArguments("senseSeparation", { vectors, senses }, { vectors: listOf(numbers), senses: listOf(aString) });
  if (vectors.length !== senses.length)
    throw new ArgumentError(`senseSeparation: ${vectors.length} vectors but ${senses.length} senses`);
  const kinds = new Set(senses);
  if (kinds.size < 2 || kinds.size === senses.length)
    throw new ArgumentError(
      `senseSeparation: two senses are needed, one of them twice; got ${[...kinds].join(", ") || "none"} in ${senses.length} sentences`,
    );
  const cosines = vectors.map((a) => vectors.map((b) => cosine(a, b)));
  const pairs = (same: boolean): number[] =>
    cosines.flatMap((row, i) => row.filter((_, j) => j > i && (senses[i] === senses[j]) === same));
  const [within, between] = [mean(pairs(true)), mean(pairs(false))];
  return {
    within,
    between,
    separation: within - between,
    silhouette: meanSilhouette(
      cosines.map((row) => row.map((c) => 1 - c)),
      senses,
    ),
    accuracy: mean(senses.map((_, i) => nearestOf(cosines[i]!, senses, i))),
  };
}
