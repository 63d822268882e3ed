/**
 * T5's span corruption: each corrupted span of a text becomes one sentinel token, and the target lists the spans. Raffel et al. 2020
 * (arXiv:1910.10683), section 3.1.4; google-research/text-to-text-transfer-transformer, t5/data/preprocessors.py.
 */

import { type Sample, shiftedRight } from "../data/sample.js";
import { ArgumentError, checkOptions } from "../options.js";
import { type Rng, shuffle } from "../tensor/random.js";
import { type Tokenizer, TokenizerError } from "../tokenizer/index.js";
import { roundHalfEven } from "./masked-lm.js";
import { aCount, aShare, aVocabulary, requireTokenizer } from "./vocabulary.js";

/**
 * The part of a tokenizer that span corruption uses: the sentinels <extra_id_0>, <extra_id_1> …, `</s>` and the padding
 * token.
 */
export type SentinelVocabulary = Pick<Tokenizer, "id" | "special">;

/** Options of {@link spanCorruption}. Defaults are those of T5. */
export interface SpanCorruptionOptions {
  readonly tokenizer: SentinelVocabulary;
  /** share of tokens that are corrupted (noise_density of the official code); 0.15 */
  readonly maskingRate?: number;
  /** mean length of a corrupted span in tokens; 3 */
  readonly meanNoiseSpanLength?: number;
}

/** The ids that mark and end source and target. */
export interface Sentinels {
  /** ids of <extra_id_0>, <extra_id_1> …; 100 in the published vocabularies */
  readonly ids: readonly number[];
  /** ends source and target: `</s>` */
  readonly end: number;
  /** starts the decoder: the padding token, 0 where there is none */
  readonly start: number;
}

/**
 * The sentinels of a tokenizer.
 *
 * @throws {TokenizerError} when it has no `</s>` or no <extra_id_0>
 */
export function sentinelsOf(tokenizer: SentinelVocabulary): Sentinels {
  const { special } = tokenizer;
  const ids: number[] = [];
  for (let id = tokenizer.id("<extra_id_0>"); id !== undefined; id = tokenizer.id(`<extra_id_${ids.length}>`))
    ids.push(id);
  if (ids.length === 0 || special.eos === undefined)
    throw new TokenizerError(
      "span-corruption: the tokenizer needs </s> and sentinel tokens <extra_id_0>, <extra_id_1> …, as T5's has",
    );
  return { ids, end: special.eos, start: special.pad ?? 0 };
}

const fround = Math.fround;

/** Number of corrupted tokens and spans in a text of `length` tokens; products are taken in f32, as in the official code. */
export function noiseCounts(length: number, density = 0.15, meanLength = 3): { tokens: number; spans: number } {
  if (length < 2) return { tokens: 0, spans: 0 };
  const tokens = Math.min(Math.max(roundHalfEven(fround(fround(length) * fround(density))), 1), length - 1);
  const spans = Math.max(1, roundHalfEven(fround(tokens / fround(meanLength))));
  // Every corrupted span follows a clean one.
  return { tokens, spans: Math.min(spans, length - tokens) };
}

/** Divide `items` into `parts` non-empty runs, uniformly over all divisions. */
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
 * Which tokens are corrupted. Clean and corrupted spans alternate, clean first: the first token is never corrupted and the
 * last always is.
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
 * How many raw tokens give a source of `inputLength` tokens, and the length of the target; both include `</s>`.
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
  // At density 0.5 rounding can make the target longer than the source; the official code then takes one token less.
  return density === 0.5 && target > inputLength ? { raw: raw - 1, target: target - 1 } : { raw, target };
}

/** Each run of `hidden` tokens becomes one sentinel; other tokens are kept; `</s>` comes last. */
function withSentinels(ids: Int32Array, hidden: readonly boolean[], { ids: sentinels, end }: Sentinels): Int32Array {
  const out: number[] = [];
  let span = -1;
  for (const [i, id] of ids.entries()) {
    if (!hidden[i]) out.push(id);
    else if (i === 0 || !hidden[i - 1]) {
      if (++span >= sentinels.length)
        throw new ArgumentError(
          `span-corruption: a text of ${ids.length} tokens needs more than ${sentinels.length} sentinels; use shorter sequences`,
        );
      out.push(sentinels[span]!);
    }
  }
  out.push(end);
  return Int32Array.from(out);
}

/** Source and target of a text without special tokens, given which tokens are corrupted. */
export function sourceAndTarget(
  ids: Int32Array,
  noise: readonly boolean[],
  sentinels: Sentinels,
): { source: Int32Array; target: Int32Array } {
  return {
    source: withSentinels(ids, noise, sentinels),
    target: withSentinels(
      ids,
      noise.map((hidden) => !hidden),
      sentinels,
    ),
  };
}

/** A sample of these ids, whose last token is special. */
function endedSample(ids: Int32Array): Sample {
  return {
    ids,
    segments: new Uint8Array(ids.length),
    special: Uint8Array.from(ids, (_, i) => Number(i === ids.length - 1)),
    words: Int32Array.from(ids, () => -1),
    labels: {},
  };
}

/** A sample that maps `source` to `target`; both end in `</s>`. */
export function sourceSample(source: Int32Array, target: Int32Array, { start }: Sentinels): Sample {
  const inputs = shiftedRight(target, start);
  return { ...endedSample(source), target: { ...endedSample(inputs), labels: { tokens: target } } };
}

/** The ids of a sample without its special tokens. */
export const plainIds = ({ ids, special }: Sample): Int32Array => ids.filter((_, i) => !special[i]);

/**
 * The corruption for `sequenceToSequence`. Special tokens of the sample are removed first.
 *
 * @example
 * sequenceToSequence("span-corruption", spanCorruption({ tokenizer }));
 * @throws {TokenizerError} when the tokenizer has no sentinels
 */
export function spanCorruption(options: SpanCorruptionOptions): (sample: Sample, rng: Rng) => Sample {
  const rules = { tokenizer: aVocabulary, maskingRate: aShare, meanNoiseSpanLength: aCount };
  requireTokenizer("spanCorruption", options);
  checkOptions("spanCorruption", options, rules);
  const sentinels = sentinelsOf(options.tokenizer);
  return (sample, rng) => {
    const plain = plainIds(sample);
    const noise = spanNoise(plain.length, rng, options.maskingRate, options.meanNoiseSpanLength);
    const { source, target } = sourceAndTarget(plain, noise, sentinels);
    return sourceSample(source, target, sentinels);
  };
}
