/**
 * exp, log, tanh, erf, sigmoid and the inverse of erf for four lanes: the same bits on every engine in the strict build.
 *
 * Polynomials are minimax fits in relative error with coefficients rounded to f32 one after the other; the largest
 * errors in units in the last place (ulp) are measured over dense sweeps in tests/assembly/math.test.ts.
 * NaN stays NaN. Results below the smallest normal number, 2^-126, may be zero: WebAssembly cannot flush denormals, and
 * arithmetic on them is 25 to 40 times slower.
 *
 * f32x4.pmax(x, y) is x < y ? y : x, one instruction on x86 where f32x4.max takes nine; it keeps a NaN that comes first.
 *
 * Constants come from a table in memory, since V8 builds a literal vector at every use: exp runs 1.7 times faster this way.
 */
import { at, madd, nmadd } from "./simd";
import { loadPart, storePart } from "./tails";

const constants = memory.data<f32>([
  // 0: exp: 1 / ln 2; ln 2 in two parts, the first of 9 bits so that its products with n are exact
  1.4426950408889634, 0.693359375, -2.12194440e-4,
  // 3: (exp(r) - 1 - r) / r^2, |r| <= ln 2 / 2
  0.49999994, 0.16666521, 0.041668292, 0.008368719, 0.0013818728,
  // 8: 1; smallest and largest x with a normal exp(x); infinity
  1, -87.33654, 88.72283, Infinity,
  // 12: (log1p(f) - f + f^2 / 2) / f^3, sqrt(1/2) - 1 <= f <= sqrt(2) - 1
  0.33333331, -0.25000823, 0.2000125, -0.16623315, 0.14201273, -0.1316019, 0.12764762, -0.07638185,
  // 20: 1/2, smallest normal number, 2^25, 25
  0.5, 1.1754943508222875e-38, 33554432, 25,
  // 24: (tanh(x) - x) / x^3 in x^2, |x| <= 0.625; then 0.625 and where tanh rounds to 1
  -0.33333269, 0.13331075, -0.05370843, 0.020535350, -0.0055876113, 0.625, 9.02,
  // 31: erf(x) / x - 1 in x^2, |x| <= 0.92
  0.12837917, -0.3761263, 0.11283624, -0.026855588, 0.005191948, -0.0008043839, 0.000079696634,
  // 38: -log(erfc(x)), 0.92 < x <= 4; then 0.92 and where erf rounds to 1
  0.00016644572, 1.1277972, 0.63697606, 0.10411374, -0.022315275, 0.0030655188, -0.00019822425, 0.92, 3.93,
  // 47: 1.5 * 2^23: added to a small number, it leaves the nearest whole number in the low bits
  12582912,
], 16);

/** Constant `index` of the table in every lane. */
// @ts-ignore: decorator
@inline function c(index: usize): v128 {
  return v128.load32_splat(constants + (index << 2));
}

/**
 * exp(x) for -87.33 <= x <= 88.72; anything for other x. At most 1 ulp.
 *
 * x = n ln 2 + r; exp(x) = 2^n exp(r), and 2^n is added to the exponent's bits.
 */
// @ts-ignore: decorator
@inline export function expInRange(x: v128): v128 {
  const shifted = madd(x, c(0), c(47));
  const n = f32x4.sub(shifted, c(47));
  const r = nmadd(n, c(2), nmadd(n, c(1), x));
  let p = madd(c(7), r, c(6));
  p = madd(p, r, c(5));
  p = madd(p, r, c(4));
  p = madd(p, r, c(3));
  p = f32x4.add(madd(f32x4.mul(r, r), p, r), c(8));
  return i32x4.add(p, i32x4.shl(shifted, 23));
}

/** exp(x); 0 below -87.34, infinite above 88.72. At most 1 ulp. */
// @ts-ignore: decorator
@inline export function exp(x: v128): v128 {
  const inside = v128.andnot(expInRange(x), f32x4.lt(x, c(9)));
  // Where x is not below the limit it is too large, or NaN.
  return v128.bitselect(inside, f32x4.add(x, c(11)), f32x4.le(x, c(10)));
}

/** Natural logarithm; -infinity at 0, NaN below. At most 0.9 ulp, denormal x included. */
// @ts-ignore: decorator
@inline export function log(x: v128): v128 {
  const denormal = f32x4.lt(x, c(21));
  const scaled = v128.bitselect(f32x4.mul(x, c(22)), x, denormal);
  // m in [sqrt(1/2), sqrt(2)): the offset is the bits of sqrt(1/2).
  const bits = i32x4.sub(scaled, i32x4.splat(0x3f3504f3));
  const e = f32x4.sub(f32x4.convert_i32x4_s(i32x4.shr_s(bits, 23)), v128.and(c(23), denormal));
  const f = f32x4.sub(i32x4.add(v128.and(bits, i32x4.splat(0x007fffff)), i32x4.splat(0x3f3504f3)), c(8));
  let p = madd(c(19), f, c(18));
  p = madd(p, f, c(17));
  p = madd(p, f, c(16));
  p = madd(p, f, c(15));
  p = madd(p, f, c(14));
  p = madd(p, f, c(13));
  p = madd(p, f, c(12));
  const f2 = f32x4.mul(f, f);
  // The small terms first: f^3 p + e ln2_low - f^2 / 2, then f, then e ln2_high, which is exact.
  let y = madd(e, c(2), f32x4.mul(f32x4.mul(f2, f), p));
  y = madd(e, c(1), f32x4.add(nmadd(c(20), f2, y), f));
  // x = 0, x = infinity, and x < 0 or NaN.
  const zero = f32x4.splat(0);
  y = v128.bitselect(f32x4.neg(c(11)), y, f32x4.eq(x, zero));
  y = v128.bitselect(c(11), y, f32x4.eq(x, c(11)));
  return v128.or(y, v128.not(f32x4.ge(x, zero)));
}

