/**
 * Two systems on the same test items: how much better one is, and whether that could be chance.
 *
 * The paired bootstrap draws as many items as there are, with replacement, many times, and looks at how the difference
 * varies. An item that both systems find easy counts for both, so the comparison is sharper than two separate standard
 * errors. Efron 1979, "Bootstrap methods: another look at the jackknife"; Koehn 2004, "Statistical significance tests for
 * machine translation evaluation".
 */
import { ArgumentError, checkArgument, checkOptions, numberBetween, numbers, wholeNumber } from "../../options.js";
import { seed as seedOf } from "../../tensor/random.js";

/** Options of {@link pairedBootstrap}. */
export interface PairedBootstrapOptions {
  /** weight of each item, such as the number of words of a sentence; all items weigh the same by default */
  readonly sizes?: ArrayLike<number>;
  /** number of resampled test sets; 1000 by default */
  readonly resamples?: number;
  /** share of the resampled differences inside the interval; 0.95 by default */
  readonly level?: number;
  /** 1 by default */
  readonly seed?: number;
}

/** The difference of two systems on the same items. */
export interface PairedDifference {
  /** mean score of the first system minus that of the second */
  readonly difference: number;
  /** standard deviation of the resampled differences */
  readonly standardError: number;
  /** percentile interval of the difference, lower end first */
  readonly interval: readonly [lower: number, upper: number];
  /** share of the resampled test sets on which the first system is strictly better */
  readonly wins: number;
}

/** Weighted difference of the two systems, item by item. */
interface Items {
  readonly differences: Float64Array;
  readonly sizes: Float64Array;
}

function itemsOf(first: ArrayLike<number>, second: ArrayLike<number>, sizes?: ArrayLike<number>): Items {
  checkArgument("pairedBootstrap", "first", first, numbers);
  checkArgument("pairedBootstrap", "second", second, numbers);
  const n = first.length;
  if (second.length !== n)
    throw new ArgumentError(`pairedBootstrap: ${n} scores of the first system, ${second.length} of the second`);
  if (n < 2) throw new ArgumentError(`pairedBootstrap: at least two items are needed, got ${n}`);
  if (sizes === undefined) sizes = new Float64Array(n).fill(1);
  checkArgument("pairedBootstrap", "sizes", sizes, numbers);
  if (sizes.length !== n) throw new ArgumentError(`pairedBootstrap: ${sizes.length} sizes for ${n} items`);
  for (let i = 0; i < n; i++)
    if (!(sizes[i]! > 0)) throw new ArgumentError(`pairedBootstrap: sizes[${i}] must be above 0, got ${sizes[i]}`);
  return {
    differences: Float64Array.from({ length: n }, (_, i) => sizes[i]! * (first[i]! - second[i]!)),
    sizes: Float64Array.from(sizes),
  };
}

/** The `share` quantile of sorted values, between two of them where it falls there. */
function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (place - below) * (sorted[above]! - sorted[below]!);
}

/**
 * Compare two systems by their scores on the same test items.
 *
 * @param first score of the first system on each item: 1 or 0 for right or wrong, or any number
 * @param second scores of the second system on the same items, in the same order
 * @throws {ArgumentError} for lists of different lengths and fewer than two items
 * @example
 * pairedBootstrap([1, 1, 0, 1], [1, 0, 0, 0]).difference; // 0.5
 */
export function pairedBootstrap(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  options: PairedBootstrapOptions = {},
): PairedDifference {
  checkOptions("pairedBootstrap", options, {
    sizes: numbers,
    resamples: wholeNumber(1, 2 ** 24),
    level: numberBetween(0, 1),
    seed: wholeNumber(0),
  });
  const { resamples = 1000, level = 0.95, seed = 1 } = options;
  const { differences, sizes } = itemsOf(first, second, options.sizes);
  const n = sizes.length;
  const rng = seedOf(seed);
  const resampled = Float64Array.from({ length: resamples }, () => {
    let [sum, total] = [0, 0];
    for (let draw = 0; draw < n; draw++) {
      const i = rng.integer(n);
      sum += differences[i]!;
      total += sizes[i]!;
    }
    return sum / total;
  }).sort();
  const mean = resampled.reduce((sum, d) => sum + d, 0) / resamples;
  const variance = resampled.reduce((sum, d) => sum + (d - mean) ** 2, 0) / resamples;
  return {
    difference: differences.reduce((sum, d) => sum + d, 0) / sizes.reduce((sum, size) => sum + size, 0),
    standardError: Math.sqrt(variance),
    interval: [quantile(resampled, (1 - level) / 2), quantile(resampled, (1 + level) / 2)],
    wins: resampled.filter((d) => d > 0).length / resamples,
  };
}
