/** Learn a byte-level BPE vocabulary from text. */

import { expect } from "../errors.js";
import { Bpe } from "../models/bpe.js";
import { gptPreTokenizer, prefixSpace } from "../pre-tokenizers/byte-level.js";
import { byteLevelTokenizer, ROBERTA_SPECIAL } from "../presets.js";
import type { PreTokenizer } from "../steps.js";
import { BYTE_CHARACTERS, byteText } from "../text/bytes.js";
import type { Tokenizer } from "../tokenizer.js";
import { Vocabulary } from "../vocabulary/vocabulary.js";
import { alphabet } from "./alphabet.js";
import { checkTraining } from "./check-training.js";
import { type Trained, type TrainingTexts, withWordCounts } from "./count-words.js";
import { learnMerges, type PieceList } from "./learn-merges.js";
import type { TrainingOptions } from "./wordpiece.js";

/** Options of {@link trainBpe}. */
export interface BpeTraining extends TrainingOptions {
  /** Prepend a space to texts that do not start with one, so that the first word is like any other. Defaults to false. */
  readonly prefixSpace?: boolean;
  /** First pieces of the vocabulary. Defaults to RoBERTa's; with <s> and </s> the template is RoBERTa's. */
  readonly special?: readonly string[];
}

/**
 * A byte-level tokenizer, as GPT-2's and RoBERTa's, whose merges are learned from texts; a promise of one where these are an
 * asynchronous stream. Learning blocks its thread; `signal` ends it early, and `onProgress` says how far it is.
 *
 *   trainBpe(lines, { size: 8000 })
 *
 * @example
 * const gpt = trainBpe(texts, { size: 280 });
 * gpt.decode(gpt.encode("a cat").ids, { skipSpecial: true }); // "a cat"
 */
export function trainBpe<Texts extends TrainingTexts>(texts: Texts, options: BpeTraining): Trained<Texts, Tokenizer> {
  checkTraining("trainBpe", options);
  const { size, special = ROBERTA_SPECIAL, onProgress, signal } = options;
  expect(
    Number.isInteger(size) && size >= special.length + 256,
    `trainBpe: size must be at least ${special.length + 256}, the special tokens and the bytes; got ${size}`,
  );
  const split = gptPreTokenizer();
  const prefix = prefixSpace();
  const preTokenizer: PreTokenizer = options.prefixSpace ? (text, spare) => split(prefix(text, spare), text) : split;
  const counting = { signal, onText: (done: number) => onProgress?.({ phase: "reading", done }) };
  return withWordCounts(texts, null, preTokenizer, counting, (words) => learnBpe(words, special, options));
}

/** Special tokens, the bytes, then the learned merges. */
function learnBpe(words: ReadonlyMap<string, number>, special: readonly string[], options: BpeTraining): Tokenizer {
  const { size, onProgress, signal, minFrequency = 0 } = options;
  const bytes = Array.from(BYTE_CHARACTERS, (unit) => String.fromCharCode(unit));
  const list: PieceList = { pieces: [], ids: new Map() };
  for (const piece of [...special, ...alphabet(new Map(), bytes)]) {
    if (list.ids.has(piece)) continue;
    list.ids.set(piece, list.pieces.length);
    list.pieces.push(piece);
  }
  const symbols = [...words.keys()].map((word) => Int32Array.from(byteText(word), (byte) => list.ids.get(byte)!));
  const merges = learnMerges({ words: symbols, counts: [...words.values()] }, list, {
    size,
    minFrequency,
    join: (left, right) => left + right,
    ...(onProgress && { onProgress: (done) => onProgress({ phase: "learning", done, total: size }) }),
    ...(signal && { signal }),
  });
  const triples = merges.flatMap(([left, right]) => [
    left,
    right,
    list.ids.get(list.pieces[left]! + list.pieces[right]!)!,
  ]);
  return byteLevelTokenizer(
    new Bpe(Vocabulary.of(list.pieces), Int32Array.from(triples)),
    special,
    options.prefixSpace,
  );
}
