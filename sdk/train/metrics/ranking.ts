/** Ranking quality: how well scores separate relevant items from the rest. */
import { ArgumentError, checkArgument, numbers } from "../../options.js";

/**
 * The area under the receiver operating characteristic: the probability that a positive scores higher than a negative.
 * Chance is 0.5 for any class balance; ties count half. Hanley & McNeil 1982 (Mann & Whitney's U).
 *
 * @param gold 1 for relevant items, 0 for the rest
 * @returns NaN without positives or without negatives
 * @example
 * areaUnderRoc([0.1, 0.4, 0.4, 0.9], [0, 0, 1, 1]); // 0.875
 */
export function areaUnderRoc(scores: ArrayLike<number>, gold: ArrayLike<number>): number {
  checkArgument("areaUnderRoc", "scores", scores, numbers);
  checkArgument("areaUnderRoc", "gold", gold, numbers);
  if (scores.length !== gold.length)
    throw new ArgumentError(`area under ROC: ${scores.length} scores for ${gold.length} gold labels`);
  const order = Array.from(gold, (_, i) => i).sort((a, b) => scores[a]! - scores[b]!);
  let [below, sought, wins] = [0, 0, 0];
  for (let from = 0; from < order.length; ) {
    let end = from;
    let [same, found] = [0, 0];
    for (; end < order.length && scores[order[end]!] === scores[order[from]!]; end++) {
      if (gold[order[end]!] === 1) found++;
      else same++;
    }
    wins += found * (below + same / 2);
    below += same;
    sought += found;
    from = end;
  }
  return wins / (below * sought);
}
