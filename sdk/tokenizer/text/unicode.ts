/**
 * Classes of code points, the same in every JavaScript engine: scripts/unicode-classes.py generates them.
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
  scriptRuns,
  scriptValues,
} from "./unicode-data.js";

/** \p{L} of the reference's regular expressions. */
export const LETTER = 1 << 0;
/** \p{N}. */
export const NUMBER = 1 << 1;
/** White space, as \s and as Rust's char::is_whitespace. */
export const WHITE = 1 << 2;
/** Punctuation as BERT defines it: Unicode's P and every ASCII symbol such as $ and ^. */
export const PUNCTUATION = 1 << 3;
/** Marks that BERT's strip_accents removes (non-spacing marks). */
export const ACCENT = 1 << 4;
/** Marks that the StripAccents normalizer removes (all combining marks). */
export const MARK = 1 << 5;
/** Characters that BERT's clean_text removes: controls, formats, private use, U+0000, U+FFFD. */
export const CONTROL = 1 << 6;
/** Decomposes in newer versions of Unicode than the reference's. */
export const RECENT = 1 << 8;
/** \w of the reference's regular expressions. */
export const WORD = 1 << 10;
/** Rust's char::is_numeric. */
export const NUMERIC = 1 << 11;
/** \w of Rust's regex crate, used by the Whitespace pre-tokenizer and single_word. */
export const WORD_CHARACTER = 1 << 12;
/** CJK ideographs in BERT's ranges, each of which becomes a separate word. */
export const HAN = 1 << 13;
/** \p{P}. */
export const PUNCTUATION_STRICT = 1 << 14;
/** \p{S}. */
export const SYMBOL = 1 << 15;

/** The classes of all code points, and the same as runs: start and value of each. */
interface Classes {
  readonly table: Uint16Array;
  readonly starts: readonly number[];
  readonly values: readonly number[];
}

function unpackClasses(): Classes {
  const table = new Uint16Array(0x110000);
  const starts = [0];
  const values: number[] = [];
  let at = 0;
  eachRun(classRuns, (count, name) => {
    const value = classValues[name]!;
    if (value !== 0) table.fill(value, at, at + count);
    at += count;
    starts.push(at);
    values.push(value);
  });
  return { table, starts, values };
}

/**
 * A table whose runs are those of the code points that `covers` selects by their classes, one after another.
 */
function unpackCovered(runs: string, values: readonly number[], covers: (classes: number) => boolean): Uint8Array {
  const table = new Uint8Array(0x110000);
  const { starts, values: classes } = classTable();
  let next = 0;
  let at = 0;
  let end = 0;
  eachRun(runs, (count, name) => {
    while (count > 0) {
      for (; at === end; next++) if (covers(classes[next]!)) [at, end] = [starts[next]!, starts[next + 1]!];
      const stop = Math.min(end, at + count);
      table.fill(values[name]!, at, stop);
      count -= stop - at;
      at = stop;
    }
  });
  return table;
}

/** Call `on` with the length and the class number of each run. */
function eachRun(runs: string, on: (count: number, name: number) => void): void {
  for (const [, digits, first, letter] of runs.matchAll(/([\da-z]*)([^A-Z]?)([A-Z])/g))
    on(Number.parseInt(digits || "1", 36), 26 * SECOND.indexOf(first!) + letter!.charCodeAt(0) - 0x41);
}

/** First halves of class names, in the order of scripts/unicode-classes.py, after that of names of one letter: none. */
const SECOND = " !#%&()*+,-./:;<=>?@[]^_{|}~";

let unpacked: Classes | undefined;

function classTable(): Classes {
  unpacked ??= unpackClasses();
  return unpacked;
}

let combining: Uint8Array | undefined;
let graphemes: Uint8Array | undefined;
let scripts: Uint8Array | undefined;

/** The classes of a code point, as a sum of the bits above. */
export function classOf(codePoint: number): number {
  return (unpacked ?? classTable()).table[codePoint]!;
}

/** Whether a unit is white space, all of which is below U+FFFF. */
export function isWhite(unit: number): boolean {
  return (classOf(unit) & WHITE) !== 0;
}

/** The canonical combining class: 0 for letters, the order of marks for the others. */
export function combiningClass(codePoint: number): number {
  combining ??= unpackCovered(combiningRuns, combiningValues, (classes) => (classes & (ACCENT | MARK)) !== 0);
  return combining[codePoint]!;
}

/** The grapheme-break class of a character: see graphemes.ts. */
export function graphemeClass(codePoint: number): number {
  graphemes ??= graphemeTable();
  return graphemes[codePoint]!;
}

/** Marks extend the character before them, and nothing attaches to controls; the runs hold the exceptions. */
function graphemeTable(): Uint8Array {
  const table = new Uint8Array(0x110000);
  const { starts, values } = classTable();
  values.forEach((classes, i) => {
    const value = (classes & (ACCENT | MARK)) !== 0 ? 2 : classes === CONTROL ? 1 : 0;
    if (value > 0) table.fill(value, starts[i], starts[i + 1]);
  });
  let at = 0;
  eachRun(graphemeRuns, (count, name) => {
    const value = graphemeValues[name]!;
    if (value > 0) table.fill(value - 1, at, at + count);
    at += count;
  });
  return table;
}

/** The number of the character's script; Chinese characters and both kana share one. 0 for characters of no script. */
export function scriptOf(codePoint: number): number {
  scripts ??= unpackCovered(scriptRuns, scriptValues, (classes) => classes !== 0);
  return codePoint === 0x8e2 ? 1 : scripts[codePoint]!; // the one code point with a script and no class
}

/** Entries of {@link unseenTable}: half of a surrogate pair, for which the code point decides; and a unit not seen yet. */
export const ASTRAL = 255;
export const UNSEEN = 254;

/** A table of kinds by UTF-16 unit, to be filled by {@link see} when a unit first occurs: most texts have few of them. */
export function unseenTable(): Uint8Array {
  return new Uint8Array(0x10000).fill(UNSEEN).fill(ASTRAL, 0xd800, 0xe000);
}

/** The kind of the character at `at`, where the table has {@link UNSEEN} or {@link ASTRAL}. */
export function see(table: Uint8Array, masks: readonly number[], units: Uint16Array, at: number): number {
  const kind = kindOf(classOf(codePointAt(units, at)), masks);
  if (table[units[at]!] === UNSEEN) table[units[at]!] = kind;
  return kind;
}

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

/** The code point that ends before `at`, in well-formed units from `begin` on. */
export function codePointBefore(units: Uint16Array, at: number, begin: number): number {
  const low = (units[at - 1]! & 0xfc00) === 0xdc00 && at - 1 > begin;
  return codePointAt(units, low ? at - 2 : at - 1);
}

/** Number of UTF-16 units of a code point. */
export function width(codePoint: number): number {
  return codePoint > 0xffff ? 2 : 1;
}
