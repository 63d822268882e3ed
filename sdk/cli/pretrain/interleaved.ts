/** Streams of samples read as one: languages in smoothed shares, and text beside sentences with their translations. */
import { type Rng, type Sample, seed as seedOf } from "cloze/data";
import { languageShares } from "cloze/tokenizer";

/** Samples that are read again in every epoch. */
export interface SampleStream {
  /** samples of one reading, by estimate where only reading all of them would tell */
  size(): Promise<number>;
  /** the samples of a reading, the same for the same number; other readings have another order, or other pairs */
  read(reading: number): AsyncIterable<Sample>;
}

/** Readings of a language within an epoch have numbers of their own. */
const READINGS = 2 ** 32;

/**
 * Languages in smoothed shares, as {@link mixLanguages} mixes lists. A small language is read several times in an epoch, which
 * ends when each has been read whole.
 */
export function mixedStreams(
  languages: readonly SampleStream[],
  { smoothing, seed }: { readonly smoothing: number; readonly seed: number },
): SampleStream {
  const sizes = once(async () => {
    const all: number[] = [];
    for (const language of languages) all.push(await language.size());
    return all;
  });
  const sharesOf = (counts: readonly number[]): number[] => {
    const byIndex = Object.fromEntries(counts.map((count, i) => [i, count]));
    const shares = languageShares(byIndex, smoothing);
    return counts.map((_, i) => shares[i] ?? 0);
  };
  return {
    async size() {
      const counts = await sizes();
      // The language that needs the most draws to be read whole.
      const needed = sharesOf(counts).map((share, i) => (share === 0 ? 0 : counts[i]! / share));
      return Math.ceil(Math.max(...needed));
    },
    async *read(epoch) {
      const shares = sharesOf(await sizes());
      yield* interleave(languages, shares, seedOf(seed).fork(4, epoch), (pass) => epoch * READINGS + pass);
    },
  };
}

/** Streams that are each read once in an epoch, spread over it in proportion to their sizes. */
export function besideEachOther(streams: readonly SampleStream[], seed: number): SampleStream {
  const sizes = once(() => Promise.all(streams.map((stream) => stream.size())));
  return {
    size: async () => (await sizes()).reduce((sum, size) => sum + size, 0),
    async *read(epoch) {
      const rng = seedOf(seed).fork(5, epoch);
      yield* interleave(streams, await sizes(), rng, (pass) => (pass === 0 ? epoch : undefined));
    },
  };
}

/**
 * Samples of several streams, each drawn in proportion to its weight, until all with a weight have been read whole.
 *
 * @param readingOf the number of a stream's n-th reading; undefined where it is not read again
 */
async function* interleave(
  streams: readonly SampleStream[],
  weights: readonly number[],
  rng: Rng,
  readingOf: (pass: number) => number | undefined,
): AsyncGenerator<Sample> {
  const left = [...weights];
  const unread = new Set(left.keys());
  for (const i of left.keys()) if (left[i] === 0) unread.delete(i);
  const passes = streams.map(() => 0);
  const open = streams.map((stream) => stream.read(readingOf(0)!)[Symbol.asyncIterator]());
  try {
    while (unread.size > 0) {
      const i = drawn(left, rng());
      const { value, done } = await open[i]!.next();
      if (!done) {
        yield value;
        continue;
      }
      unread.delete(i);
      const reading = readingOf(++passes[i]!);
      if (reading === undefined) left[i] = 0;
      else open[i] = streams[i]!.read(reading)[Symbol.asyncIterator]();
    }
  } finally {
    for (const one of open) await one.return?.();
  }
}

/** The index that a number from [0, 1) falls on, of weights of which at least one is above 0. */
function drawn(weights: readonly number[], uniform: number): number {
  let left = uniform * weights.reduce((sum, weight) => sum + weight, 0);
  const found = weights.findIndex((weight) => weight > 0 && (left -= weight) < 0);
  return found >= 0 ? found : weights.findLastIndex((weight) => weight > 0);
}

/** The promise of the first call, for all calls. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
