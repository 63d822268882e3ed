/**
 * T5's span corruption: spans of a text become sentinels, and the target spells them out. Raffel et al. 2020
 * (arXiv:1910.10683), section 3.1.4; google-research/text-to-text-transfer-transformer, t5/data/preprocessors.py.
 */
import type { Sample } from "../data/sample.js";
import { type Rng, shuffle } from "../tensor/random.js";
import { roundHalfEven } from "./masked-lm.js";

export interface SpanCorruptionOptions {
  /** share of tokens that are noise */
  readonly density?: number;
  /** mean length of a noise span */
  readonly meanLength?: number;
  /** id of the first sentinel; the others descend from it */
  readonly sentinel: number;
  /** how many sentinels there are; 100 in the published vocabularies */
  readonly sentinels?: number;
  /** id that ends source and target */
  readonly end: number;
  /** the decoder's start: the padding's id, 0 */
  readonly start?: number;
}

const fround = Math.fround;

/** Noise tokens and spans of a text of `length` tokens, with the products in f32 as the official code has them. */
export function noiseCounts(length: number, density = 0.15, meanLength = 3): { tokens: number; spans: number } {
  if (length < 2) return { tokens: 0, spans: 0 };
  const tokens = Math.min(Math.max(roundHalfEven(fround(fround(length) * fround(density))), 1), length - 1);
  const spans = Math.max(1, roundHalfEven(fround(tokens / fround(meanLength))));
  // A span needs a clean one before it.
  return { tokens, spans: Math.min(spans, length - tokens) };
}

/** `items` in `parts` non-empty runs, every way of dividing them equally likely. */
function divide(items: number, parts: number, rng: Rng): number[] {
  const begins = shuffle(
    Array.from({ length: items - 1 }, (_, i) => i < parts - 1),
    rng,
  );
  const lengths = [1];
  for (const begin of begins) {
    if (begin) lengths.push(1);
    else lengths[lengths.length - 1]!++;
  }
  return lengths;
}

/**
 * Which tokens are noise: clean and noise spans take turns, clean first, so that the first token is never noise and the
 * last span always is.
 */
export function spanNoise(length: number, rng: Rng, density = 0.15, meanLength = 3): boolean[] {
  const { tokens, spans } = noiseCounts(length, density, meanLength);
  if (spans === 0) return new Array<boolean>(length).fill(false);
  const noisy = divide(tokens, spans, rng);
  const clean = divide(length - tokens, spans, rng);
  return clean.flatMap((kept, span) => [
    ...new Array<boolean>(kept).fill(false),
    ...new Array<boolean>(noisy[span]!).fill(true),
  ]);
}

/**
 * The raw length whose source fills `inputLength` tokens without padding, and the length of its target, ends included.
 *
 * @example
 * rawLength(512); // { raw: 568, target: 114 }
 */
export function rawLength(inputLength: number, density = 0.15, meanLength = 3): { raw: number; target: number } {
  const lengths = (raw: number) => {
    const noise = roundHalfEven(raw * density);
    const spans = roundHalfEven(noise / meanLength);
    return { input: raw - noise + spans + 1, target: noise + spans + 1 };
  };
  let raw = inputLength;
  while (lengths(raw + 1).input <= inputLength) raw++;
  const { target } = lengths(raw);
  // Half noise, half clean: the two sides change places where rounding made the target longer.
  return density === 0.5 && target > inputLength ? { raw: raw - 1, target: target - 1 } : { raw, target };
}

/** Each run of `hidden` tokens becomes one sentinel; the others stay; the end comes last. */
function withSentinels(ids: Int32Array, hidden: readonly boolean[], options: SpanCorruptionOptions): Int32Array {
  const { sentinel, sentinels = 100, end } = options;
  const out: number[] = [];
  let span = -1;
  for (const [i, id] of ids.entries()) {
    if (!hidden[i]) out.push(id);
    else if (i === 0 || !hidden[i - 1]) {
      if (++span >= sentinels)
        throw new RangeError(
          `span-corruption: a text of ${ids.length} tokens needs more than ${sentinels} sentinels; cut it`,
        );
      out.push(sentinel - span);
    }
  }
  return Int32Array.from([...out, end]);
}

/** What a text of plain ids, without special tokens, becomes. */
export function corruptSpans(
  ids: Int32Array,
  rng: Rng,
  options: SpanCorruptionOptions,
): { source: Int32Array; target: Int32Array } {
  const noise = spanNoise(ids.length, rng, options.density, options.meanLength);
  return {
    source: withSentinels(ids, noise, options),
    target: withSentinels(
      ids,
      noise.map((hidden) => !hidden),
      options,
    ),
  };
}

/** A sample of these ids alone: the last one special. */
function endedSample(ids: Int32Array): Sample {
  return {
    ids,
    segments: new Uint8Array(ids.length),
    special: Uint8Array.from(ids, (_, i) => Number(i === ids.length - 1)),
    words: Int32Array.from(ids, () => -1),
    labels: {},
  };
}

/**
 * The corruption for `sequenceToSequence`: special tokens of the sample are left out first.
 *
 * @example
 * sequenceToSequence("t5", spanCorruption({ sentinel: 32099, end: 1 }));
 */
export function spanCorruption(options: SpanCorruptionOptions): (sample: Sample, rng: Rng) => Sample {
  const { start = 0 } = options;
  return (sample, rng) => {
    const plain = sample.ids.filter((_, i) => !sample.special[i]);
    const { source, target } = corruptSpans(plain, rng, options);
    const ids = Int32Array.of(start, ...target.subarray(0, -1));
    return { ...endedSample(source), target: { ...endedSample(ids), labels: { tokens: target } } };
  };
}
