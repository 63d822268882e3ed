/** Entries of JSON, `"piece":12,`, whose ids count up: pieces that are found as a whole. */
import { outEnd, QUOTE, readBytes, skipSpace } from "./json-strings";
import { bytes, enter } from "./piece-table";
import { beginText, readUpTo, TEXT } from "./window";

const QUOTE_COLON: u32 = 0x3a22;
const CLOSE: u32 = 0x7d;

/** Sixteen quotes, backslashes and spaces. */
const SPECIAL = memory.data<u64>([
  0x2222222222222222, 0x2222222222222222, 0x5c5c5c5c5c5c5c5c, 0x5c5c5c5c5c5c5c5c, 0x2020202020202020, 0x2020202020202020,
]);

/**
 * Read entries `"piece":12,` with the ids `id`, `id + 1` and so on, up to one that is written in another way or is not whole.
 *
 * @param length bytes of the text, at most WINDOW
 * @param used bytes of the pieces before these
 * @param most how many entries to read at most
 * @returns how many were read; 0 where the text is not UTF-8
 */
export function readEntries(length: u32, id: u32, used: u32, most: u32): u32 {
  if (!beginText(length)) return 0;
  let number = numeral(id);
  let width = digits(number);
  let untilCarry = 10 - (id % 10);
  let text = TEXT;
  let out = bytes + used;
  const last = id + most;
  const first = id;
  let closing: u32 = 0;
  while (id < last && number != 0 && closing == 0) {
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
      closing = 1;
    }

    text = p;
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
  readUpTo(text, closing);
  return id - first;
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
