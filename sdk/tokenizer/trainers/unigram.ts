/**
 * Learn a Unigram vocabulary from text (Kudo 2018, arXiv:1804.10959, section 3.2): start with many frequent substrings,
 * then alternate between fitting their probabilities by EM and dropping those that cost the least likelihood.
 */

import { log } from "../../math.js";
import { expect } from "../errors.js";
import { Unigram } from "../models/unigram.js";
import { readNormalizer } from "../normalizers/read.js";
import { readPreTokenizer } from "../pre-tokenizers/read.js";
import { type UnigramSteps, unigramTokenizer } from "../presets.js";
import type { Tokenizer } from "../tokenizer.js";
import { PiecePool } from "../vocabulary/piece-pool.js";
import { Trie } from "../vocabulary/trie.js";
import { Vocabulary } from "../vocabulary/vocabulary.js";
import { checkTraining } from "./check-training.js";
import { type Trained, type TrainingTexts, withWordCounts } from "./count-words.js";
import { digamma } from "./digamma.js";
import { UnigramLattice } from "./lattice.js";
import { repeatedSubstrings } from "./substrings.js";
import type { TrainingOptions } from "./wordpiece.js";

/** Options of {@link trainUnigram}. */
export interface UnigramTraining extends TrainingOptions {
  /** Lower-case the text and strip accents, as ALBERT does. Defaults to false. */
  readonly lowercase?: boolean;
  /** First pieces of the vocabulary, the unknown one among them. Defaults to XLM-R's. */
  readonly special?: readonly string[];
  /** Number of substrings to begin with. Defaults to a million. */
  readonly seeds?: number;
}

const XLMR_SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"] as const;
const LONGEST = 16;
const ROUNDS = 2; // of expectation and maximization before each pruning
const SHRINK = 0.75; // share of the pieces that a pruning keeps

/** A word, and how often it occurs. */
interface Word {
  readonly units: Uint16Array;
  readonly count: number;
}

/** Pieces with their scores; number 0 is the unknown piece. */
interface Pieces {
  readonly texts: string[];
  readonly scores: Float64Array;
}

/**
 * A SentencePiece-like tokenizer whose pieces are learned from texts; a promise of one where these are an asynchronous
 * stream. Learning blocks its thread; `signal` ends it early, and `onProgress` says how far it is.
 *
 *   trainUnigram(lines, { size: 8000 })
 *
 * @example
 * trainUnigram(texts, { size: 40 }).size; // at most 40
 */
export function trainUnigram<Texts extends TrainingTexts>(
  texts: Texts,
  options: UnigramTraining,
): Trained<Texts, Tokenizer> {
  checkTraining("trainUnigram", options);
  const { onProgress, signal } = options;
  const json = stepsJSON(options.lowercase ?? false);
  const [normalizer, preTokenizer] = [readNormalizer(json.normalizer), readPreTokenizer(json.pre_tokenizer)];
  const counting = { signal, onText: (done: number) => onProgress?.({ phase: "reading", done }) };
  return withWordCounts(texts, normalizer, preTokenizer, counting, (counts) => learnUnigram(counts, json, options));
}

/** Start from many seed pieces and keep those that make the words most probable. */
function learnUnigram(
  counts: ReadonlyMap<string, number>,
  json: ReturnType<typeof stepsJSON>,
  options: UnigramTraining,
): Tokenizer {
  const { size, special = XLMR_SPECIAL, onProgress, signal } = options;
  const words = wordsOf(counts);
  const characters = new Set<string>();
  for (const word of counts.keys()) for (const character of word) characters.add(character);
  const wanted = size - special.length;
  expect(
    Number.isInteger(size) && wanted >= characters.size && special.includes("<unk>"),
    `trainUnigram: size must be at least ${special.length + characters.size} for ${special.length} special tokens (<unk> among them) and ${characters.size} characters, got ${size}`,
  );
  let pieces = seedPieces(counts, options.seeds ?? 1_000_000);
  for (;;) {
    for (let round = 0; round < ROUNDS; round++) {
      signal?.throwIfAborted();
      pieces = maximize(pieces, expectation(pieces, words));
    }
    onProgress?.({
      phase: "learning",
      done: Math.min(size, Math.round((size * size) / pieces.texts.length)),
      total: size,
    });
    if (pieces.texts.length <= Math.floor(wanted * 1.1)) break;
    pieces = prune(pieces, words, Math.floor(wanted * 1.1));
  }
  return finish(pieces, characters, wanted, special, json);
}

