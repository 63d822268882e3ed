/** The tokens of a text: ids, offsets, words, segments. */
import { TokenizerError } from "../errors.js";

/** A text as tokens: ids, with an offset, word and segment for each. */
export interface Encoding {
  readonly ids: Int32Array;
  /** Segment (token type) of each token: 0 for the text, 1 for the pair in BERT's template. */
  readonly segments: Uint8Array;
  /** 1 for tokens that the template added ([CLS], [SEP], …), 0 for those of the text. */
  readonly special: Uint8Array;
  /** Index of the token's word in its text; -1 for none. */
  readonly words: Int32Array;
  /** [start, end) of each token in its own text (its own word, for words given one by one), in UTF-16 units. */
  readonly offsets: Int32Array;
  /** 0 = text, 1 = pair, -1 = neither. */
  readonly sequences: Int8Array;
}

/**
 * Offsets counted in Unicode code points instead of UTF-16 units. `text` is the text that they refer to.
 *
 * @example
 * toCodePoints(Int32Array.of(0, 2, 3), "🐟 a"); // [0, 1, 2]
 */
export function toCodePoints(offsets: Int32Array, text: string): Int32Array {
  if (!(offsets instanceof Int32Array) || typeof text !== "string")
    throw new TokenizerError("toCodePoints: offsets must be an Int32Array, and text the string that they point into");
  const counts = new Int32Array(text.length + 1);
  for (let i = 0; i < text.length; i++) {
    const low = (text.charCodeAt(i) & 0xfc00) === 0xdc00 && i > 0 && (text.charCodeAt(i - 1) & 0xfc00) === 0xd800;
    counts[i + 1] = counts[i]! + (low ? 0 : 1);
  }
  return offsets.map((offset) => counts[offset]!);
}
