/**
 * Random numbers by counter: Philox 4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", section 3.4).
 *
 * A word depends on (seed, step, stream, place) alone, so any word can be recomputed, in any order, by any thread.
 * The counter is (place / 4, step, stream, purpose), the key (seed, 0); word i of a block is that of place 4 block + i.
 */
import { LANES, at, madd } from "./simd";
import { loadPart, storePart } from "./tails";
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

/** Write the words of the four blocks from `block` on to `to`: 64 bytes. */
export function philox16(to: usize, block: u32, seed: u32, step: u32, stream: u32, purpose: u32 = BITS): void {
  // Lane j of c0 ... c3 is the counter of block + j; products of 32 bits are made two lanes at a time.
  let c0 = i32x4.add(i32x4.splat(block), v128.load(lanes));
  let c1 = i32x4.splat(step), c2 = i32x4.splat(stream), c3 = i32x4.splat(purpose);
  let key = i32x4.replace_lane(i64x2.splat(seed), 1, 0);
  const m0 = v128.load(lanes, 16), m1 = v128.load(lanes, 32), weyl = v128.load(lanes, 48);
  for (let round = 0; round < ROUNDS; round++) {
    const p0 = i64x2.extmul_low_i32x4_u(c0, m0), q0 = i64x2.extmul_high_i32x4_u(c0, m0);
    const p1 = i64x2.extmul_low_i32x4_u(c2, m1), q1 = i64x2.extmul_high_i32x4_u(c2, m1);
    const k0 = v128.shuffle<i32>(key, key, 0, 0, 0, 0), k1 = v128.shuffle<i32>(key, key, 1, 1, 1, 1);
    c0 = v128.xor(v128.shuffle<i32>(p1, q1, 1, 3, 5, 7), v128.xor(c1, k0));
    c2 = v128.xor(v128.shuffle<i32>(p0, q0, 1, 3, 5, 7), v128.xor(c3, k1));
    c1 = v128.shuffle<i32>(p1, q1, 0, 2, 4, 6);
    c3 = v128.shuffle<i32>(p0, q0, 0, 2, 4, 6);
    key = i32x4.add(key, weyl);
  }
  storeTransposed(to, c0, c1, c2, c3);
}

/** The same for eight blocks, 128 bytes: two chains of rounds side by side take little longer than one. */
export function philox32(to: usize, block: u32, seed: u32, step: u32, stream: u32): void {
  let c0 = i32x4.add(i32x4.splat(block), v128.load(lanes)), d0 = i32x4.add(i32x4.splat(block + 4), v128.load(lanes));
  let c1 = i32x4.splat(step), c2 = i32x4.splat(stream), c3 = i32x4.splat(BITS);
  let d1 = c1, d2 = c2, d3 = c3;
  let key = i32x4.replace_lane(i64x2.splat(seed), 1, 0);
  const m0 = v128.load(lanes, 16), m1 = v128.load(lanes, 32), weyl = v128.load(lanes, 48);
  for (let round = 0; round < ROUNDS; round++) {
    const p0 = i64x2.extmul_low_i32x4_u(c0, m0), q0 = i64x2.extmul_high_i32x4_u(c0, m0);
    const p1 = i64x2.extmul_low_i32x4_u(c2, m1), q1 = i64x2.extmul_high_i32x4_u(c2, m1);
    const r0 = i64x2.extmul_low_i32x4_u(d0, m0), s0 = i64x2.extmul_high_i32x4_u(d0, m0);
    const r1 = i64x2.extmul_low_i32x4_u(d2, m1), s1 = i64x2.extmul_high_i32x4_u(d2, m1);
    const k0 = v128.shuffle<i32>(key, key, 0, 0, 0, 0), k1 = v128.shuffle<i32>(key, key, 1, 1, 1, 1);
    c0 = v128.xor(v128.shuffle<i32>(p1, q1, 1, 3, 5, 7), v128.xor(c1, k0));
    d0 = v128.xor(v128.shuffle<i32>(r1, s1, 1, 3, 5, 7), v128.xor(d1, k0));
    c2 = v128.xor(v128.shuffle<i32>(p0, q0, 1, 3, 5, 7), v128.xor(c3, k1));
    d2 = v128.xor(v128.shuffle<i32>(r0, s0, 1, 3, 5, 7), v128.xor(d3, k1));
    c1 = v128.shuffle<i32>(p1, q1, 0, 2, 4, 6);
    d1 = v128.shuffle<i32>(r1, s1, 0, 2, 4, 6);
    c3 = v128.shuffle<i32>(p0, q0, 0, 2, 4, 6);
    d3 = v128.shuffle<i32>(r0, s0, 0, 2, 4, 6);
    key = i32x4.add(key, weyl);
  }
  storeTransposed(to, c0, c1, c2, c3);
  storeTransposed(to + 64, d0, d1, d2, d3);
}

