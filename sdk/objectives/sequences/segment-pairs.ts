/**
 * Pairs of segments from documents, for next-sentence prediction and sentence-order prediction.
 *
 * google-research/bert, create_pretraining_data.py (`create_instances_from_document`); google-research/ALBERT, same file.
 */

import type { Sample } from "../../data/sample.js";
import { ArgumentError, checkArgument, checkArguments, numberBetween, type Rule, withFields } from "../../options.js";
import { aRandomSource, type Rng, seed } from "../../tensor/random.js";
import type { Boundaries, Vocabulary } from "../vocabulary.js";

/** A document as token ids of its sentences, with the word index of every token. */
export interface TokenizedSentence {
  readonly ids: Int32Array;
  /** index of the word within the sentence, -1 where there is none */
  readonly words: Int32Array;
}

/** A document as its tokenized sentences. */
export type TokenizedDocument = readonly TokenizedSentence[];

/** Options of next-sentence and sentence-order pairs. */
export interface PairOptions {
  /** longest sequence, special tokens included */
  readonly maxLength: number;
  /** probability that a document's target length is drawn at random instead of the longest; BERT's short_seq_prob, 0.1 */
  readonly shortSequenceRate?: number;
  readonly tokenizer: Pick<Vocabulary, "special">;
}

const areTokens = (sentence: Partial<TokenizedSentence> | null | undefined): boolean =>
  ArrayBuffer.isView(sentence?.ids) &&
  ArrayBuffer.isView(sentence.words) &&
  sentence.ids.length === sentence.words.length;

const someDocuments: Rule = {
  expected: "an array of tokenized documents",
  accepts: (value) =>
    Array.isArray(value) &&
    Array.from(value as unknown[]).every(
      (document) => Array.isArray(document) && Array.from(document).every(areTokens),
    ),
};

/** @throws {ArgumentError} unless these can be made into sequences */
export function checkSequences(
  where: string,
  documents: unknown,
  options: Partial<PairOptions>,
  rng: unknown = seed(0),
): void {
  checkArgument(where, "documents", documents, someDocuments);
  checkArgument(
    where,
    "options",
    options,
    withFields("an object with maxLength and tokenizer", "maxLength", "tokenizer"),
  );
  const { maxLength, tokenizer, shortSequenceRate = 0 } = options;
  checkArguments(
    where,
    { maxLength, tokenizer, shortSequenceRate },
    {
      maxLength: { expected: "a number of tokens", accepts: (value) => typeof value === "number" },
      tokenizer: withFields("a tokenizer", "special"),
      shortSequenceRate: numberBetween(0, 1),
    },
  );
  checkArgument(where, "rng", rng, aRandomSource);
}

/** Tokens of a segment: ids, and word indices that are unique within the sequence. */
export interface Segment {
  readonly ids: number[];
  readonly words: number[];
}

/** Consecutive sentences, and where they are divided into two segments. */
export interface Chunk {
  readonly sentences: readonly TokenizedSentence[];
  /** number of sentences in the first segment */
  readonly split: number;
  /** target number of tokens of both segments together */
  readonly target: number;
}

/** Concatenate sentences; word indices continue from `firstWord`. */
export function join(sentences: readonly TokenizedSentence[], firstWord: number): Segment {
  const ids: number[] = [];
  const words: number[] = [];
  let base = firstWord;
  for (const sentence of sentences) {
    let last = -1;
    for (const [i, id] of sentence.ids.entries()) {
      const word = sentence.words[i]!;
      ids.push(id);
      words.push(word < 0 ? -1 : base + word);
      last = Math.max(last, word);
    }
    base += last + 1;
  }
  return { ids, words };
}

/**
 * Target length of the pairs of one pass over a document, in tokens: drawn once per pass, not per pair.
 *
 * @throws {ArgumentError} when a sequence cannot hold one token of each segment
 */
export function targetLength(options: PairOptions, rng: Rng): number {
  const most = options.maxLength - 3;
  if (!(most >= 2))
    throw new ArgumentError(
      `pairs: a sequence of a pair has at least 5 tokens, three of them special; got maxLength ${options.maxLength}`,
    );
  if (rng() >= (options.shortSequenceRate ?? 0.1)) return most;
  return 2 + rng.integer(most - 1);
}

/**
 * Walk a document: collect sentences until the target is reached or the document ends, then pass the chunk to `emit`,
 * which returns how many of its sentences it used; the rest are put back.
 */
export function walkChunks(
  document: TokenizedDocument,
  target: number,
  rng: Rng,
  emit: (chunk: Chunk) => number,
): void {
  let chunk: TokenizedSentence[] = [];
  let tokens = 0;
  for (let i = 0; i < document.length; i++) {
    chunk.push(document[i]!);
    tokens += document[i]!.ids.length;
    if (i < document.length - 1 && tokens < target) continue;
    const split = chunk.length >= 2 ? 1 + rng.integer(chunk.length - 1) : 1;
    const used = emit({ sentences: chunk, split, target });
    i -= chunk.length - used;
    chunk = [];
    tokens = 0;
  }
}

/** While too long, remove one token from the longer segment (the second, if equal), from its front or back at random. */
export function truncatePair(a: Segment, b: Segment, most: number, rng: Rng): void {
  const [first, second] = [
    { from: 0, to: a.ids.length },
    { from: 0, to: b.ids.length },
  ];
  const length = ({ from, to }: typeof first) => to - from;
  while (length(first) + length(second) > most) {
    const longer = length(first) > length(second) ? first : second;
    if (rng() < 0.5) longer.from++;
    else longer.to--;
  }
  for (const [{ ids, words }, { from, to }] of [[a, first] as const, [b, second] as const]) {
    for (const values of [ids, words]) {
      values.copyWithin(0, from, to);
      values.length = to - from;
    }
  }
}

/** One more than the largest word index, 0 for none: where the indices of a segment after this one begin. */
export function wordCount({ words }: Segment): number {
  return words.reduce((most, word) => Math.max(most, word + 1), 0);
}

/** `[CLS] A [SEP] B [SEP]` as a sample with its pair label. */
export function pairSample(a: Segment, b: Segment, { cls, sep }: Boundaries, pair: number): Sample {
  const ids = Int32Array.from([cls, ...a.ids, sep, ...b.ids, sep]);
  const first = a.ids.length + 2;
  const segments = Uint8Array.from(ids, (_, i) => (i < first ? 0 : 1));
  const special = Uint8Array.from(ids, (_, i) => (i === 0 || i === first - 1 || i === ids.length - 1 ? 1 : 0));
  const words = Int32Array.from([-1, ...a.words, -1, ...b.words, -1]);
  return { ids, segments, special, words, labels: { pair } };
}
