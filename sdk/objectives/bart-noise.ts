/**
 * BART's five corruptions: token masking, token deletion, text infilling, sentence permutation and document rotation, alone
 * or combined. Lewis et al. 2020 (arXiv:1910.13461), section 2.2; facebookresearch/fairseq,
 * fairseq/data/denoising_dataset.py.
 *
 * Sequences are `<s> … </s>`: the first and the last token never move and are never masked or deleted.
 */
import { type Sample, shiftedRight } from "../data/sample.js";
import { exp } from "../math.js";
import { checkOptions, oneOf } from "../options.js";
import { type Rng, shuffle } from "../tensor/random.js";
import { aShare, aVocabulary, maskId, requireTokenizer, type Vocabulary } from "./vocabulary.js";

/** Options of {@link denoising}. Defaults are those of BART-large. */
export interface BartNoiseOptions {
  readonly tokenizer: Vocabulary;
  /** token masking, token deletion or text infilling; infilling by default, as published */
  readonly tokenNoise?: "mask" | "delete" | "infill" | "none";
  /** share of tokens (of words, for infilling) that are masked or deleted; 0.3 */
  readonly maskingRate?: number;
  /** mean length of an infilled span in words; 3 */
  readonly poissonLambda?: number;
  /** share of masks that become a random token instead; 0 */
  readonly randomRate?: number;
  /** share of sentences that are permuted; 0 */
  readonly permuteSentences?: number;
  /** whether the token at a position ends a sentence; without it a sequence counts as one sentence */
  readonly endsSentence?: (id: number, position: number, ids: readonly number[]) => boolean;
  /** probability that a document is rotated; 0 */
  readonly rotate?: number;
}

/** Ids and, for each, whether a word begins there. */
export interface NoisedTokens {
  readonly ids: readonly number[];
  readonly begins: readonly boolean[];
}

/** Probabilities of the lengths 0, 1, …; cut where they fall below 1e-7. Example: poissonTable(3).length -> 18. */
export function poissonTable(lambda: number): number[] {
  const table: number[] = [];
  let probability = exp(-lambda);
  for (let k = 0; ; probability *= lambda / ++k) {
    table.push(probability);
    // The official code keeps the first entry below the bound.
    if (probability < 1e-7) return table;
  }
}

function drawLength(table: readonly number[], rng: Rng): number {
  let left = rng() * table.reduce((sum, p) => sum + p, 0);
  for (const [length, p] of table.entries()) {
    left -= p;
    if (left < 0) return length;
  }
  return table.length - 1;
}

/** ceil(count × rate), with the product in f32 as the official code has it. */
export function hiddenCount(count: number, rate: number): number {
  return Math.ceil(Math.fround(Math.fround(count) * Math.fround(rate)));
}

/** Lengths that add up to `words`, and how many of those drawn were 0. */
export function spanLengths(words: number, lambda: number, rng: Rng): { lengths: number[]; empty: number } {
  const table = poissonTable(lambda);
  const lengths: number[] = [];
  for (let sum = 0; sum < words; ) {
    const length = Math.min(drawLength(table, rng), words - sum);
    lengths.push(length);
    sum += length;
  }
  const filled = lengths.filter((length) => length > 0);
  return { lengths: filled, empty: lengths.length - filled.length };
}

/** The mask token, or a random token with probability `randomRate`. */
function maskOrRandom({ tokenizer, randomRate = 0 }: BartNoiseOptions, rng: Rng): number {
  return randomRate > 0 && rng() < randomRate ? rng.integer(tokenizer.size) : maskId(tokenizer, "bart");
}

/** Positions where a word begins, in random order; never the first or last position. */
function wordStarts({ begins }: NoisedTokens, rng: Rng): number[] {
  const places = begins.flatMap((begin, i) => (begin && i > 0 && i < begins.length - 1 ? [i] : []));
  return shuffle(places, rng);
}

