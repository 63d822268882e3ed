/**
 * Random numbers for the host: data order, masking, corruption. Integer arithmetic alone, so the same everywhere.
 *
 * Philox 4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): the n-th number of a stream is a
 * function of key and n, so streams can be forked by (seed, epoch, index) and a worker needs no history.
 */
import { ArgumentError, checkArgument, given, type Rule } from "../options.js";

/** A stream of random numbers. */
export interface Rng {
  /** The next number, uniform in [0, 1), a multiple of 2^-32. */
  (): number;
  /** The next whole number, uniform in [0, below); no value is favoured. */
  integer(below: number): number;
  /** Another stream, independent of this one and of draws from it: the same keys give the same stream. */
  fork(...keys: number[]): Rng;
}

const [MULTIPLIER_0, MULTIPLIER_1] = [0xd2511f53, 0xcd9e8d57];
const [WEYL_0, WEYL_1] = [0x9e3779b9, 0xbb67ae85];

/** High 32 bits of the product of two unsigned 32-bit numbers. */
function multiplyHigh(a: number, b: number): number {
  const [al, ah, bl, bh] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  const low = al * bl;
  const middle = ah * bl + (low >>> 16);
  const cross = al * bh + (middle & 0xffff);
  return (ah * bh + Math.floor(middle / 0x10000) + Math.floor(cross / 0x10000)) >>> 0;
}

/** Ten rounds over the counter (four words) under the key (two words). */
export function philox(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
): [number, number, number, number] {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const [high0, low0] = [multiplyHigh(MULTIPLIER_0, c0), Math.imul(MULTIPLIER_0, c0) >>> 0];
    const [high1, low1] = [multiplyHigh(MULTIPLIER_1, c2), Math.imul(MULTIPLIER_1, c2) >>> 0];
    [c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1, (high0 ^ c3 ^ k1) >>> 0, low0];
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** Drawing restarts within the topmost part of the range that would favor small values. */
const RANGE = 2 ** 32;

function stream(key: readonly [number, number]): Rng {
  let block = 0;
  let words: readonly number[] = [];
  let next = 4;
  const word = (): number => {
    if (next === 4) {
      words = philox([block >>> 0, Math.floor(block / RANGE), 0, 0], key);
      block++;
      next = 0;
    }
    return words[next++]!;
  };
  const uniform = (): number => word() / RANGE;
  return Object.assign(uniform, {
    integer(below: number): number {
      if (!Number.isInteger(below) || below < 1 || below > RANGE)
        throw new ArgumentError(`integer: the bound must be a whole number from 1 to 2^32, got ${below}`);
      const limit = RANGE - (RANGE % below);
      for (;;) {
        const drawn = word();
        if (drawn < limit) return drawn % below;
      }
    },
    fork(...keys: number[]): Rng {
      let forked = key;
      for (const k of keys) {
        // A counter block that drawing never reaches, so that no fork repeats this stream.
        const [a, b] = philox([k >>> 0, Math.floor(k / RANGE) >>> 0, 0, 1], forked);
        forked = [a, b];
      }
      return stream(forked);
    },
  });
}

/**
 * The stream of a seed.
 *
 * @example
 * const rng = seed(1);
 * rng(); // a number in [0, 1), the same in every run
 * rng.fork(3, 17); // the stream of one sample, in every worker
 */
export function seed(value: number): Rng {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new ArgumentError(`seed: expected a whole number of at least 0, got ${given(value)}`);
  return stream([value >>> 0, Math.floor(value / RANGE) >>> 0]);
}

/** A source of random numbers that can be forked. */
export const aRandomSource: Rule = {
  expected: "a source of random numbers, as seed() makes them",
  accepts: (value) => typeof value === "function" && typeof (value as Partial<Rng>).integer === "function",
};

/**
 * Put the elements into random order, in place (Fisher & Yates).
 *
 * @returns the same array
 * @example
 * shuffle([1, 2, 3], seed(1)).length; // 3
 */
export function shuffle<T>(items: T[], rng: Rng): T[] {
  checkArgument("shuffle", "items", items, { expected: "an array", accepts: Array.isArray });
  checkArgument("shuffle", "rng", rng, aRandomSource);
  for (let i = items.length - 1; i > 0; i--) {
    const j = rng.integer(i + 1);
    [items[i], items[j]] = [items[j]!, items[i]!];
  }
  return items;
}
