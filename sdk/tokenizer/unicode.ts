/**
 * Classes of code points, the same in every JavaScript engine: see scripts/unicode-classes.py for where they come from.
 *
 *   (classOf(0x41) & LETTER) !== 0      // "A" is a letter
 */
import {
  classRuns,
  classValues,
  combiningRuns,
  combiningValues,
  graphemeRuns,
  graphemeValues,
} from "./unicode-data.js";

/** \p{L} of the reference's regular expressions. */
export const LETTER = 1 << 0;
/** \p{N}. */
export const NUMBER = 1 << 1;
/** White space, as \s and as Rust's char::is_whitespace. */
export const WHITE = 1 << 2;
/** Punctuation as BERT sees it: Unicode's P and every ASCII symbol such as $ and ^. */
export const PUNCTUATION = 1 << 3;
/** Marks that BERT's strip_accents removes (non-spacing marks). */
export const ACCENT = 1 << 4;
/** Marks that the StripAccents normaliser removes (all combining marks). */
export const MARK = 1 << 5;
/** Characters that BERT's clean_text removes: controls, formats, private use, U+0000, U+FFFD. */
export const CONTROL = 1 << 6;
/** Lower-casing changes the character. */
export const LOWERS = 1 << 7;
/** The canonical decomposition differs from the character. */
export const DECOMPOSES = 1 << 8;
/** The compatibility decomposition differs from the character. */
export const COMPATIBLE = 1 << 9;
/** \w of the reference's regular expressions. */
export const WORD = 1 << 10;
/** Rust's char::is_numeric. */
export const NUMERIC = 1 << 11;
/** \w of Rust's regex crate: what the Whitespace pre-tokenizer and single_word use. */
export const WORD_CHARACTER = 1 << 12;
/** CJK ideographs in BERT's ranges, each of which becomes a word of its own. */
export const HAN = 1 << 13;
/** \p{P}. */
export const PUNCTUATION_STRICT = 1 << 14;
/** \p{S}. */
export const SYMBOL = 1 << 15;

const PAGE = 256;

/** A value for every code point in two steps: page of 256 code points, then the place in it. Equal pages are stored once. */
interface PagedTable {
  readonly pages: Uint16Array;
  readonly values: Uint16Array;
}

function unpack(runs: string, values: readonly number[]): PagedTable {
  const flat = new Uint16Array(0x110000);
  let at = 0;
  for (const [, length, first, second] of runs.matchAll(/([0-9a-z]+)([^0-9a-zA-Z]?)([A-Z])/g)) {
    const count = Number.parseInt(length!, 36);
    const letter = second!.charCodeAt(0) - 65;
    const value = values[first === "" ? letter : 26 * (1 + SECOND.indexOf(first!)) + letter]!;
    if (value !== 0) flat.fill(value, at, at + count);
    at += count;
  }
  const pages = new Uint16Array(0x110000 / PAGE);
  const seen = new Map<string, number>();
  const kept: number[] = [];
  for (let page = 0; page < pages.length; page++) {
    const key = flat.subarray(page * PAGE, (page + 1) * PAGE).join();
    let number = seen.get(key);
    if (number === undefined) {
      number = kept.length;
      seen.set(key, number);
      kept.push(page);
    }
    pages[page] = number;
  }
  const packed = new Uint16Array(kept.length * PAGE);
  for (const [i, page] of kept.entries()) packed.set(flat.subarray(page * PAGE, (page + 1) * PAGE), i * PAGE);
  return { pages, values: packed };
}

/** First halves of the two-letter class names, in the order of scripts/unicode-classes.py. */
const SECOND = "!#%&()*+,-./:;<=>?@[]^_{|}~";

let classes: PagedTable | undefined;
let combining: PagedTable | undefined;

/** The classes of a code point, as a sum of the bits above. */
export function classOf(codePoint: number): number {
  classes ??= unpack(classRuns, classValues);
  return classes.values[(classes.pages[codePoint >> 8]! << 8) | (codePoint & 255)]!;
}

/** The canonical combining class: 0 for letters, the order of marks for the others. */
export function combiningClass(codePoint: number): number {
  combining ??= unpack(combiningRuns, combiningValues);
  return combining.values[(combining.pages[codePoint >> 8]! << 8) | (codePoint & 255)]!;
}

/**
 * One byte for each UTF-16 unit: the number of the first mask that the character belongs to, from 1; 0 for none.
 * Scanners read this flat table on their hot path; the halves of surrogate pairs have {@link ASTRAL}.
 */
export function unitTable(...masks: readonly number[]): Uint8Array {
  const table = new Uint8Array(0x10000);
  for (let unit = 0; unit < 0x10000; unit++) table[unit] = kindOf(classOf(unit), masks);
  table.fill(ASTRAL, 0xd800, 0xe000);
  return table;
}

/** The entry of {@link unitTable} that says: look at the whole code point. */
export const ASTRAL = 255;

/** The number of the first mask that has a bit of `classBits`, from 1; 0 for none. */
export function kindOf(classBits: number, masks: readonly number[]): number {
  for (let i = 0; i < masks.length; i++) if ((classBits & masks[i]!) !== 0) return i + 1;
  return 0;
}

/** The code point that starts at `at`, in units that are well formed. */
export function codePointAt(units: Uint16Array, at: number): number {
  const first = units[at]!;
  if ((first & 0xfc00) !== 0xd800) return first;
  return 0x10000 + ((first & 0x3ff) << 10) + (units[at + 1]! & 0x3ff);
}

/** How many UTF-16 units a code point takes. */
export function width(codePoint: number): number {
  return codePoint > 0xffff ? 2 : 1;
}

let graphemes: PagedTable | undefined;

/** How a character clings to its neighbours: see graphemes.ts. */
export function graphemeClass(codePoint: number): number {
  graphemes ??= unpack(graphemeRuns, graphemeValues);
  return graphemes.values[(graphemes.pages[codePoint >> 8]! << 8) | (codePoint & 255)]!;
}
