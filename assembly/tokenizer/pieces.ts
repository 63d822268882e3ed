/**
 * Pieces of a vocabulary, entered into tables: their text one after another, where each piece ends, and the chains of a
 * hash table or its score. They come as entries of JSON, `"piece":12,` or `["piece",-9.5],`, or as text and the length of
 * each.
 *
 * A module of its own, of less than six kilobytes, that cloze/tokenizer carries: a program that has just started interprets its
 * JavaScript, and a hundred thousand pieces take several times as long that way. Pieces of hash tables stay UTF-8, as
 * files have them; sixteen bytes are then read and hashed at once. What is written in any unusual way is left to
 * JavaScript, which does all of it where WebAssembly may not be compiled.
 */
import { decimal } from "./decimal";
import { hashOf } from "./piece-hash";
import { isUTF8, wholeCharacters } from "./utf8";

/** Bytes of UTF-8 that are looked at in one call. */
export const WINDOW: usize = 1 << 15;
/** Pieces of one call at most; an entry of JSON takes five bytes or more. */
export const PIECES: usize = WINDOW / 5;
/** The UTF-8, and zeros behind it, which end what is not whole. Constants stand before it, from 1024 on. */
export const TEXT: usize = 2048;
/** Here begin the tables of pieces with scores: their text in UTF-16 units, where each ends, and their scores, f64 each. */
export const UNITS: usize = TEXT + WINDOW + 32;
export const ENDS: usize = UNITS + 2 * WINDOW;
export const SCORES: usize = ENDS + ((4 * PIECES + 15) & ~15);

/**
 * Or the tables of all pieces that are found as a whole, where {@link makeRoom} puts them: for each chain its last entry, as
 * sdk/tokenizer/piece-table.ts has it; for each piece the entry before it in its chain, where it ends, and how many bytes it
 * has, as the compact form says; and their text in UTF-8.
 */
export const heads: usize = UNITS;
export let next: usize = 0;
export let ends: usize = 0;
export let lengths: usize = 0;
export let bytes: usize = 0;
/** The ids that {@link readMerges} found, and behind them the pieces at work. */
export let merges: usize = 0;
let work: usize = 0;
/** The number of chains - 1, and the bits of a hash that stand beside an id. */
let mask: u32 = 0;
let tags: u32 = 0;

const QUOTE: u32 = 0x22;
const QUOTE_COLON: u32 = 0x3a22;
const BACKSLASH: u32 = 0x5c;
const CLOSE: u32 = 0x7d;
const OPEN_LIST: u32 = 0x5b;
const CLOSE_LIST: u32 = 0x5d;
const COMMA: u32 = 0x2c;
const MORE: u32 = 255;

/** Sixteen quotes, backslashes and spaces. */
const SPECIAL = memory.data<u64>([
  0x2222222222222222, 0x2222222222222222, 0x5c5c5c5c5c5c5c5c, 0x5c5c5c5c5c5c5c5c, 0x2020202020202020, 0x2020202020202020,
]);

/** Of the last call: how many bytes it read, and how many bytes, or units, its pieces have. */
export let bytesRead: u32 = 0;
export let written: u32 = 0;
/** Of the last call for a hash table: bytes of the longest piece. */
export let longest: u32 = 0;
/** Of the last call that read entries or merges: 1 if the bracket behind the last one follows. */
export let closed: u32 = 0;

/** Where the character at work begins; in the end its last byte. */
let at: usize = 0;
/** The end of what the last string was written to. */
let outEnd: usize = 0;
/** The number that was read last. */
let score: f64 = 0;

/**
 * Make room for the tables of `pieces` pieces of `length` bytes together, in `places` chains; says whether there is any.
 *
 * @param beside the bits of a hash that stand beside an id
 */
export function makeRoom(pieces: u32, length: u32, places: u32, beside: u32): bool {
  mask = places - 1;
  tags = beside;
  next = heads + (<usize>places << 2);
  ends = next + (<usize>pieces << 2);
  lengths = ends + (<usize>pieces << 2);
  bytes = (lengths + pieces + 31) & ~15; // behind zeros
  merges = (bytes + length + 31) & ~15;
  work = merges + ((12 * PIECES + 15) & ~15);
  const missing = <i32>((work + WINDOW + 0xffff) >>> 16) - memory.size();
  return missing <= 0 || memory.grow(missing) >= 0;
}

