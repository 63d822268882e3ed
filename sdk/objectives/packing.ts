/**
 * Whole sentences packed into sequences, for objectives that need no pairs.
 *
 * Liu et al. 2019 (RoBERTa, arXiv:1907.11692), section 4.2, DOC-SENTENCES: consecutive sentences of one document until
 * the next would not fit; a sequence never crosses into another document.
 */
import type { Sample } from "../data/sample.js";
import {
  join,
  type PairOptions,
  type Segment,
  type TokenizedDocument,
  type TokenizedSentence,
} from "./segment-pairs.js";

/** Sequences of at most `length` tokens, special tokens included; a sentence that is longer alone is split. */
export function packSentences(
  documents: readonly TokenizedDocument[],
  { length, special }: Pick<PairOptions, "length" | "special">,
): Sample[] {
  const most = length - 2;
  if (!(most >= 1))
    throw new RangeError(`packing: a sequence has at least 3 tokens, two of them special; got length ${length}`);
  const samples: Sample[] = [];
  for (const document of documents) {
    let block: TokenizedSentence[] = [];
    let tokens = 0;
    const close = () => {
      if (block.length > 0) samples.push(...split(join(block, 0), most).map((segment) => single(segment, special)));
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

function split({ ids, words }: Segment, most: number): Segment[] {
  const parts: Segment[] = [];
  for (let begin = 0; begin < ids.length; begin += most)
    parts.push({ ids: ids.slice(begin, begin + most), words: words.slice(begin, begin + most) });
  return parts;
}

/** `[CLS] A [SEP]` */
function single({ ids, words }: Segment, { cls, sep }: PairOptions["special"]): Sample {
  const all = Int32Array.from([cls, ...ids, sep]);
  return {
    ids: all,
    segments: new Uint8Array(all.length),
    special: Uint8Array.from(all, (_, i) => (i === 0 || i === all.length - 1 ? 1 : 0)),
    words: Int32Array.from([-1, ...words, -1]),
    labels: {},
  };
}
