/**
 * Pieces of a vocabulary, entered into tables: the units one after another, where each piece ends, its hash (Fowler, Noll
 * and Vo's, over UTF-16 units) and the chains of a hash table, or its score. They come as entries of JSON, `"piece":12,` or
 * `["piece",-9.5],`, or as text and the length of each.
 *
 * A module of its own, of three kilobytes, that cloze/tokenizer carries: a program that has just started interprets its
 * JavaScript, and a hundred thousand pieces take several times as long that way. What is written in any unusual way is
 * left to JavaScript, which does all of it where WebAssembly may not be compiled.
 */
import { decimal } from "./decimal";

/** Bytes of UTF-8 that are looked at in one call. */
export const WINDOW: usize = 1 << 15;
/** Pieces of one call at most; an entry of JSON takes five bytes or more. */
export const PIECES: usize = WINDOW / 5;
/** The UTF-8, and a zero behind it, which ends what is not whole. Constants stand before it, from 1024 on. */
export const TEXT: usize = 2048;
/** At most one for each byte. */
export const UNITS: usize = TEXT + WINDOW + 16;
// 32-bit numbers for each piece: where it ends, its hash, and the id + 1 of the piece before it in its chain, or 0.
const NUMBERS: usize = (4 * PIECES + 15) & ~15;
export const ENDS: usize = UNITS + 2 * WINDOW;
export const HASHES: usize = ENDS + NUMBERS;
export const NEXT: usize = HASHES + NUMBERS;
/** Units of each piece, a byte each. */
export const LENGTHS: usize = NEXT + NUMBERS;
/** For each piece its score, an f64. */
export const SCORES: usize = LENGTHS + ((PIECES + 15) & ~15);
/** For each chain the id + 1 of its last piece, or 0. They stay from call to call. */
export const HEADS: usize = SCORES + 8 * PIECES;

const QUOTE: u32 = 0x22;
const BACKSLASH: u32 = 0x5c;
const BASIS: u32 = 0x811c9dc5;
const PRIME: u32 = 0x01000193;

/** Of the last call: how many bytes it read, how many units its pieces have, and, of those with hashes, the longest. */
export let bytesRead: u32 = 0;
export let unitsRead: u32 = 0;
export let longest: u32 = 0;

/** Where the character at work begins; in the end its last byte. */
let at: usize = 0;
/** The end of the units of the string that was read last, and its hash. */
let unitsEnd: usize = 0;
let hash: u32 = 0;
/** The number that was read last. */
let score: f64 = 0;

/**
 * Read entries `"piece":12,` with the ids `id`, `id + 1` and so on, up to one that is written in another way or is not whole.
 *
 * @param length bytes of the text, at most WINDOW
 * @param used units before these, from which ends are counted
 * @param most how many entries to read at most
 * @param mask number of chains - 1; see `placeOf` in sdk/tokenizer/piece-table.ts
 * @returns how many were read
 */
export function readEntries(length: u32, id: u32, used: u32, most: u32, mask: u32): u32 {
  let text = TEXT;
  let units = UNITS;
  let count: u32 = 0;
  longest = 0;
  store<u8>(TEXT + length, 0);
  for (; count < most; count++) {
    let p = readString(skipSpace(text), units);
    if (p == 0 || load<u8>(p) != 0x3a) break;
    if (load<u8>(++p) == 0x20) p++;
    let value: u32 = 0;
    const digits = p;
    let c = <u32>load<u8>(p) - 0x30;
    for (; c <= 9; c = <u32>load<u8>(++p) - 0x30) value = 10 * value + c;
    const width = <u32>(p - digits);
    if (c != 0x2c - 0x30 || value != id || width - 1 > 8 || (width > 1 && load<u8>(digits) == 0x30)) break;

    text = p + 1;
    longest = max(longest, <u32>(unitsEnd - units) >> 1);
    units = unitsEnd;
    enter(count, used + (<u32>(units - UNITS) >> 1), hash, id++, mask);
  }
  bytesRead = <u32>(text - TEXT);
  unitsRead = <u32>(units - UNITS) >> 1;
  return count;
}

/**
 * Read entries `["piece",-9.5],` up to one that is written in another way or is not whole.
 *
 * @param length bytes of the text, at most WINDOW
 * @param used units before these, from which ends are counted
 * @param most how many entries to read at most
 * @returns how many were read
 */
export function readScores(length: u32, used: u32, most: u32): u32 {
  let text = TEXT;
  let units = UNITS;
  let count: u32 = 0;
  store<u8>(TEXT + length, 0);
  for (; count < most; count++) {
    let p = skipSpace(text);
    if (load<u8>(p) != 0x5b) break;
    p = readString(skipSpace(p + 1), units);
    if (p == 0) break;
    p = skipSpace(p);
    if (load<u8>(p) != 0x2c) break;
    p = readNumber(skipSpace(p + 1));
    if (p == 0) break;
    p = skipSpace(p);
    if (load<u8>(p) != 0x5d || load<u8>(++p) != 0x2c) break;

    text = p + 1;
    units = unitsEnd;
    store<u32>((<usize>count << 2) + ENDS, used + (<u32>(units - UNITS) >> 1));
    store<f64>((<usize>count << 3) + SCORES, score);
  }
  bytesRead = <u32>(text - TEXT);
  unitsRead = <u32>(units - UNITS) >> 1;
  return count;
}

// @ts-ignore: decorator
@inline function skipSpace(p: usize): usize {
  while (load<u8>(p) == 0x20 || load<u8>(p) == 0x0a) p++;
  return p;
}