/**
 * Read entries `"piece":12,` with the ids `id`, `id + 1` and so on, up to one that is written in another way or is not whole.
 *
 * @param length bytes of the text, at most WINDOW
 * @param used bytes of the pieces before these
 * @param most how many entries to read at most
 * @returns how many were read; 0 where the text is not UTF-8
 */
export function readEntries(length: u32, id: u32, used: u32, most: u32): u32 {
  bytesRead = 0;
  written = 0;
  longest = 0;
  closed = 0;
  if (endOfText(length) == TEXT) return 0;
  let number = numeral(id);
  let width = digits(number);
  let untilCarry = 10 - (id % 10);
  let text = TEXT;
  let out = bytes + used;
  const last = id + most;
  const first = id;
  while (id < last && number != 0 && closed == 0) {
    let p = text;
    if (load<u8>(p) != QUOTE) {
      p = skipSpace(p);
      if (load<u8>(p) != QUOTE) break;
    }
    const block = v128.load(++p);
    let length = plainBytes(block);
    v128.store(out, block);
    p += length;
    if (load<u16>(p) != QUOTE_COLON) {
      p = readBytes(p - length, out);
      if (p == 0 || load<u16>(p) != QUOTE_COLON) break;
      length = <u32>(outEnd - out);
    }
    p += 2;
    if (load<u8>(p) == 0x20) p++;
    const others = load<u64>(p) ^ number;
    p += <usize>(width >> 3);
    if (others << (56 - width) == 0) p++;
    else {
      // The last entry has a brace where others have a comma.
      p = skipSpace(p);
      if (others << (64 - width) != 0 || load<u8>(p) != CLOSE) break;
      closed = 1;
    }

    text = p;
    longest = max(longest, length);
    enter(id++, out, length);
    out += length;
    number += <u64>1 << (width - 8);
    if (--untilCarry == 0) {
      untilCarry = 10;
      number = carry(number, width - 8);
      if (number == 0) {
        number = numeral(id);
        width = digits(number);
      }
    }
  }
  bytesRead = <u32>(text - TEXT);
  written = <u32>(out - bytes) - used;
  return id - first;
}

/** Where the text ends, but for a last character that is not whole, which is cut off; none of it if it is not UTF-8. */
function endOfText(length: u32): usize {
  const end = wholeCharacters(TEXT, TEXT + length);
  v128.store(end, i8x16.splat(0));
  return isUTF8(TEXT, end) ? end : TEXT;
}

/** An id as files have it, and the comma behind it, from the lowest byte on; 0 for one of more than seven digits. */
function numeral(id: u32): u64 {
  if (id > 9999999) return 0;
  let characters: u64 = 0x2c;
  do {
    characters = (characters << 8) | (0x30 + (id % 10));
    id /= 10;
  } while (id > 0);
  return characters;
}

/** A numeral whose digit at bit `place` has come to ten; 0 where it needs another digit. */
function carry(numeral: u64, place: u64): u64 {
  while (<u8>(numeral >> place) == 0x3a) {
    if (place == 0) return 0;
    numeral += (<u64>1 << (place - 8)) - (<u64>10 << place);
    place -= 8;
  }
  return numeral;
}

/** How many bits the digits of a numeral take. */
// @ts-ignore: decorator
@inline function digits(numeral: u64): u64 {
  return (63 - clz(numeral)) & ~7;
}

/** How many of sixteen bytes stand before one that is a quote, a backslash or a control character. */
// @ts-ignore: decorator
@inline function plainBytes(bytes: v128): u32 {
  const special = v128.or(
    v128.or(i8x16.eq(bytes, v128.load(SPECIAL)), i8x16.eq(bytes, v128.load(SPECIAL, 16))),
    i8x16.lt_u(bytes, v128.load(SPECIAL, 32)),
  );
  return ctz(i8x16.bitmask(special) | 0x10000);
}