/** Mask single tokens, or delete them. */
function hideTokens(tokens: NoisedTokens, rng: Rng, options: BartNoiseOptions): NoisedTokens {
  const { maskingRate = 0.3, tokenNoise } = options;
  const every: NoisedTokens = { ids: tokens.ids, begins: tokens.ids.map(() => true) };
  const places = wordStarts(every, rng);
  const chosen = new Set(places.slice(0, hiddenCount(places.length, maskingRate)));
  if (tokenNoise === "mask") {
    const ids = tokens.ids.map((id, i) => (chosen.has(i) ? maskOrRandom(options, rng) : id));
    return { ...tokens, ids };
  }
  const kept = <T>(values: readonly T[]) => values.filter((_, i) => !chosen.has(i));
  return { ids: kept(tokens.ids), begins: kept(tokens.begins) };
}

/** Each chosen span of words becomes one mask; a span of length 0 inserts a mask between words. */
function infill(tokens: NoisedTokens, rng: Rng, options: BartNoiseOptions): NoisedTokens {
  const { maskingRate = 0.3, poissonLambda = 3 } = options;
  const { ids, begins } = tokens;
  const places = wordStarts(tokens, rng);
  const { lengths, empty } = spanLengths(hiddenCount(places.length, maskingRate), poissonLambda, rng);
  const hidden = [...ids];
  const kept = ids.map(() => true);
  const spans = lengths.map((length, i) => [places[i]!, length] as const);
  for (const [place] of spans) hidden[place] = maskOrRandom(options, rng);
  for (const [place, length] of spans) {
    let words = length;
    for (let i = place + 1; i < ids.length - 1; i++) {
      if (begins[i] && --words === 0) break;
      kept[i] = false;
    }
  }
  const left = <T>(values: readonly T[]) => values.filter((_, i) => kept[i]);
  return insertMasks({ ids: left(hidden), begins: left(begins) }, empty, rng, options);
}

/** Insert exactly `count` masks at random positions, never first or last. */
function insertMasks({ ids, begins }: NoisedTokens, count: number, rng: Rng, options: BartNoiseOptions): NoisedTokens {
  if (count === 0) return { ids, begins };
  const length = ids.length + count;
  const places = shuffle(
    Array.from({ length: length - 2 }, (_, i) => i + 1),
    rng,
  ).slice(0, count);
  const random = Math.ceil(count * (options.randomRate ?? 0));
  const mask = maskId(options.tokenizer, "bart");
  const inserted = new Map(places.map((place, i) => [place, i < random ? rng.integer(options.tokenizer.size) : mask]));
  const outIds: number[] = [];
  const outBegins: boolean[] = [];
  for (let place = 0, from = 0; place < length; place++) {
    const id = inserted.get(place);
    outIds.push(id ?? ids[from]!);
    outBegins.push(id === undefined ? begins[from]! : true);
    if (id === undefined) from++;
  }
  return { ids: outIds, begins: outBegins };
}

/** Where sentences end (exclusive): after a run's first full stop, and before `</s>`. */
export function sentenceEnds(
  ids: readonly number[],
  endsSentence: NonNullable<BartNoiseOptions["endsSentence"]>,
): number[] {
  const stops = ids.map(endsSentence);
  if (ids.length >= 2) stops[ids.length - 2] = true;
  return stops.flatMap((stop, i) => (i > 0 && stop && !stops[i - 1] ? [i + 1] : []));
}

function permuteSentences(
  tokens: NoisedTokens,
  rng: Rng,
  share: number,
  endsSentence: NonNullable<BartNoiseOptions["endsSentence"]>,
): NoisedTokens {
  const { ids, begins } = tokens;
  if (ids.length < 3) return tokens;
  const ends = sentenceEnds(ids, endsSentence);
  const order = ends.map((_, i) => i);
  const moving = shuffle([...order], rng).slice(0, Math.ceil(ends.length * share));
  const moved = shuffle([...moving], rng);
  for (const [i, from] of moving.entries()) order[from] = moved[i]!;
  const sentence = <T>(values: readonly T[], i: number) => values.slice(i > 0 ? ends[i - 1] : 1, ends[i]);
  const permuted = <T>(values: readonly T[]) => [
    values[0]!,
    ...order.flatMap((i) => sentence(values, i)),
    ...values.slice(ends.at(-1) ?? 1),
  ];
  return { ids: permuted(ids), begins: permuted(begins) };
}

