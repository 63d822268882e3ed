/**
 * The hash of a piece: the sum of its bytes, each times the weight of its place, in 32 bits. Sixteen bytes are multiplied at
 * once, and a reader that goes on byte by byte comes to the same; see sdk/tokenizer/piece-hash.ts.
 */

// The weight of place i is NEAR[i % 16] * FAR[i % 8 / 2] * BLOCK^(i / 16 % 16), all of them odd.
const NEAR = memory.data<u16>([
  20707, 9467, 31723, 14783, 26597, 11519, 17939, 29663, 8837, 23581, 12907, 32069, 19163, 10331, 27947, 15817,
]);
const FAR = memory.data<u32>([0x9e3779b1, 0x85ebca77, 0xc2b2ae3d, 0x27d4eb2f]);
const BLOCK: u32 = 0x165667b1;
/** From 16 - n on: n bytes that keep what they are laid over, and others that do not. */
const KEPT = memory.data<u64>([-1, -1, 0, 0]);

/** The hash of bytes [begin, begin + length); up to fifteen behind them are read. */
// @ts-ignore: decorator
@inline export function hashOf(begin: usize, length: u32): u32 {
  return length <= 16 ? hashBlock(begin, length) : hashBlocks(begin, length);
}

function hashBlocks(begin: usize, length: u32): u32 {
  let hash: u32 = 0;
  let power: u32 = 1;
  for (let block: u32 = 0; block < length; block += 16) {
    if ((block & 0xff) == 0) power = 1;
    hash += hashBlock(begin + block, min(16, length - block)) * power;
    power *= BLOCK;
  }
  return hash;
}

// @ts-ignore: decorator
@inline function hashBlock(begin: usize, length: u32): u32 {
  const bytes = v128.and(v128.load(begin), v128.load(KEPT + 16 - length));
  const left = i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(bytes), v128.load(NEAR));
  const right = i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(bytes), v128.load(NEAR, 16));
  const sums = i32x4.mul(i32x4.add(left, right), v128.load(FAR));
  return (
    i32x4.extract_lane(sums, 0) +
    i32x4.extract_lane(sums, 1) +
    i32x4.extract_lane(sums, 2) +
    i32x4.extract_lane(sums, 3)
  );
}