/** Read the string whose text begins at `p`, its UTF-8 to `out` on; returns its closing quote, 0 where others must judge. */
function readBytes(p: usize, out: usize): usize {
  for (let c: u32 = load<u8>(p); c != QUOTE; c = load<u8>(++p)) {
    if (c < 0x20) return 0;
    if (c != BACKSLASH) {
      store<u8>(out++, c);
      continue;
    }
    at = p;
    c = escaped();
    if (c == 0) return 0;
    p = at;
    out = writeUnit(c, out);
  }
  outEnd = out;
  return p;
}

/** A unit as UTF-8. */
function writeUnit(unit: u32, out: usize): usize {
  if (unit < 0x80) {
    store<u8>(out, unit);
    return out + 1;
  }
  if (unit < 0x800) {
    store<u8>(out, 0xc0 | (unit >> 6));
    store<u8>(out, 0x80 | (unit & 0x3f), 1);
    return out + 2;
  }
  store<u8>(out, 0xe0 | (unit >> 12));
  store<u8>(out, 0x80 | ((unit >> 6) & 0x3f), 1);
  store<u8>(out, 0x80 | (unit & 0x3f), 2);
  return out + 3;
}

/**
 * Enter pieces with the ids 0, 1, 2 and so on, whose text and lengths stand in their tables.
 *
 * @param count how many lengths there are: a piece has the sum of those up to one below 255
 * @param length bytes of the text
 * @returns how many pieces there are; -1 where text and lengths do not belong together
 */
export function enterPieces(count: u32, length: u32): i32 {
  longest = 0;
  const stop = bytes + length;
  if (!isUTF8(bytes, stop)) return -1;
  let text = bytes;
  let piece: u32 = 0;
  let id: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const part: u32 = load<u8>(lengths + i);
    piece += part;
    if (piece > <u32>(stop - text)) return -1;
    if (part == MORE) continue;
    longest = max(longest, piece);
    enter(id++, text, piece);
    text += piece;
    piece = 0;
    if ((load<u8>(text) & 0xc0) == 0x80) return -1; // not where a whole character begins
  }
  return piece == 0 && text == stop ? id : -1;
}

/** Where a hash stands, as in sdk/tokenizer/piece-table.ts. */
// @ts-ignore: decorator
@inline function placeOf(hash: u32): u32 {
  return (hash ^ (hash >>> 15)) & mask;
}

// @ts-ignore: decorator
@inline function enter(id: u32, text: usize, length: u32): void {
  const piece = <usize>id << 2;
  const hash = hashOf(text, length);
  store<u32>(ends + piece, <u32>(text - bytes) + length);
  const head = heads + (<usize>placeOf(hash) << 2);
  store<u32>(next + piece, load<u32>(head));
  store<u32>(head, (hash & tags) | (id + 1));
}

/**
 * Read merges `"left right",` or `["left","right"],` up to one that is written in another way, is not whole or has a piece
 * that is not in the table. Their ids stand in `merges`: three numbers each, for the left, the right and the joined piece.
 *
 * @param length bytes of the text, at most WINDOW
 * @returns how many were read
 */
export function readMerges(length: u32): u32 {
  bytesRead = 0;
  closed = 0;
  if (endOfText(length) == TEXT) return 0;
  let text = TEXT;
  let count: u32 = 0;
  while (closed == 0) {
    let p = skipSpace(text);
    p = load<u8>(p) == OPEN_LIST ? readPair(p + 1) : readSpaced(p);
    if (p == 0) break;
    p = skipSpace(p);
    if (load<u8>(p) == COMMA) p++;
    else if (load<u8>(p) == CLOSE_LIST) closed = 1;
    else break;

    const left = find(work, <u32>(leftEnd - work));
    const right = find(rightBegin, <u32>(outEnd - rightBegin));
    memory.copy(leftEnd, rightBegin, outEnd - rightBegin);
    const joined = find(work, <u32>(outEnd - rightBegin + leftEnd - work));
    if ((left | right | joined) < 0) {
      closed = 0;
      break;
    }
    const merge = merges + 12 * <usize>count;
    count++;
    store<u32>(merge, left);
    store<u32>(merge, right, 4);
    store<u32>(merge, joined, 8);
    text = p;
  }
  bytesRead = <u32>(text - TEXT);
  return count;
}

