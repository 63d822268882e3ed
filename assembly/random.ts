/**
 * Random numbers by counter: Philox 4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", section 3.4).
 *
 * A number depends on (seed, step, stream, element) alone, so any element can be made again, in any order, by any thread.
 * The counter is (element / 4, step, stream, purpose), the key (seed, 0); word i of a block belongs to element 4 c + i.
 */
import { LANES, at, madd, nmadd } from "./simd";
import { log } from "./math";

const M0: u32 = 0xd2511f53;
const M1: u32 = 0xcd9e8d57;
const W0: u32 = 0x9e3779b9;
const W1: u32 = 0xbb67ae85;
const ROUNDS: i32 = 10;

/** Dropout and other bits that a step asks for; values that a tensor is filled with. */
export const BITS: u32 = 0;
export const FILL: u32 = 1;

/** The four words of counter block `block`: elements 4 block ... 4 block + 3. */
export function philox(block: u32, seed: u32, step: u32, stream: u32, purpose: u32 = BITS): v128 {
  return words(block, step, stream, purpose, seed, 0);
}

function words(c0: u32, c1: u32, c2: u32, c3: u32, k0: u32, k1: u32): v128 {
  for (let round = 0; round < ROUNDS; round++) {
    const p0 = <u64>M0 * <u64>c0, p1 = <u64>M1 * <u64>c2;
    c0 = <u32>(p1 >> 32) ^ c1 ^ k0;
    c2 = <u32>(p0 >> 32) ^ c3 ^ k1;
    c1 = <u32>p1;
    c3 = <u32>p0;
    k0 += W0;
    k1 += W1;
  }
  return i32x4.replace_lane(i32x4.replace_lane(i32x4.replace_lane(i32x4.splat(c0), 1, c1), 2, c2), 3, c3);
}

/** Write the words of the four blocks from `block` on to `to`: 64 bytes, three times as fast as one by one. */
export function philox16(to: usize, block: u32, seed: u32, step: u32, stream: u32, purpose: u32 = BITS): void {
  // Lane j of c0 ... c3 is the counter of block + j; products of 32 bits are made two lanes at a time.
  let c0 = i32x4.add(i32x4.splat(block), v128.load(lanes));
  let c1 = i32x4.splat(step), c2 = i32x4.splat(stream), c3 = i32x4.splat(purpose);
  const m0 = v128.load(lanes, 16), m1 = v128.load(lanes, 32);
  let k0 = seed, k1: u32 = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const p0 = i64x2.extmul_low_i32x4_u(c0, m0), q0 = i64x2.extmul_high_i32x4_u(c0, m0);
    const p1 = i64x2.extmul_low_i32x4_u(c2, m1), q1 = i64x2.extmul_high_i32x4_u(c2, m1);
    c0 = v128.xor(v128.xor(v128.shuffle<i32>(p1, q1, 1, 3, 5, 7), c1), i32x4.splat(k0));
    c2 = v128.xor(v128.xor(v128.shuffle<i32>(p0, q0, 1, 3, 5, 7), c3), i32x4.splat(k1));
    c1 = v128.shuffle<i32>(p1, q1, 0, 2, 4, 6);
    c3 = v128.shuffle<i32>(p0, q0, 0, 2, 4, 6);
    k0 += W0;
    k1 += W1;
  }
  const low0 = v128.shuffle<i32>(c0, c1, 0, 4, 1, 5), low1 = v128.shuffle<i32>(c2, c3, 0, 4, 1, 5);
  const high0 = v128.shuffle<i32>(c0, c1, 2, 6, 3, 7), high1 = v128.shuffle<i32>(c2, c3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<i64>(low0, low1, 0, 2));
  v128.store(to, v128.shuffle<i64>(low0, low1, 1, 3), 16);
  v128.store(to, v128.shuffle<i64>(high0, high1, 0, 2), 32);
  v128.store(to, v128.shuffle<i64>(high0, high1, 1, 3), 48);
}

const lanes = memory.data<u32>([0, 1, 2, 3, M0, M0, M0, M0, M1, M1, M1, M1], 16);

/** The words of any counter and key, for comparison with published vectors. */
export function philoxBlock(to: usize, c0: u32, c1: u32, c2: u32, c3: u32, k0: u32, k1: u32): void {
  v128.store(to, words(c0, c1, c2, c3, k0, k1));
}

/** x = the random words of elements [begin, end), begin a multiple of 16. */
export function randomBits(x: usize, seed: u32, step: u32, stream: u32, begin: i32, end: i32): void {
  let i = begin;
  for (; i + 16 <= end; i += 16) philox16(at(x, i), i >> 2, seed, step, stream);
  for (; i < end; i += LANES) storeWords(at(x, i), philox(i >> 2, seed, step, stream), end - i);
}

function storeWords(to: usize, v: v128, count: i32): void {
  v128.store_lane<i32>(to, v, 0);
  if (count > 1) v128.store_lane<i32>(to, v, 1, 4);
  if (count > 2) v128.store_lane<i32>(to, v, 2, 8);
  if (count > 3) v128.store_lane<i32>(to, v, 3, 12);
}
