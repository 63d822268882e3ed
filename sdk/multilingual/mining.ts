/**
 * Bitext mining: find the sentences of two collections that are translations of each other. Artetxe & Schwenk 2019
 * (arXiv:1811.01136), section 3; Zweigenbaum et al. 2018 (BUCC) for the measure.
 */
import { DirectionError } from "./errors.js";
import { bestMatches, type ScoringOptions } from "./retrieval.js";

/** A mined pair: indices of both sentences, and its margin score. */
export interface MinedPair {
  readonly source: number;
  readonly target: number;
  readonly score: number;
}

/**
 * Pairs of sentences, best first, each sentence at most once: every sentence proposes its best counterpart, in both
 * directions, and proposals are accepted in the order of their scores.
 *
 * @example
 * mineBitext(english, german).filter(({ score }) => score > 1.06);
 */
export function mineBitext(
  sources: readonly ArrayLike<number>[],
  targets: readonly ArrayLike<number>[],
  options: ScoringOptions = { scoring: "ratio" },
): MinedPair[] {
  const { forward, backward } = bestMatches(sources, targets, options);
  const proposals = [
    ...forward.map(({ index, score }, source) => ({ source, target: index, score })),
    ...backward.map(({ index, score }, target) => ({ source: index, target, score })),
  ].sort((a, b) => b.score - a.score || a.source - b.source || a.target - b.target);
  const [usedSources, usedTargets] = [new Set<number>(), new Set<number>()];
  return proposals.filter(({ source, target }) => {
    if (usedSources.has(source) || usedTargets.has(target)) return false;
    usedSources.add(source);
    usedTargets.add(target);
    return true;
  });
}

/** Precision, recall and F1 of mined pairs. */
export interface MiningFigures {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

/**
 * Precision, recall and F1 of mined pairs.
 *
 * @param gold pairs [source, target]
 * @example
 * miningFigures([{ source: 0, target: 0, score: 1.2 }], [[0, 0], [1, 1]]); // { precision: 1, recall: 0.5, f1: 0.667 }
 */
export function miningFigures(
  mined: readonly MinedPair[],
  gold: readonly (readonly [number, number])[],
): MiningFigures {
  const truth = new Set(gold.map(([source, target]) => `${source} ${target}`));
  const right = mined.filter(({ source, target }) => truth.has(`${source} ${target}`)).length;
  const precision = mined.length === 0 ? 0 : right / mined.length;
  const recall = truth.size === 0 ? 0 : right / truth.size;
  return { precision, recall, f1: precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall) };
}

/**
 * The threshold with the best F1 on a development set, halfway between the last accepted pair and the next.
 *
 * @param mined best first, as {@link mineBitext} returns them
 * @example
 * bestThreshold([{ source: 0, target: 0, score: 1.2 }, { source: 1, target: 0, score: 1 }], [[0, 0]]).threshold; // 1.1
 */
export function bestThreshold(
  mined: readonly MinedPair[],
  gold: readonly (readonly [number, number])[],
): MiningFigures & { readonly threshold: number } {
  if (mined.length === 0) throw new DirectionError("bestThreshold: no pair was mined");
  const truth = new Set(gold.map(([source, target]) => `${source} ${target}`));
  let [right, best, taken] = [0, -1, 0];
  for (const [i, { source, target, score }] of mined.entries()) {
    if (truth.has(`${source} ${target}`)) right++;
    if (mined[i + 1]?.score === score) continue; // equal scores are accepted together
    const f1 = (2 * right) / (i + 1 + truth.size);
    if (f1 > best) [best, taken] = [f1, i + 1];
  }
  const last = mined[taken - 1]!.score;
  const next = mined[taken]?.score;
  return { ...miningFigures(mined.slice(0, taken), gold), threshold: next === undefined ? last : (last + next) / 2 };
}
