/** Correlation of predicted with gold scores: similarity of sentences. */
import { ArgumentError, checkArgument, numbers } from "../../options.js";

/**
 * Pearson's r; 0 where one side does not vary.
 *
 * @throws {ArgumentError} if the lengths differ
 * @example
 * pearson([1, 2, 3], [2, 4, 6]); // 1
 */
export function pearson(x: ArrayLike<number>, y: ArrayLike<number>): number {
  checkArgument("pearson", "x", x, numbers);
  checkArgument("pearson", "y", y, numbers);
  if (x.length !== y.length) throw new ArgumentError(`pearson: ${x.length} values against ${y.length}`);
  if (x.length < 2) throw new ArgumentError(`pearson: at least two values are needed, got ${x.length}`);
  const mean = (values: ArrayLike<number>) => {
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += values[i]!;
    return sum / values.length;
  };
  const [mx, my] = [mean(x), mean(y)];
  let [xx, yy, xy] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    const [dx, dy] = [x[i]! - mx, y[i]! - my];
    xx += dx * dx;
    yy += dy * dy;
    xy += dx * dy;
  }
  return xx === 0 || yy === 0 ? 0 : xy / Math.sqrt(xx * yy);
}

/** Ranks from 1; equal values share the average of their ranks. Example: ranks([3, 1, 3]) -> [2.5, 1, 2.5]. */
export function ranks(values: ArrayLike<number>): Float64Array {
  const order = Array.from(values, (_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const result = new Float64Array(values.length);
  for (let begin = 0, end: number; begin < order.length; begin = end) {
    end = begin + 1;
    while (end < order.length && values[order[end]!] === values[order[begin]!]) end++;
    for (let i = begin; i < end; i++) result[order[i]!] = (begin + 1 + end) / 2;
  }
  return result;
}

/**
 * Spearman's rho: Pearson's r of the ranks.
 *
 * @throws {ArgumentError} if the lengths differ
 * @example
 * spearman([1, 2, 3], [1, 10, 100]); // 1
 */
export function spearman(x: ArrayLike<number>, y: ArrayLike<number>): number {
  checkArgument("spearman", "x", x, numbers);
  checkArgument("spearman", "y", y, numbers);
  return pearson(ranks(x), ranks(y));
}