/** Where the left piece of the merge at work ends, and the right one begins; this ends at `outEnd`. */
let leftEnd: usize = 0;
let rightBegin: usize = 0;

/** Read `"left right"`, whose quote stands at `p`; returns the byte behind it, 0 where others must judge. */
function readSpaced(p: usize): usize {
  if (load<u8>(p) != QUOTE) return 0;
  p = readBytes(p + 1, work);
  if (p == 0) return 0;
  leftEnd = work;
  while (leftEnd < outEnd && load<u8>(leftEnd) != 0x20) leftEnd++;
  rightBegin = leftEnd + 1;
  for (let other = rightBegin; other < outEnd; other++) if (load<u8>(other) == 0x20) return 0;
  return leftEnd < outEnd ? p + 1 : 0;
}

/** Read `"left","right"]` from `p` on; returns the byte behind it, 0 where others must judge. */
function readPair(p: usize): usize {
  p = skipSpace(p);
  if (load<u8>(p) != QUOTE) return 0;
  p = readBytes(p + 1, work);
  if (p == 0) return 0;
  leftEnd = outEnd;
  rightBegin = outEnd;
  p = skipSpace(p + 1);
  if (load<u8>(p) != COMMA) return 0;
  p = skipSpace(p + 1);
  if (load<u8>(p) != QUOTE) return 0;
  p = readBytes(p + 1, rightBegin);
  if (p == 0) return 0;
  p = skipSpace(p + 1);
  return load<u8>(p) == CLOSE_LIST ? p + 1 : 0;
}

/** The id of the piece that stands at `text`, or -1. */
function find(text: usize, length: u32): i32 {
  const hash = hashOf(text, length);
  let entry = load<u32>(heads + (<usize>placeOf(hash) << 2));
  while (entry != 0) {
    const id = (entry & ~tags) - 1;
    if (((entry ^ hash) & tags) == 0 && isPiece(id, text, length)) return id;
    entry = load<u32>(next + (<usize>id << 2));
  }
  return -1;
}

function isPiece(id: u32, text: usize, length: u32): bool {
  const end = ends + (<usize>id << 2);
  const begin = id == 0 ? 0 : load<u32>(end - 4);
  if (load<u32>(end) - begin != length) return false;
  const piece = bytes + begin;
  for (let i: u32 = 0; i < length; i++) if (load<u8>(piece + i) != load<u8>(text + i)) return false;
  return true;
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
    p = readUnits(skipSpace(p + 1), units);
    if (p == 0) break;
    p = skipSpace(p);
    if (load<u8>(p) != 0x2c) break;
    p = readNumber(skipSpace(p + 1));
    if (p == 0) break;
    p = skipSpace(p);
    if (load<u8>(p) != 0x5d || load<u8>(++p) != 0x2c) break;

    text = p + 1;
    units = outEnd;
    store<u32>((<usize>count << 2) + ENDS, used + (<u32>(units - UNITS) >> 1));
    store<f64>((<usize>count << 3) + SCORES, score);
  }
  bytesRead = <u32>(text - TEXT);
  written = <u32>(units - UNITS) >> 1;
  return count;
}

// @ts-ignore: decorator
@inline function skipSpace(p: usize): usize {
  while (load<u8>(p) == 0x20 || load<u8>(p) == 0x0a) p++;
  return p;
}

/** Read the string whose quote stands at `p`, its units to `out` on; returns the byte behind it, 0 where others must judge. */
function readUnits(p: usize, out: usize): usize {
  if (load<u8>(p) != QUOTE) return 0;
  for (let c: u32 = load<u8>(++p); c != QUOTE; c = load<u8>(++p)) {
    if (c - 0x20 >= 0x60 || c == BACKSLASH) {
      at = p;
      c = c == BACKSLASH ? escaped() : beyondASCII(c);
      if (c - 1 >= 0xffff) return 0; // pairs of surrogates are rare
      p = at;
    }
    store<u16>(out, c);
    out += 2;
  }
  outEnd = out;
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
