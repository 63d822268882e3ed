/** Entries of JSON, `["piece",-9.5],`: pieces that are found by their beginnings, in UTF-16 units, and their scores. */
import { decimal } from "./decimal";
import { outEnd, readUnits, skipSpace } from "./json-strings";
import { readUpTo, TABLES, TEXT, WINDOW } from "./window";

/** Pieces of one call at most; an entry takes five bytes or more. */
const PIECES: usize = WINDOW / 5;
/** The units of the pieces one after another, where each piece ends, and its score, an f64. */
export const UNITS: usize = TABLES;
export const ENDS: usize = UNITS + 2 * WINDOW;
export const SCORES: usize = ENDS + ((4 * PIECES + 15) & ~15);

/** How many units the pieces of the last call have. */
export let unitsRead: u32 = 0;
/** The number that was read last. */
let score: f64 = 0;

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
  readUpTo(text, 0);
  unitsRead = <u32>(units - UNITS) >> 1;
  return count;
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
