/**
 * Translation language modeling: a sentence and its translation in one sequence, both masked, so that the model can attend
 * to one to predict the other. Conneau & Lample 2019, "Cross-lingual Language Model Pretraining" (arXiv:1901.07291), section 3.3.
 */
import type { Sample } from "../data/sample.js";
import type { TokenizedSentence } from "./sequences/segment-pairs.js";
import { boundaries, type Vocabulary } from "./vocabulary.js";

/** Options of {@link translationPair}. */
export interface TranslationPairOptions {
  readonly tokenizer: Pick<Vocabulary, "special">;
  /** longest sequence; the longer side is truncated first */
  readonly maxLength: number;
  /** whether positions restart at 0 in the translation; true, as published */
  readonly resetPositions?: boolean;
}

/** Shorten the longer of two lengths until both fit. */
function fit(first: number, second: number, most: number): [number, number] {
  let [a, b] = [first, second];
  while (a + b > most) {
    if (a > b) a--;
    else b--;
  }
  return [a, b];
}

/**
 * `[CLS] A [SEP] B [SEP]` with the languages as segments; masked like any other sample.
 *
 * @example
 * const sample = maskedLm({ tokenizer }).corrupt(translationPair(sentence, sentence, { tokenizer, maxLength: 64 }), rng);
 */
export function translationPair(a: TokenizedSentence, b: TokenizedSentence, options: TranslationPairOptions): Sample {
  const { maxLength, resetPositions = true } = options;
  const { cls, sep } = boundaries(options.tokenizer);
  const [first, second] = fit(a.ids.length, b.ids.length, maxLength - 3);
  const ids = Int32Array.from([cls, ...a.ids.subarray(0, first), sep, ...b.ids.subarray(0, second), sep]);
  const turn = first + 2;
  const base = 1 + a.words.reduce((most, word) => Math.max(most, word), -1);
  const later = Array.from(b.words.subarray(0, second), (word) => (word < 0 ? -1 : base + word));
  return {
    ids,
    segments: Uint8Array.from(ids, (_, i) => Number(i >= turn)),
    special: Uint8Array.from(ids, (_, i) => Number(i === 0 || i === turn - 1 || i === ids.length - 1)),
    words: Int32Array.from([-1, ...a.words.subarray(0, first), -1, ...later, -1]),
    labels: {},
    ...(resetPositions && { positions: ids.map((_, i) => (i < turn ? i : i - turn)) }),
  };
}