/** Lane j of the four words goes to the j-th 16 bytes. */
// @ts-ignore: decorator
@inline function storeTransposed(to: usize, c0: v128, c1: v128, c2: v128, c3: v128): void {
  const low0 = v128.shuffle<i32>(c0, c1, 0, 4, 1, 5), low1 = v128.shuffle<i32>(c2, c3, 0, 4, 1, 5);
  const high0 = v128.shuffle<i32>(c0, c1, 2, 6, 3, 7), high1 = v128.shuffle<i32>(c2, c3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<i64>(low0, low1, 0, 2));
  v128.store(to, v128.shuffle<i64>(low0, low1, 1, 3), 16);
  v128.store(to, v128.shuffle<i64>(high0, high1, 0, 2), 32);
  v128.store(to, v128.shuffle<i64>(high0, high1, 1, 3), 48);
}

const lanes = memory.data<u32>([0, 1, 2, 3, M0, M0, M0, M0, M1, M1, M1, M1, W0, W1, 0, 0], 16);

/** The words of any counter and key, for comparison with published vectors. */
export function philoxBlock(to: usize, c0: u32, c1: u32, c2: u32, c3: u32, k0: u32, k1: u32): void {
  v128.store(to, words(c0, c1, c2, c3, k0, k1));
}

/** x = the random words of elements [begin, end), begin a multiple of 16. */
export function randomBits(x: usize, seed: u32, step: u32, stream: u32, begin: i32, end: i32): void {
  let i = begin;
  for (; i + 32 <= end; i += 32) philox32(at(x, i), i >> 2, seed, step, stream);
  for (; i + 16 <= end; i += 16) philox16(at(x, i), i >> 2, seed, step, stream);
  for (; i < end; i += LANES) storeWords(at(x, i), philox(i >> 2, seed, step, stream), end - i);
}

function storeWords(to: usize, v: v128, count: i32): void {
  v128.store_lane<i32>(to, v, 0);
  if (count > 1) v128.store_lane<i32>(to, v, 1, 4);
  if (count > 2) v128.store_lane<i32>(to, v, 2, 8);
  if (count > 3) v128.store_lane<i32>(to, v, 3, 12);
}

const constants = memory.data<f32>([
  // 0: 2^-32, 2^-24, 1, 2, erf(sqrt(2))
  2.3283064365386963e-10, 5.960464477539063e-8, 1, 2, 0.9544997361036416,
  // 5: z / x in w - 2.5, then w = 5 and 2.5; 16: z / x in sqrt(w) - 3, then 3
  2.1233137, 0.3488024, -0.0059082857, -0.0017727552, 0.00030920486, -0.0000062870842, -0.0000050020108, 4.917959e-7, 4.120013e-8, 5, 2.5,
  4.006435, 1.4165949, 0.013337996, -0.010934342, 0.008195944, -0.004750591, 0.0016371275, -0.00023949155, 3,
], 16);

/** Constant `index` of the table in every lane. */
// @ts-ignore: decorator
@inline function c(index: usize): v128 {
  return v128.load32_splat(constants + (index << 2));
}

/**
 * The value that a standard normal variable is below with probability (1 + x) / 2, x in (-1, 1) as magnitude `a`,
 * 1 - a (which preserves precision in the tails) and the sign bits of `s`.
 * After Giles 2010, "Approximating the erfinv function": a times a polynomial in w = -log(1 - x^2), another for w > 5.
 */
