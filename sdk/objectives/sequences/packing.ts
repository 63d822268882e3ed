/**
 * Whole sentences packed into sequences, for objectives without pairs.
 *
 * Liu et al. 2019 (RoBERTa, arXiv:1907.11692), section 4.2, DOC-SENTENCES: consecutive sentences of one document until
 * the next would not fit; a sequence never crosses into another document.
 */

import type { Sample } from "../../data/sample.js";
import { ArgumentError } from "../../options.js";
import { type Boundaries, boundaries, endOfText, type SequenceEnds, sequenceEnds } from "../vocabulary.js";
import {
  checkSequences,
  join,
  type PairOptions,
  type Segment,
  type TokenizedDocument,
  type TokenizedSentence,
} from "./segment-pairs.js";

/**
 * Sequences of at most `maxLength` tokens, special tokens included; a longer sentence is split.
 *
 * @example
 * packSentences(documents, { tokenizer, maxLength: 16 }).every(({ ids }) => ids.length <= 16); // true
 */
export function packSentences(
  documents: readonly TokenizedDocument[],
  options: Pick<PairOptions, "maxLength" | "tokenizer">,
): Sample[] {
  checkSequences("packSentences", documents, options);
  const { maxLength, tokenizer } = options;
  const ends = sequenceEnds(tokenizer);
  const most = maxLength - 2;
  if (!(most >= 1))
    throw new ArgumentError(
      `packing: a sequence has at least 3 tokens, two of them special; got maxLength ${maxLength}`,
    );
  const samples: Sample[] = [];
  for (const document of documents) {
    let block: TokenizedSentence[] = [];
    let tokens = 0;
    const close = () => {
      if (block.length > 0)
        for (const segment of split(join(block, 0), most)) samples.push(singleSegment(segment, ends));
      block = [];
      tokens = 0;
    };
    for (const sentence of document) {
      if (tokens + sentence.ids.length > most) close();
      block.push(sentence);
      tokens += sentence.ids.length;
    }
    close();
  }
  return samples;
}

/**
 * RoBERTa's FULL-SENTENCES: consecutive sentences, each followed by the separator, until the next would not fit; a sequence
 * may cross into the next document, after one more separator. fairseq, token_block_utils_fast.pyx; an over-long sentence is
 * split here instead of exceeding the block.
 *
 * @example
 * packFullSentences(documents, { tokenizer, maxLength: 16 }).every(({ ids }) => ids.length <= 16); // true
 */
export function packFullSentences(
  documents: readonly TokenizedDocument[],
  options: Pick<PairOptions, "maxLength" | "tokenizer">,
): Sample[] {
  checkSequences("packFullSentences", documents, options);
  const { maxLength, tokenizer } = options;
  const special = boundaries(tokenizer);
  const most = maxLength - 1;
  if (!(most >= 2))
    throw new ArgumentError(
      `packing: a sequence has at least 3 tokens, two of them special; got maxLength ${maxLength}`,
    );
  const units: Piece[][] = documents.flatMap((document, i) => [
    ...(i > 0 ? [[{ id: special.sep, word: -1 }]] : []),
    ...document.flatMap((sentence) => pieces(sentence, special.sep, most)),
  ]);
  const blocks: Piece[][] = [];
  let block: Piece[] = [];
  for (const unit of units) {
    if (block.length > 0 && block.length + unit.length > most) {
      blocks.push(block);
      block = [];
    }
    for (const piece of unit) block.push(piece);
  }
  if (block.length > 0) blocks.push(block);
  return blocks.filter((own) => own.some(({ word }) => word >= 0)).map((own) => blockSample(own, special));
}

/**
 * For causal language models: all documents as one stream, each followed by the end-of-text token, cut into blocks of
 * `maxLength` tokens (Radford et al. 2019). The last block may be shorter; a block of one token has nothing to predict and is
 * dropped. Nothing is padded.
 *
 * @throws {ArgumentError} when the tokenizer has no token that ends a text
 * @example
 * packStream(documents, { tokenizer, maxLength: 16 }).every(({ ids }) => ids.length <= 16); // true
 */
export function packStream(
  documents: readonly TokenizedDocument[],
  options: Pick<PairOptions, "maxLength" | "tokenizer">,
): Sample[] {
  checkSequences("packStream", documents, options);
  const { maxLength, tokenizer } = options;
  const end = endOfText(tokenizer);
  if (!(maxLength >= 2)) throw new ArgumentError(`packing: a block has at least 2 tokens, got maxLength ${maxLength}`);
  const total = documents.reduce((sum, document) => document.reduce((own, { ids }) => own + ids.length, sum + 1), 0);
  const ids = new Int32Array(total);
  const words = new Int32Array(total);
  let at = 0;
  for (const document of documents) {
    const text = join(document, 0);
    ids.set(text.ids, at);
    words.set(text.words, at);
    at += text.ids.length;
    ids[at] = end;
    words[at++] = -1;
  }
  const blocks: Sample[] = [];
  for (let begin = 0; begin + 1 < total; begin += maxLength) {
    const own = words.slice(begin, begin + maxLength);
    blocks.push({
      ids: ids.slice(begin, begin + maxLength),
      segments: new Uint8Array(own.length),
      special: Uint8Array.from(own, (word) => Number(word < 0)),
      words: own,
      labels: {},
    });
  }
  return blocks;
}

interface Piece {
  readonly id: number;
  /** within its sentence; -1 for separators */
  readonly word: number;
}

/** A sentence and its separator, in parts of at most `most` tokens. */
function pieces({ ids, words }: TokenizedSentence, sep: number, most: number): Piece[][] {
  const all = [...Array.from(ids, (id, i) => ({ id, word: words[i]! })), { id: sep, word: -1 }];
  return Array.from({ length: Math.ceil(all.length / most) }, (_, i) => all.slice(i * most, (i + 1) * most));
}

function blockSample(block: readonly Piece[], { cls, sep }: Boundaries): Sample {
  const ids = Int32Array.from([cls, ...block.map(({ id }) => id)]);
  let base = 0;
  let last = -1;
  const words = block.map(({ word }) => {
    if (word < 0) {
      base += last + 1;
      last = -1;
      return -1;
    }
    last = Math.max(last, word);
    return base + word;
  });
  return {
    ids,
    segments: new Uint8Array(ids.length),
    special: Uint8Array.from(ids, (id, i) => Number(i === 0 || (id === sep && words[i - 1] === -1))),
    words: Int32Array.from([-1, ...words]),
    labels: {},
  };
}

function split({ ids, words }: Segment, most: number): Segment[] {
  const parts: Segment[] = [];
  for (let begin = 0; begin < ids.length; begin += most)
    parts.push({ ids: ids.slice(begin, begin + most), words: words.slice(begin, begin + most) });
  return parts;
}

/** `[CLS] A [SEP]`, or `A </s>` (T5). */
function singleSegment({ ids, words }: Segment, { start, end }: SequenceEnds): Sample {
  const all = Int32Array.from([...start, ...ids, end]);
  return {
    ids: all,
    segments: new Uint8Array(all.length),
    special: Uint8Array.from(all, (_, i) => Number(i < start.length || i === all.length - 1)),
    words: Int32Array.from([...start.map(() => -1), ...words, -1]),
    labels: {},
  };
}
