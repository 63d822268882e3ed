/**
 * Word alignment: words of a sentence and its translation that are mutual nearest neighbors. Jalili Sabet et al. 2020
 * (SimAlign, arXiv:2004.08728), "argmax"; measures of Och & Ney 2003.
 */
import { checkArguments, listOf, numbers } from "../options.js";
import { bestMatches } from "./retrieval.js";

/** A link of a word alignment: indices of a source word and a target word. */
export type Link = readonly [source: number, target: number];

/**
 * Links between words, in source order.
 *
 * @param sources one vector per word
 * @example
 * alignWords([[1, 0], [0, 1]], [[0, 2], [3, 0]]); // [[0, 1], [1, 0]]
 */
export function alignWords(sources: readonly ArrayLike<number>[], targets: readonly ArrayLike<number>[]): Link[] {
  checkArguments("alignWords", { sources, targets }, { sources: listOf(numbers), targets: listOf(numbers) });
  if (sources.length === 0 || targets.length === 0) return [];
  const { forward, backward } = bestMatches(sources, targets);
  return forward.flatMap(({ index }, source) => (backward[index]?.index === source ? [[source, index] as const] : []));
}

/**
 * Precision, recall and F1 of links against manual alignments.
 *
 * @example
 * alignmentFigures([[[0, 0]]], [[[0, 0], [1, 1]]]); // { precision: 1, recall: 0.5, f1: 0.667 }
 */
export function alignmentFigures(
  links: readonly (readonly Link[])[],
  gold: readonly (readonly Link[])[],
): { readonly precision: number; readonly recall: number; readonly f1: number } {
  let [right, found, true_] = [0, 0, 0];
  for (const [i, own] of links.entries()) {
    const truth = new Set(gold[i]!.map(String));
    right += own.filter((link) => truth.has(String(link))).length;
    found += own.length;
    true_ += truth.size;
  }
  const precision = found === 0 ? 0 : right / found;
  const recall = true_ === 0 ? 0 : right / true_;
  return { precision, recall, f1: right === 0 ? 0 : (2 * precision * recall) / (precision + recall) };
}
