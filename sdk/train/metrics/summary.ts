/** A figure over several seeds: mean, standard deviation and a confidence interval. */
import { ArgumentError, checkArgument, numbers } from "../../options.js";

/** Mean, spread and confidence interval of some values. */
export interface Summary {
  /** number of values */
  readonly n: number;
  readonly mean: number;
  /** of the sample (divided by n - 1); 0 for one value */
  readonly standardDeviation: number;
  /** 95 % confidence interval of the mean by Student's t; infinite for one value */
  readonly interval: readonly [low: number, high: number];
}

/** Student's t, two-sided 95 %, for 1 to 30 degrees of freedom; beyond them 1.96 + 2.4 / df is within 0.003. */
const T = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/**
 * Mean, standard deviation and 95 % interval of the values that several seeds gave. For two arms with the same seeds,
 * summarize their differences: a claim of order needs an interval that excludes 0.
 *
 * @example
 * summarize([0.8, 0.82, 0.84]); // { n: 3, mean: 0.82, standardDeviation: 0.02, interval: [0.77, 0.87] }
 */
export function summarize(values: ArrayLike<number>): Summary {
  checkArgument("summarize", "values", values, numbers);
  const n = values.length;
  if (n === 0) throw new ArgumentError("summarize: there are no values");
  let mean = 0;
  for (let i = 0; i < n; i++) mean += values[i]! / n;
  if (n === 1) return { n, mean, standardDeviation: 0, interval: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] };
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (values[i]! - mean) ** 2;
  const standardDeviation = Math.sqrt(squares / (n - 1));
  const reach = ((T[n - 2] ?? 1.96 + 2.4 / (n - 1)) * standardDeviation) / Math.sqrt(n);
  return { n, mean, standardDeviation, interval: [mean - reach, mean + reach] };
}
