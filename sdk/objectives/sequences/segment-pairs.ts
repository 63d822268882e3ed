/**
 * Pairs of segments out of documents: the frame that next-sentence prediction and sentence order share.
 *
 * google-research/bert, create_pretraining_data.py (`create_instances_from_document`); google-research/ALBERT, same file.
 */
import type { Sample } from "../../data/sample.js";
import type { Rng } from "../../tensor/random.js";

/** A document as token ids of its sentences, with the word index of every token. */
export interface TokenizedSentence {
  readonly ids: Int32Array;
  /** index of the word within the sentence, -1 where there is none */
  readonly words: Int32Array;
}
export type TokenizedDocument = readonly TokenizedSentence[];

export interface PairOptions {
  /** longest sequence, special tokens included */
  readonly length: number;
  /** share of documents whose target length is drawn at random instead of the longest; BERT: 0.1 */
  readonly shortRate?: number;
  readonly special: { readonly cls: number; readonly sep: number };
}

/** Tokens of a segment: pairs of id and a word number that is unique within the sequence. */
export interface Segment {
  readonly ids: number[];
  readonly words: number[];
}

/** Where a chunk of consecutive sentences is divided, and where it lies in its document. */
export interface Chunk {
  readonly sentences: readonly TokenizedSentence[];
  /** how many sentences are in the first segment */
  readonly split: number;
  /** tokens that both segments together should have */
  readonly target: number;
}

/** Every sentence's tokens one after the other; words are numbered on from `firstWord`. */
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
 * How many tokens the pairs of one pass over a document aim at: drawn once per pass, not per pair.
 *
 * @throws {RangeError} when a sequence could not hold a token of either segment
 */
export function targetLength(options: PairOptions, rng: Rng): number {
  const most = options.length - 3;
  if (!(most >= 2))
    throw new RangeError(
      `pairs: a sequence of a pair has at least 5 tokens, three of them special; got length ${options.length}`,
    );
  if (rng() >= (options.shortRate ?? 0.1)) return most;
  return 2 + rng.integer(most - 1);
}

/**
 * Walk a document: collect sentences until the target is reached or the document ends, then hand the chunk to `emit`,
 * which answers how many of its sentences it used; the rest are put back.
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

/** While too long, take one token from the longer segment (the second, if equal), from its front or back by a coin. */
export function truncatePair(a: Segment, b: Segment, most: number, rng: Rng): void {
  while (a.ids.length + b.ids.length > most) {
    const { ids, words } = a.ids.length > b.ids.length ? a : b;
    if (rng() < 0.5) {
      ids.shift();
      words.shift();
    } else {
      ids.pop();
      words.pop();
    }
  }
}

/** `[CLS] A [SEP] B [SEP]` as a sample with its pair label. */
export function pairSample(a: Segment, b: Segment, { cls, sep }: PairOptions["special"], pair: number): Sample {
  const ids = Int32Array.from([cls, ...a.ids, sep, ...b.ids, sep]);
  const first = a.ids.length + 2;
  const segments = Uint8Array.from(ids, (_, i) => (i < first ? 0 : 1));
  const special = Uint8Array.from(ids, (_, i) => (i === 0 || i === first - 1 || i === ids.length - 1 ? 1 : 0));
  const words = Int32Array.from([-1, ...a.words, -1, ...b.words, -1]);
  return { ids, segments, special, words, labels: { pair } };
}