/** tanh(x) = x + x^3 p(x^2) near 0 and 1 - 2 / (exp(2 |x|) + 1) with the sign of x elsewhere. At most 1.35 ulp. */
// @ts-ignore: decorator
@inline export function tanh(x: v128): v128 {
  const a = f32x4.abs(x);
  const s = f32x4.mul(x, x);
  let p = madd(c(28), s, c(27));
  p = madd(p, s, c(26));
  p = madd(p, s, c(25));
  p = madd(p, s, c(24));
  const near = madd(f32x4.mul(s, a), p, a);
  const e = expInRange(f32x4.pmin(f32x4.add(a, a), f32x4.add(c(30), c(30))));
  const far = f32x4.sub(c(8), f32x4.div(f32x4.add(c(8), c(8)), f32x4.add(e, c(8))));
  return withSign(v128.bitselect(far, near, f32x4.ge(a, c(29))), x);
}

/** erf(x) = x + x p(x^2) near 0 and 1 - exp(-q(|x|)) with the sign of x elsewhere. At most 1.35 ulp. */
// @ts-ignore: decorator
@inline export function erf(x: v128): v128 {
  const a = f32x4.pmin(f32x4.abs(x), c(46));
  const s = f32x4.mul(a, a);
  let p = madd(c(37), s, c(36));
  p = madd(p, s, c(35));
  p = madd(p, s, c(34));
  p = madd(p, s, c(33));
  p = madd(p, s, c(32));
  p = madd(p, s, c(31));
  const near = madd(p, a, a);
  let q = madd(c(44), a, c(43));
  q = madd(q, a, c(42));
  q = madd(q, a, c(41));
  q = madd(q, a, c(40));
  q = madd(q, a, c(39));
  q = madd(q, a, c(38));
  const far = f32x4.sub(c(8), expInRange(f32x4.neg(q)));
  return withSign(v128.bitselect(far, near, f32x4.ge(a, c(45))), x);
}

/** exp(-|x|); 0 from 87.34 on. */
// @ts-ignore: decorator
@inline export function expOfMinus(x: v128): v128 {
  const a = f32x4.neg(f32x4.abs(x));
  // The larger of the two is exp(a), or NaN.
  return f32x4.pmax(a, v128.andnot(expInRange(a), f32x4.lt(a, c(9))));
}

/** 1 / (1 + exp(-x)), for negative x as exp(x) / (1 + exp(x)); 0 below -87.34. At most 2.25 ulp. */
// @ts-ignore: decorator
@inline export function sigmoid(x: v128): v128 {
  const e = expOfMinus(x);
  return f32x4.div(v128.bitselect(e, c(8), f32x4.lt(x, f32x4.splat(0))), f32x4.add(c(8), e));
}

/** The magnitude of `a`, which is not negative, with the sign of `x`. */
// @ts-ignore: decorator
@inline function withSign(a: v128, x: v128): v128 {
  return v128.or(a, v128.andnot(x, i32x4.splat(0x7fffffff)));
}

/** The functions one by one for whole arrays: y = f(x) over elements [begin, end). The host has no Math of its own. */
export function expAll(y: usize, x: usize, begin: i32, end: i32): void {
  let i = begin;
  for (; i + 8 <= end; i += 8) {
    const a = exp(v128.load(at(x, i))), b = exp(v128.load(at(x, i), 16));
    v128.store(at(y, i), a);
    v128.store(at(y, i), b, 16);
  }
  for (; i + 4 <= end; i += 4) v128.store(at(y, i), exp(v128.load(at(x, i))));
  if (i < end) storePart(at(y, i), exp(loadPart(at(x, i), end - i)), end - i);
}

export function logAll(y: usize, x: usize, begin: i32, end: i32): void {
  let i = begin;
  for (; i + 4 <= end; i += 4) v128.store(at(y, i), log(v128.load(at(x, i))));
  if (i < end) storePart(at(y, i), log(loadPart(at(x, i), end - i)), end - i);
}

export function erfAll(y: usize, x: usize, begin: i32, end: i32): void {
  let i = begin;
  for (; i + 4 <= end; i += 4) v128.store(at(y, i), erf(v128.load(at(x, i))));
  if (i < end) storePart(at(y, i), erf(loadPart(at(x, i), end - i)), end - i);
}