function unitsOf(text: string): Uint16Array {
  return Uint16Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
}

/** A longer word is text without spaces. A lattice takes about a hundred bytes per character. */
const LONGEST_WORD = 4096;

/** Words with their counts; words too long for a lattice are split between characters. */
function wordsOf(counts: ReadonlyMap<string, number>): Word[] {
  const parts = new Map<string, number>();
  for (const [word, count] of counts)
    for (let begin = 0; begin < word.length; ) {
      let end = Math.min(word.length, begin + LONGEST_WORD);
      if (end < word.length && (word.charCodeAt(end) & 0xfc00) === 0xdc00) end--;
      const part = word.slice(begin, end);
      parts.set(part, (parts.get(part) ?? 0) + count);
      begin = end;
    }
  return [...parts].map(([text, count]) => ({ units: unitsOf(text), count }));
}

/** Every character, and the substrings with the highest frequency times length. */
function seedPieces(counts: ReadonlyMap<string, number>, most: number): Pieces {
  const frequencies = new Map<string, number>();
  const flat: number[] = [];
  for (const [word, count] of counts) {
    for (const character of word) {
      frequencies.set(character, (frequencies.get(character) ?? 0) + count);
      flat.push(character.codePointAt(0)!);
    }
    flat.push(0);
  }
  const text = Int32Array.from(flat);
  const found: [string, number][] = [];
  repeatedSubstrings(text, LONGEST, ({ at, length, count }) => {
    if (length < 2) return;
    const symbols = text.subarray(at, at + length);
    if (!symbols.includes(0)) found.push([String.fromCodePoint(...symbols), count * length]);
  });
  found.sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? 1 : -1));
  const seeds = [...frequencies].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? 1 : -1));
  for (const seed of found.slice(0, Math.max(0, most - seeds.length))) seeds.push(seed);
  const sum = log(seeds.reduce((total, [, score]) => total + score, 0));
  return {
    texts: ["<unk>", ...seeds.map(([piece]) => piece)],
    scores: Float64Array.from([0, ...seeds.map(([, score]) => log(score) - sum)]),
  };
}

function latticeOf({ texts, scores }: Pieces): UnigramLattice {
  const vocabulary = new Vocabulary(new PiecePool(texts.length));
  // The unknown piece is not found in text.
  for (let id = 1; id < texts.length; id++) vocabulary.add(texts[id]!, id);
  return new UnigramLattice(new Trie(vocabulary.pool), scores);
}

/** Expected count of each piece over all segmentations of all words. */
function expectation(pieces: Pieces, words: readonly Word[]): Float64Array {
  const lattice = latticeOf(pieces);
  const expected = new Float64Array(pieces.texts.length);
  for (const { units, count } of words) {
    lattice.read(units);
    lattice.expect(units.length, count, expected);
  }
  return expected;
}

/** New scores from expected counts; pieces with a count below 0.5 are dropped. The digamma function makes rare ones rarer. */
function maximize({ texts }: Pieces, expected: Float64Array): Pieces {
  const kept = texts.map((_, id) => id).filter((id) => id > 0 && expected[id]! >= 0.5);
  const sum = digamma(kept.reduce((total, id) => total + expected[id]!, 0));
  return {
    texts: ["<unk>", ...kept.map((id) => texts[id]!)],
    scores: Float64Array.from([0, ...kept.map((id) => digamma(expected[id]!) - sum)]),
  };
}

