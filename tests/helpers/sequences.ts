/** Sequences of made-up words for tests of corruptions. */
import type { Sample } from "../../sdk/data/sample.js";

/** Ids of special tokens; words begin at 10. */
export const CLS = 0;
export const SEP = 2;
export const MASK = 4;
export const SIZE = 1000;
export const tokenizer = { size: SIZE, special: { mask: MASK } };

/** `[CLS] … [SEP]`, words of given numbers of pieces; ids tell the position only. */
export function sequence(pieces: readonly number[], first = 10): Sample {
  const words = pieces.flatMap((count, word) => new Array<number>(count).fill(word));
  const ids = Int32Array.of(CLS, ...words.map((_, i) => first + i), SEP);
  return {
    ids,
    segments: new Uint8Array(ids.length),
    special: Uint8Array.from(ids, (_, i) => Number(i === 0 || i === ids.length - 1)),
    words: Int32Array.of(-1, ...words, -1),
    labels: {},
  };
}

/** T5's special tokens: `</s>`, the padding, and 100 sentinels that count down from `first`. */
export function t5Tokenizer(first: number, end = 1, count = 100) {
  const id = (token: string): number | undefined => {
    const number = Number(/^<extra_id_(\d+)>$/.exec(token)?.[1] ?? Number.NaN);
    return number < count ? first - number : undefined;
  };
  return { id, special: { eos: end, pad: 0 } };
}
