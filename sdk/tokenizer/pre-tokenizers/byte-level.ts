/**
 * Byte-level text, as GPT-2 introduced it (Radford et al. 2019, section 2.2): a word is the bytes of its UTF-8 form, and
 * each byte is shown by a visible character, so that a space is Ġ and no text is ever unknown.
 */
import type { PreTokenizer } from "../steps.js";
import { byteCharactersOf } from "../text/bytes.js";
import type { NormalizedString } from "../text/normalized-string.js";
import { ASTRAL, codePointAt, LETTER, NUMBER, see, UNSEEN, unseenTable, WHITE, width } from "../text/unicode.js";

const IS_WHITE = 3;
const MASKS = [LETTER, NUMBER, WHITE];

/**
 * GPT-2's words: contractions, and runs of letters, of digits or of other signs with one space before them, and white
 * space. A scanner in place of the pattern 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
 */
export function gptPreTokenizer(): PreTokenizer {
  const kinds = unseenTable();
  return (text) => {
    const { units, cuts, words } = text;
    for (let word = 0; word < words; word++) {
      const end = cuts[2 * word + 1]!;
      for (let at = cuts[2 * word]!; at < end; ) {
        const stop = wordEnd(units, at, end, kinds);
        text.cut(at, stop);
        at = stop;
      }
    }
    text.recut();
    return text;
  };
}

function wordEnd(units: Uint16Array, start: number, end: number, kinds: Uint8Array): number {
  let at = start;
  if (units[at] === 0x27) {
    const length = contraction(units, at + 1, end);
    if (length > 0) return at + 1 + length;
  }
  let kind = kinds[units[at]!]!;
  if (units[at] === 0x20 && at + 1 < end) {
    kind = kinds[units[at + 1]!]!;
    if (kind >= UNSEEN) kind = see(kinds, MASKS, units, at + 1);
    if (kind !== IS_WHITE) at++;
  }
  if (kind >= UNSEEN) kind = see(kinds, MASKS, units, at);
  const from = at;
  while (at < end) {
    let next = kinds[units[at]!]!;
    let size = 1;
    if (next >= UNSEEN) {
      if (next === ASTRAL) size = 2;
      next = see(kinds, MASKS, units, at);
    }
    if (next !== kind) break;
    at += size;
  }
  // The last character of white space belongs to the word that follows, if there is one.
  return kind === IS_WHITE && at < end && at - from > 1 ? at - 1 : at;
}

/** Length of s, t, re, ve, m, ll or d at `at`, or 0. */
function contraction(units: Uint16Array, at: number, end: number): number {
  if (at >= end) return 0;
  const first = units[at]!;
  if (first === 0x73 || first === 0x74 || first === 0x6d || first === 0x64) return 1;
  if (at + 1 >= end) return 0;
  const second = units[at + 1]!;
  return ((first === 0x72 || first === 0x76) && second === 0x65) || (first === 0x6c && second === 0x6c) ? 2 : 0;
}

/** Prepend a space to every word that does not start with one. */
export const prefixSpace = (): PreTokenizer =>
  rewriteWords((text, start, end, to) => {
    const { units, starts, ends } = text;
    if (units[start] !== 0x20) to.push(0x20, starts[start]!, ends[start]!);
    for (let at = start; at < end; at++) to.push(units[at]!, starts[at]!, ends[at]!);
  });

/** Map words to byte characters, if other steps follow; the last step leaves this to {@link ByteMapped}. */
export const bytePreTokenizer = (): PreTokenizer =>
  rewriteWords((text, start, end, to) => {
    const { units, starts, ends } = text;
    for (let at = start; at < end; ) {
      const codePoint = codePointAt(units, at);
      for (const character of byteCharactersOf(codePoint)) to.push(character, starts[at]!, ends[at]!);
      at += width(codePoint);
    }
  });

/** A pre-tokenizer that rewrites each word, units [start, end) of the text. */
function rewriteWords(
  write: (text: NormalizedString, start: number, end: number, to: NormalizedString) => void,
): PreTokenizer {
  return (text, spare) => {
    text.align();
    spare.clear(text.base);
    for (let word = 0; word < text.words; word++) {
      const begin = spare.length;
      write(text, text.cuts[2 * word]!, text.cuts[2 * word + 1]!, spare);
      spare.cut(begin, spare.length);
    }
    spare.recut();
    return spare;
  };
}