/** Read the string whose quote stands at `p`, its units to `u` on; returns the byte behind it, 0 where others must judge. */
function readString(p: usize, u: usize): usize {
  if (load<u8>(p) != QUOTE) return 0;
  let h = BASIS;
  for (let c: u32 = load<u8>(++p); c != QUOTE; c = load<u8>(++p)) {
    if (c - 0x20 >= 0x60 || c == BACKSLASH) {
      at = p;
      c = c == BACKSLASH ? escaped() : beyondASCII(c);
      if (c - 1 >= 0xffff) return 0; // pairs of surrogates are rare
      p = at;
    }
    store<u16>(u, c);
    u += 2;
    h = (h ^ c) * PRIME;
  }
  unitsEnd = u;
  hash = h;
  return p + 1;
}

/** Read the number at `p` of at most 19 digits, but no exponent; returns the byte behind it, 0 where others must judge. */
function readNumber(p: usize): usize {
  const negative = load<u8>(p) == 0x2d;
  if (negative) p++;
  const digits = p;
  let value: u64 = 0;
  let c = <u32>load<u8>(p) - 0x30;
  for (; c <= 9; c = <u32>load<u8>(++p) - 0x30) value = 10 * value + c;
  const whole = <u32>(p - digits);
  let decimals: u32 = 0;
  if (c == 0x2e - 0x30) {
    for (c = <u32>load<u8>(++p) - 0x30; c <= 9; c = <u32>load<u8>(++p) - 0x30, decimals++) value = 10 * value + c;
    if (decimals == 0) return 0;
  }
  if (whole == 0 || whole + decimals > 19 || (whole > 1 && load<u8>(digits) == 0x30)) return 0;
  score = decimal(value, decimals);
  if (negative) score = -score;
  return p;
}

/**
 * Enter pieces with the ids `id`, `id + 1` and so on, whose text and lengths are given, up to one that is not whole.
 *
 * @param pieces how many lengths there are, at most PIECES
 * @param length bytes of the text, at most WINDOW
 * @param used units before these, from which ends are counted
 * @returns how many were entered
 */
export function enterPieces(pieces: u32, length: u32, id: u32, used: u32, mask: u32): u32 {
  const last = TEXT + length;
  let text = TEXT;
  let units = UNITS;
  let count: u32 = 0;
  longest = 0;
  store<u8>(last, 0);
  for (; count < pieces; count++) {
    const length: u32 = load<u8>(LENGTHS + count);
    const end = units + (<usize>length << 1);
    let p = text;
    let u = units;
    let hash = BASIS;
    for (; u < end && p < last; p++) {
      let c: u32 = load<u8>(p);
      if (c >= 0x80) {
        at = p;
        c = beyondASCII(c);
        if (c == 0) break;
        p = at;
        if (c >= 0x10000) {
          const high = highHalf(c);
          store<u16>(u, high);
          u += 2;
          hash = (hash ^ high) * PRIME;
          c = lowHalf(c);
        }
      }
      store<u16>(u, c);
      u += 2;
      hash = (hash ^ c) * PRIME;
    }
    if (u != end) break;

    text = p;
    longest = max(longest, length);
    units = u;
    enter(count, used + (<u32>(u - UNITS) >> 1), hash, id++, mask);
  }
  bytesRead = <u32>(text - TEXT);
  unitsRead = <u32>(units - UNITS) >> 1;
  return count;
}

// @ts-ignore: decorator
@inline function enter(count: u32, end: u32, hash: u32, id: u32, mask: u32): void {
  const piece = <usize>count << 2;
  store<u32>(piece + ENDS, end);
  store<u32>(piece + HASHES, hash);
  const head = HEADS + (<usize>((hash ^ (hash >>> 15)) & mask) << 2);
  store<u32>(piece + NEXT, load<u32>(head));
  store<u32>(head, id + 1);
}

/** The character of two to four bytes that begin with `first`; 0 for what is no character. */
function beyondASCII(first: u32): u32 {
  if (first < 0xc2) return 0;
  const second = <u32>load<u8>(at, 1) ^ 0x80;
  if (second >= 0x40) return 0;
  at++;
  if (first < 0xe0) return ((first & 0x1f) << 6) | second;
  const third = <u32>load<u8>(at, 1) ^ 0x80;
  if (third >= 0x40) return 0;
  at++;
  if (first < 0xf0) {
    const unit = ((first & 0x0f) << 12) | (second << 6) | third;
    return unit < 0x800 || isSurrogate(unit) ? 0 : unit;
  }
  const fourth = <u32>load<u8>(at, 1) ^ 0x80;
  const codePoint = ((first & 0x0f) << 18) | (second << 12) | (third << 6) | fourth;
  if (fourth >= 0x40 || codePoint - 0x10000 >= 0x100000) return 0;
  at++;
  return codePoint;
}

// @ts-ignore: decorator
@inline function highHalf(codePoint: u32): u32 {
  return 0xd7c0 + (codePoint >> 10);
}

// @ts-ignore: decorator
@inline function lowHalf(codePoint: u32): u32 {
  return 0xdc00 | (codePoint & 0x3ff);
}

/** The unit that is written after a backslash as itself or in four digits; 0 for every other way. */
function escaped(): u32 {
  const character: u32 = load<u8>(++at);
  if (character == QUOTE || character == BACKSLASH || character == 0x2f) return character;
  if (character != 0x75) return 0;
  let unit: u32 = 0;
  for (const last = at + 4; at < last; ) {
    const digit: u32 = load<u8>(++at);
    const letter = (digit | 0x20) - 0x61;
    if (digit - 0x30 > 9 && letter > 5) return 0;
    unit = (unit << 4) | (letter <= 5 ? letter + 10 : digit - 0x30);
  }
  return isSurrogate(unit) ? 0 : unit;
}

function isSurrogate(unit: u32): bool {
  return (unit & 0xf800) == 0xd800;
}
