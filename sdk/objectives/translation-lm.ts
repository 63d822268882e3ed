/**
 * Translation language modelling: a sentence and its translation in one sequence, both masked, so that each may be read to
 * fill in the other. Conneau & Lample 2019, "Cross-lingual Language Model Pretraining" (arXiv:1901.07291), section 3.3.
 */
import type { Sample } from "../data/sample.js";
import type { TokenizedSentence } from "./sequences/segment-pairs.js";

export interface TranslationPairOptions {
  readonly special: { readonly cls: number; readonly sep: number };
  /** longest sequence; the longer side is cut first */
  readonly length: number;
  /** whether places begin anew in the translation, as published */
  readonly restart?: boolean;
}

/** Cut the longer of two lengths until both fit. */
function fit(first: number, second: number, most: number): [number, number] {
  let [a, b] = [first, second];
  while (a + b > most) {
    if (a > b) a--;
    else b--;
  }
  return [a, b];
}

/**
 * `[CLS] A [SEP] B [SEP]` with the languages as segments; masked as any other sample.
 *
 * @example
 * const sample = maskedLm({ vocabulary }).corrupt(translationPair(english, german, { special, length: 64 }), rng);
 */
export function translationPair(a: TokenizedSentence, b: TokenizedSentence, options: TranslationPairOptions): Sample {
  const { special, length, restart = true } = options;
  const [first, second] = fit(a.ids.length, b.ids.length, length - 3);
  const ids = Int32Array.of(
    special.cls,
    ...a.ids.subarray(0, first),
    special.sep,
    ...b.ids.subarray(0, second),
    special.sep,
  );
  const turn = first + 2;
  const base = 1 + a.words.reduce((most, word) => Math.max(most, word), -1);
  const later = Array.from(b.words.subarray(0, second), (word) => (word < 0 ? -1 : base + word));
  return {
    ids,
    segments: Uint8Array.from(ids, (_, i) => Number(i >= turn)),
    special: Uint8Array.from(ids, (_, i) => Number(i === 0 || i === turn - 1 || i === ids.length - 1)),
    words: Int32Array.of(-1, ...a.words.subarray(0, first), -1, ...later, -1),
    labels: {},
    ...(restart && { positions: ids.map((_, i) => (i < turn ? i : i - turn)) }),
  };
}
