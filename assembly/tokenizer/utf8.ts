/**
 * Whether bytes are UTF-8, sixteen at a time: the class of every pair of neighbours is looked up by their half bytes (Keiser
 * and Lemire, "Validating UTF-8 in less than one instruction per byte", 2021).
 */

// What can be wrong with two neighbours, a bit each; the last one is for a continuation after a continuation, which the
// bytes further to the left must ask for.
const TOO_SHORT: u8 = 1; // 11______ 0_______ or 11______ 11______
const TOO_LONG: u8 = 2; // 0_______ 10______
const OVERLONG_3: u8 = 4; // 11100000 100_____
const TOO_LARGE: u8 = 8; // 11110100 1001____ and more
const SURROGATE: u8 = 16; // 11101101 101_____
const OVERLONG_2: u8 = 32; // 1100000_ 10______
const TOO_LARGE_1000: u8 = 64; // 11110101 1000____ and more
const OVERLONG_4: u8 = 64; // 11110000 1000____
const TWO: u8 = 128; // 10______ 10______
const CARRY: u8 = TOO_SHORT | TOO_LONG | TWO;

/** By the high half of the first byte, by its low half, and by the high half of the second. */
// biome-ignore format: a row for each kind of byte
const CLASSES = memory.data<u8>([
  TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG,
  TWO, TWO, TWO, TWO,
  TOO_SHORT | OVERLONG_2,
  TOO_SHORT,
  TOO_SHORT | OVERLONG_3 | SURROGATE,
  TOO_SHORT | TOO_LARGE | TOO_LARGE_1000 | OVERLONG_4,

  CARRY | OVERLONG_3 | OVERLONG_2 | OVERLONG_4,
  CARRY | OVERLONG_2,
  CARRY, CARRY,
  CARRY | TOO_LARGE,
  CARRY | TOO_LARGE | TOO_LARGE_1000, CARRY | TOO_LARGE | TOO_LARGE_1000, CARRY | TOO_LARGE | TOO_LARGE_1000,
  CARRY | TOO_LARGE | TOO_LARGE_1000, CARRY | TOO_LARGE | TOO_LARGE_1000, CARRY | TOO_LARGE | TOO_LARGE_1000,
  CARRY | TOO_LARGE | TOO_LARGE_1000, CARRY | TOO_LARGE | TOO_LARGE_1000,
  CARRY | TOO_LARGE | TOO_LARGE_1000 | SURROGATE,
  CARRY | TOO_LARGE | TOO_LARGE_1000, CARRY | TOO_LARGE | TOO_LARGE_1000,

  TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT,
  TOO_LONG | OVERLONG_2 | TWO | OVERLONG_3 | TOO_LARGE_1000 | OVERLONG_4,
  TOO_LONG | OVERLONG_2 | TWO | OVERLONG_3 | TOO_LARGE,
  TOO_LONG | OVERLONG_2 | TWO | SURROGATE | TOO_LARGE, TOO_LONG | OVERLONG_2 | TWO | SURROGATE | TOO_LARGE,
  TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT,
]);

/**
 * Whether bytes [begin, end) are UTF-8 but for a last character that is not whole. Three bytes before them must be ASCII,
 * and up to sixteen behind them are read.
 */
export function isUTF8(begin: usize, end: usize): bool {
  const low = i8x16.splat(0x0f);
  let wrong = i8x16.splat(0);
  for (let p = begin; p < end; p += 16) {
    const bytes = v128.load(p);
    const before = v128.load(p - 1);
    const pairs = v128.and(
      v128.and(
        i8x16.swizzle(v128.load(CLASSES), i8x16.shr_u(before, 4)),
        i8x16.swizzle(v128.load(CLASSES, 16), v128.and(before, low)),
      ),
      i8x16.swizzle(v128.load(CLASSES, 32), i8x16.shr_u(bytes, 4)),
    );
    // The high bit is set where two or three bytes further left a character of three or four begins.
    const third = i8x16.sub_sat_u(v128.load(p - 2), i8x16.splat(0x60));
    const fourth = i8x16.sub_sat_u(v128.load(p - 3), i8x16.splat(0x70));
    const due = v128.and(v128.or(third, fourth), i8x16.splat(-128));
    wrong = v128.or(wrong, v128.xor(due, pairs));
  }
  return !v128.any_true(wrong);
}

/** The end of the last whole character of UTF-8 in [begin, end). */
export function wholeCharacters(begin: usize, end: usize): usize {
  let last = end;
  while (last > begin && end - last < 4) {
    const byte: u32 = load<u8>(--last);
    if ((byte & 0xc0) == 0x80) continue;
    const length = byte < 0xc0 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    return last + length > end ? last : end;
  }
  return end;
}