/** `[x0, x_offset … x_{n-2}, x_1 … x_{offset-1}, x_{n-1}]` */
export function rotated<T>(values: readonly T[], offset: number): T[] {
  const last = values.length - 1;
  return [values[0]!, ...values.slice(offset, last), ...values.slice(1, offset), values[last]!];
}

/**
 * The corruptions in their published order: permute sentences, mask, delete or infill, rotate.
 *
 * @example
 * const tokens = { ids: [0, 11, 12, 13, 2], begins: [true, true, false, true, true] };
 * bartNoise(tokens, seed(1), { tokenizer, tokenNoise: "none", rotate: 1 }).ids.length; // 5
 */
export function bartNoise(tokens: NoisedTokens, rng: Rng, options: BartNoiseOptions): NoisedTokens {
  const { permuteSentences: share = 0, rotate = 0, tokenNoise = "infill", endsSentence = () => false } = options;
  let noisy = share > 0 ? permuteSentences(tokens, rng.fork(0), share, endsSentence) : tokens;
  if (tokenNoise === "infill") noisy = infill(noisy, rng.fork(1), options);
  else if (tokenNoise !== "none") noisy = hideTokens(noisy, rng.fork(1), options);
  const rotation = rng.fork(2);
  if (rotate === 0 || rotation() >= rotate || noisy.ids.length < 3) return noisy;
  const offset = 1 + rotation.integer(Math.max(1, noisy.ids.length - 1));
  return { ids: rotated(noisy.ids, offset), begins: rotated(noisy.begins, offset) };
}

/** Whether a word begins at each token: the word index changes, or the token belongs to no word. */
function wordBeginnings({ words }: Sample): boolean[] {
  return Array.from(words, (word, i) => word < 0 || word !== words[i - 1]);
}

/**
 * The corruption for `sequenceToSequence`: the source is noisy, the target the whole text. The decoder's inputs are the
 * target with its last token moved to the front, so that the decoder starts from `</s>` and first writes `<s>`.
 *
 * @example
 * sequenceToSequence("bart", denoising({ tokenizer, permuteSentences: 1, endsSentence: (id) => id === tokenizer.id(".") }));
 * @throws {TokenizerError} when the tokenizer has no mask token and the corruption needs one
 */
export function denoising(options: BartNoiseOptions): (sample: Sample, rng: Rng) => Sample {
  requireTokenizer("denoising", options);
  checkOptions("denoising", options, {
    tokenizer: aVocabulary,
    tokenNoise: oneOf("mask", "delete", "infill", "none"),
    maskingRate: aShare,
    poissonLambda: { expected: "a number above 0", accepts: (value) => typeof value === "number" && value > 0 },
    randomRate: aShare,
    permuteSentences: aShare,
    endsSentence: { expected: "a function", accepts: (value) => typeof value === "function" },
    rotate: aShare,
  });
  if (options.tokenNoise !== "none") maskId(options.tokenizer, "bart");
  return (sample, rng) => {
    const ids = Int32Array.from(
      bartNoise({ ids: Array.from(sample.ids), begins: wordBeginnings(sample) }, rng, options).ids,
    );
    const edge = (_: number, i: number, all: Int32Array) => Number(i === 0 || i === all.length - 1);
    return {
      ids,
      segments: new Uint8Array(ids.length),
      special: Uint8Array.from(ids.map(edge)),
      words: ids.map(() => -1),
      labels: {},
      target: { ...sample, ids: shiftedRight(sample.ids, sample.ids.at(-1)!), labels: { tokens: sample.ids } },
    };
  };
}