// @ts-ignore: decorator
@inline function quantile(a: v128, rest: v128, s: v128): v128 {
  const w = f32x4.neg(log(f32x4.mul(rest, f32x4.sub(c(3), rest))));
  const t = f32x4.sub(w, c(15));
  let p = madd(c(13), t, c(12));
  p = madd(p, t, c(11));
  p = madd(p, t, c(10));
  p = madd(p, t, c(9));
  p = madd(p, t, c(8));
  p = madd(p, t, c(7));
  p = madd(p, t, c(6));
  p = madd(p, t, c(5));
  const u = f32x4.sub(f32x4.sqrt(f32x4.pmax(w, f32x4.splat(0))), c(24));
  let q = madd(c(23), u, c(22));
  q = madd(q, u, c(21));
  q = madd(q, u, c(20));
  q = madd(q, u, c(19));
  q = madd(q, u, c(18));
  q = madd(q, u, c(17));
  q = madd(q, u, c(16));
  const z = f32x4.mul(a, v128.bitselect(p, q, f32x4.lt(w, c(14))));
  return v128.or(z, v128.andnot(s, i32x4.splat(0x7fffffff)));
}

// A word, as a signed number s, means x = (2 s + 1) / 2^32, and with m = s or ~s for |x| = (2 m + 1) / 2^32.
// @ts-ignore: decorator
@inline function twiceMagnitude(s: v128): v128 {
  return i32x4.shl(v128.xor(s, i32x4.shr_s(s, 31)), 1);
}

/** A standard normal value from each word. */
// @ts-ignore: decorator
@inline function normalOf(s: v128): v128 {
  const m = twiceMagnitude(s);
  const a = f32x4.mul(f32x4.convert_i32x4_u(v128.or(m, i32x4.splat(1))), c(0));
  const rest = f32x4.mul(f32x4.convert_i32x4_u(v128.not(m)), c(0));
  return quantile(a, rest, s);
}

/** The same, conditioned on [-2, 2]. */
// @ts-ignore: decorator
@inline function truncatedOf(s: v128): v128 {
  const a = f32x4.mul(f32x4.mul(f32x4.convert_i32x4_u(v128.or(twiceMagnitude(s), i32x4.splat(1))), c(0)), c(4));
  const z = quantile(a, f32x4.sub(c(2), a), s);
  return f32x4.pmax(f32x4.pmin(z, c(3)), f32x4.neg(c(3)));
}

/** Write the words of elements [begin, end) that a tensor is filled with; begin is a multiple of 16. */
function fillWords(x: usize, seed: u32, stream: u32, begin: i32, end: i32): void {
  let i = begin;
  for (; i + 16 <= end; i += 16) philox16(at(x, i), i >> 2, seed, 0, stream, FILL);
  for (; i < end; i += LANES) storeWords(at(x, i), philox(i >> 2, seed, 0, stream, FILL), end - i);
}

/** x = random values in [low, high): 24 bits each. Elements [begin, end), begin a multiple of 16; likewise below. */
export function fillUniform(x: usize, low: f32, high: f32, seed: u32, stream: u32, begin: i32, end: i32): void {
  const from = f32x4.splat(low), range = f32x4.splat(high - low);
  fillWords(x, seed, stream, begin, end);
  let i = begin;
  for (; i + LANES <= end; i += LANES) v128.store(at(x, i), f32x4.add(f32x4.mul(shareOf(v128.load(at(x, i))), range), from));
  if (i < end) storePart(at(x, i), f32x4.add(f32x4.mul(shareOf(loadPart(at(x, i), end - i)), range), from), end - i);
}

// @ts-ignore: decorator
@inline function shareOf(words: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_u(i32x4.shr_u(words, 8)), c(1));
}

/** x = independent normal values with mean 0. */
export function fillNormal(x: usize, deviation: f32, seed: u32, stream: u32, begin: i32, end: i32): void {
  const d = f32x4.splat(deviation);
  fillWords(x, seed, stream, begin, end);
  let i = begin;
  for (; i + LANES <= end; i += LANES) v128.store(at(x, i), f32x4.mul(normalOf(v128.load(at(x, i))), d));
  if (i < end) storePart(at(x, i), f32x4.mul(normalOf(loadPart(at(x, i), end - i)), d), end - i);
}

/** x = independent normal values with mean 0 conditioned on being within two standard deviations. */
export function fillTruncatedNormal(x: usize, deviation: f32, seed: u32, stream: u32, begin: i32, end: i32): void {
  const d = f32x4.splat(deviation);
  fillWords(x, seed, stream, begin, end);
  let i = begin;
  for (; i + LANES <= end; i += LANES) v128.store(at(x, i), f32x4.mul(truncatedOf(v128.load(at(x, i))), d));
  if (i < end) storePart(at(x, i), f32x4.mul(truncatedOf(loadPart(at(x, i), end - i)), d), end - i);
}
