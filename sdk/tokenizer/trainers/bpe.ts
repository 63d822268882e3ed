/** Learn a byte-level BPE vocabulary from text. */

import { addedJSON, specialToken } from "../added-tokens/read.js";
import { expect } from "../errors.js";
import { tokenizerFromObject } from "../files/tokenizer-json.js";
import { Bpe } from "../models/bpe.js";
import type { Splitter } from "../pre-tokenizers/bert.js";
import { BYTE_CHARACTERS, byteText, gptSplitter, prefixSpace } from "../pre-tokenizers/byte-level.js";
import type { Tokenizer } from "../tokenizer.js";
import { Vocabulary } from "../vocabulary/vocabulary.js";
import { alphabet } from "./alphabet.js";
import { countWords } from "./count-words.js";
import { learnMerges, type PieceList } from "./learn-merges.js";
import type { TrainingOptions } from "./wordpiece.js";

export interface BpeTraining extends TrainingOptions {
  /** Put a space before texts that have none, so that a first word is like any other; false unless said otherwise. */
  readonly prefixSpace?: boolean;
  /** First pieces of the vocabulary: RoBERTa's unless said otherwise. With <s> and </s> they make RoBERTa's template. */
  readonly special?: readonly string[];
}

/** RoBERTa's special tokens, in its order. */
export const ROBERTA_SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"] as const;

/**
 * A byte-level tokenizer, as GPT-2's and RoBERTa's, whose merges are learnt from texts.
 *
 *   trainBpe(lines, { size: 8000 })
 */
export function trainBpe(texts: Iterable<string>, options: BpeTraining): Tokenizer {
  const { size, special = ROBERTA_SPECIAL, onProgress, signal, minFrequency = 0 } = options;
  expect(
    Number.isInteger(size) && size >= special.length + 256,
    `trainBpe: size must be at least ${special.length + 256}, the special tokens and the bytes; got ${size}`,
  );
  const split = gptSplitter();
  const prefix = prefixSpace();
  const splitter: Splitter = options.prefixSpace ? (text, spare) => split(prefix(text, spare), text) : split;
  const words = countWords(texts, null, splitter, {
    signal,
    onText: (done) => onProgress?.({ phase: "reading", done }),
  });

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

/** A byte-level model in its tokenizer: RoBERTa's template where <s> and </s> are special, else GPT-2's. */
export function byteLevelTokenizer(model: Bpe, special: readonly string[], addPrefixSpace = false): Tokenizer {
  const id = (token: string): number => model.vocabulary.find(token);
  const framed = special.includes("<s>") && special.includes("</s>");
  const level = { type: "ByteLevel", add_prefix_space: addPrefixSpace, trim_offsets: true, use_regex: true };
  return tokenizerFromObject(
    {
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: special
        .filter((token) => id(token) >= 0)
        .map((token) => addedJSON(specialToken(token, id(token), token === "<mask>")))
        .sort((a, b) => (a["id"] as number) - (b["id"] as number)),
      normalizer: null,
      pre_tokenizer: level,
      post_processor: framed
        ? {
            type: "RobertaProcessing",
            sep: ["</s>", id("</s>")],
            cls: ["<s>", id("<s>")],
            trim_offsets: true,
            add_prefix_space: addPrefixSpace,
          }
        : { ...level, add_prefix_space: true },
      decoder: { ...level, add_prefix_space: true },
    },
    model,
  );
}