/** Keep the pieces whose replacement by their best segmentation would cost the most likelihood. */
function prune(pieces: Pieces, words: readonly Word[], least: number): Pieces {
  const { texts, scores } = pieces;
  const lattice = latticeOf(pieces);
  const used = new Float64Array(texts.length);
  const inWords = new Float64Array(texts.length);
  let all = 0;
  for (const { units, count } of words) {
    lattice.read(units);
    const { pieces: path } = lattice.path(units.length);
    for (const id of path) {
      used[id]! += count;
      inWords[id]! += count;
    }
    all += count;
  }
  const sum = used.reduce((total, n) => total + n, 0);
  const kept: number[] = [];
  const candidates: [number, number][] = [];
  for (let id = 1; id < texts.length; id++) {
    const units = unitsOf(texts[id]!);
    lattice.read(units);
    const { pieces: spelling, score } = lattice.path(units.length, id);
    if (spelling.length === 0) kept.push(id);
    else if (score > scores[id]! || used[id] === 0) {
      // Its segmentation is more probable, so the piece is unused unless by a tie; keep it if it was used.
      if (used[id]! > 0) kept.push(id);
    } else candidates.push([id, loss(id, spelling, used, inWords[id]! / all, sum)]);
  }
  const target = Math.max(least, Math.floor(texts.length * SHRINK));
  candidates.sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  for (const [id] of candidates.slice(0, Math.max(0, target - kept.length - 1))) kept.push(id);
  return {
    texts: ["<unk>", ...kept.map((id) => texts[id]!)],
    scores: Float64Array.from([0, ...kept.map((id) => scores[id]!)]),
  };
}

/** Loss of likelihood when the piece is replaced by its segmentation. */
function loss(id: number, spelling: readonly number[], used: Float64Array, share: number, sum: number): number {
  const before = log(used[id]!) - log(sum);
  const sumAfter = log(sum + used[id]! * (spelling.length - 1));
  const after = spelling.reduce((total, other) => total + log(used[other]! + used[id]!) - sumAfter, 0);
  return share * (before - after);
}

/** Special tokens, then every character and the most valuable pieces, by descending score. */
function finish(
  pieces: Pieces,
  characters: ReadonlySet<string>,
  wanted: number,
  special: readonly string[],
  json: UnigramSteps,
): Tokenizer {
  const scores = new Map(pieces.texts.map((text, id) => [text, pieces.scores[id]!]));
  scores.delete("<unk>");
  let lowest = pieces.scores.reduce((least, score) => Math.min(least, score), 0);
  const final = new Map<string, number>();
  for (const character of [...characters].sort()) {
    final.set(character, scores.get(character) ?? lowest);
    if (!scores.has(character)) lowest += 0.0001;
  }
  // In the order of the last pruning: those that would have been dropped next are omitted.
  for (const [text, score] of scores) {
    if (final.size >= wanted) break;
    final.set(text, score);
  }
  const rows = [...final]
    .filter(([text]) => !special.includes(text))
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const vocabulary = Vocabulary.of([...special, ...rows.map(([text]) => text)]);
  const all = Float64Array.from([...special.map(() => 0), ...rows.map(([, score]) => score)]);
  return unigramTokenizer(new Unigram(vocabulary, all, vocabulary.find("<unk>")), special, json);
}

function stepsJSON(lowercase: boolean): UnigramSteps {
  const fold = lowercase ? [{ type: "NFKD" }, { type: "StripAccents" }, { type: "Lowercase" }] : [{ type: "NFKC" }];
  const metaspace = { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true };
  const collapse = { type: "Replace", pattern: { Regex: " {2,}" }, content: " " };
  return {
    normalizer: { type: "Sequence", normalizers: [{ type: "Nmt" }, ...fold, collapse] },
    pre_tokenizer: metaspace,
    decoder: metaspace,
  };
}
