/**
 * Classes of code points, the same in every JavaScript engine: see scripts/unicode-classes.py for where they come from.
 *
 *   (classOf(0x41) & LETTER) !== 0      // "A" is a letter
 */
import { grown } from "./buffers.js";
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
  /** The same as runs: where each begins, and its value. */
  readonly starts: Int32Array;
  readonly runValues: Uint16Array;
}

/** Read a table as scripts/unicode-classes.py writes it. Only pages on which a run begins or ends are written out. */
function unpack(runs: string, values: readonly number[]): PagedTable {
  const pages = new Uint16Array(0x110000 / PAGE);
  const uniform = new Map<number, number>();
  let table = new Uint16Array(64 * PAGE);
  let used = 0;
  const newPage = (value: number): number => {
    if ((used + 1) * PAGE > table.length) table = grown(table, new Uint16Array(2 * table.length));
    if (value !== 0) table.fill(value, used * PAGE, (used + 1) * PAGE);
    return used++;
  };
  const starts: number[] = [];
  const runValues: number[] = [];
  let at = 0;
  let open = -1;
  eachRun(runs, (count, name) => {
    const value = values[name]!;
    starts.push(at);
    runValues.push(value);
    for (const end = at + count; at < end; ) {
      const page = at >> 8;
      const stop = Math.min(end, (page + 1) * PAGE);
      if (stop - at === PAGE) {
        let known = uniform.get(value);
        if (known === undefined) uniform.set(value, (known = newPage(value)));
        pages[page] = known;
      } else {
        if (at % PAGE === 0) open = newPage(0);
        pages[page] = open;
        if (value !== 0) table.fill(value, open * PAGE + (at % PAGE), open * PAGE + (at % PAGE) + stop - at);
      }
      at = stop;
    }
    return true;
  });
  starts.push(0x110000);
  return {
    pages,
    values: table.slice(0, used * PAGE),
    starts: Int32Array.from(starts),
    runValues: Uint16Array.from(runValues),
  };
}

/** Call `on` with the length of each run and the number of its class, while it says true. */
function eachRun(runs: string, on: (count: number, name: number) => boolean): void {
  let count = 0;
  let second = 0;
  for (let i = 0; i < runs.length; i++) {
    const unit = runs.charCodeAt(i);
    if (unit >= 0x61 && unit <= 0x7a) count = 36 * count + unit - 0x61 + 10;
    else if (unit >= 0x30 && unit <= 0x39) count = 36 * count + unit - 0x30;
    else if (unit < 0x41 || unit > 0x5a) second = 26 * (1 + SECOND.indexOf(runs[i]!));
    else {
      if (!on(count, second + unit - 0x41)) return;
      count = second = 0;
    }
  }
}

/** First halves of the two-letter class names, in the order of scripts/unicode-classes.py. */
const SECOND = "!#%&()*+,-./:;<=>?@[]^_{|}~";

let classes: PagedTable | undefined;
let combining: PagedTable | undefined;

function classTable(): PagedTable {
  classes ??= unpack(classRuns, classValues);
  return classes;
}

function combiningTable(): PagedTable {
  combining ??= unpack(combiningRuns, combiningValues);
  return combining;
}

const ASCII = 128;
let ascii: Uint16Array | undefined;

/** The classes of ASCII, from the beginning of the table alone: to load a tokenizer nothing else is needed. */
function asciiClasses(): Uint16Array {
  const table = new Uint16Array(ASCII);
  let at = 0;
  eachRun(classRuns, (count, name) => {
    table.fill(classValues[name]!, at, at + count);
    at += count;
    return at < ASCII;
  });
  return table;
}

/** The classes of a code point, as a sum of the bits above. */
export function classOf(codePoint: number): number {
  if (codePoint < ASCII) {
    ascii ??= asciiClasses();
    return ascii[codePoint]!;
  }
  const { pages, values } = classes ?? classTable();
  return values[(pages[codePoint >> 8]! << 8) | (codePoint & 255)]!;
}

/** The canonical combining class: 0 for letters, the order of marks for the others. */
export function combiningClass(codePoint: number): number {
  const { pages, values } = combining ?? combiningTable();
  return values[(pages[codePoint >> 8]! << 8) | (codePoint & 255)]!;
}

/** Call `on` for each run of UTF-16 units of equal classes; or, with `order`, of equal combining classes. */
export function eachUnitRun(on: (start: number, end: number, value: number) => void, order = false): void {
  const { starts, runValues } = order ? combiningTable() : classTable();
  for (let i = 0; starts[i]! < 0x10000; i++) on(starts[i]!, Math.min(0x10000, starts[i + 1]!), runValues[i]!);
}

/**
 * One byte for each UTF-16 unit: the number of the first mask that the character belongs to, from 1; 0 for none.
 * Scanners read this flat table on their hot path; the halves of surrogate pairs have {@link ASTRAL}.
 */
export function unitTable(...masks: readonly number[]): Uint8Array {
  const table = new Uint8Array(0x10000);
  eachUnitRun((start, end, value) => {
    const kind = kindOf(value, masks);
    if (kind !== 0) table.fill(kind, start, end);
  });
  return table.fill(ASTRAL, 0xd800, 0xe000);
}

/** The entry of {@link unitTable} that says: look at the whole code point. */
export const ASTRAL = 255;
/** The entry of {@link unseenTable} that says: not looked at yet. */
export const UNSEEN = 254;

/** A table like {@link unitTable} whose entries {@link see} works out when they first occur, so that it is made at once. */
export function unseenTable(): Uint8Array {
  return new Uint8Array(0x10000).fill(UNSEEN).fill(ASTRAL, 0xd800, 0xe000);
}

/** The kind of the character at `at`, where the table has {@link UNSEEN} or {@link ASTRAL}; the table learns it. */
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

let scripts: PagedTable | undefined;

/** A number for the character's script; Chinese characters and both kana have one. 0 for what goes with any script. */
export function scriptOf(codePoint: number): number {
  scripts ??= unpack(scriptRuns, scriptValues);
  return scripts.values[(scripts.pages[codePoint >> 8]! << 8) | (codePoint & 255)]!;
}
