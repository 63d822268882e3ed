/**
 * Activations: y = f(x) element by element, and dx = f'(x) dy.
 *
 * GELU: Hendrycks & Gimpel 2016 (arXiv:1606.08415), exact and by tanh. SiLU: the same paper, section 4.
 * The inline functions work on a vector, so that the matrix product can apply one before it stores.
 */
import { loadPart, storePart } from "./lanes";
import { exp, expInRange, sigmoid, tanh } from "./math";
import { LANES, at, madd } from "./simd";

/** The kinds as the host numbers them: sdk/tensor/ops/activation.ts. */
export const NONE: i32 = 0;
export const GELU: i32 = 1;
export const GELU_TANH: i32 = 2;
export const RELU: i32 = 3;
export const TANH: i32 = 4;
export const SILU: i32 = 5;
export const SIGMOID: i32 = 6;

const constants = memory.data<f32>([
  // 0: Mills' ratio of the normal distribution, Phi(-a) exp(a^2 / 2) = k P(k) with k = 1 / (1 + 0.3 a), 0 <= a <= 11.3
  0.11989798, 0.117846996, 0.11303649, 0.09651604, -0.0079557387, 0.16820985, -0.13997620, 0.032424577,
  // 8: 0.3, 1, -1/2, where Phi(-a) counts as zero, 1 / sqrt(2 pi)
  0.3, 1, -0.5, 11.3, 0.3989422804014327,
  // 13: -2 sqrt(2 / pi), 0.044715, 3 * 0.044715; beyond these x the functions are flat
  -1.5957691216057308, 0.044715, 0.134145, -30, 30, -90, 90,
], 16);

/** Constant `index` of the table in every lane. */
// @ts-ignore: decorator
@inline function c(index: usize): v128 {
  return v128.load32_splat(constants + (index << 2));
}

/** exp(-a^2 / 2) for a >= 0, exactly 0 from 11.3 on. */
// @ts-ignore: decorator
@inline function bell(a: v128): v128 {
  return v128.and(expInRange(f32x4.mul(f32x4.mul(a, a), c(10))), f32x4.lt(a, c(11)));
}

/** Phi(-a), given e = bell(a). */
// @ts-ignore: decorator
@inline function tail(a: v128, e: v128): v128 {
  const k = f32x4.div(c(9), madd(a, c(8), c(9)));
  let p = madd(c(7), k, c(6));
  p = madd(p, k, c(5));
  p = madd(p, k, c(4));
  p = madd(p, k, c(3));
  p = madd(p, k, c(2));
  p = madd(p, k, c(1));
  p = madd(p, k, c(0));
  return f32x4.mul(e, f32x4.mul(k, p));
}

/** x Phi(x) = max(x, 0) - |x| Phi(-|x|): nothing cancels where the result is small. */
// @ts-ignore: decorator
@inline function gelu(x: v128): v128 {
  const a = f32x4.min(f32x4.abs(x), c(11));
  return f32x4.sub(f32x4.max(x, f32x4.splat(0)), f32x4.mul(a, tail(a, bell(a))));
}

/** x (1 + tanh(u)) / 2 = x / (1 + exp(-2u)),  u = sqrt(2 / pi) (x + 0.044715 x^3) */
// @ts-ignore: decorator
@inline function geluTanh(x: v128): v128 {
  const low = f32x4.max(x, c(16));
  const u = f32x4.mul(f32x4.mul(low, c(13)), madd(f32x4.mul(low, low), c(14), c(9)));
  return f32x4.div(low, f32x4.add(c(9), exp(u)));
}

/** x / (1 + exp(-x)) */
// @ts-ignore: decorator
@inline function silu(x: v128): v128 {
  const low = f32x4.max(x, c(18));
  return f32x4.div(low, f32x4.add(c(9), exp(f32x4.neg(low))));
}

/** f(x); the kind is a constant where this is used, so that one branch is left. */
// @ts-ignore: decorator
@inline function activated(kind: i32, x: v128): v128 {
  if (kind == GELU) return gelu(x);
  if (kind == GELU_TANH) return geluTanh(x);
  if (kind == RELU) return f32x4.max(x, f32x4.splat(0));
  if (kind == TANH) return tanh(x);
  if (kind == SILU) return silu(x);
  return sigmoid(x);
}

/** Phi(x) + x exp(-x^2 / 2) / sqrt(2 pi) */
// @ts-ignore: decorator
@inline function geluSlope(x: v128): v128 {
  const a = f32x4.min(f32x4.abs(x), c(11));
  const e = bell(a), below = tail(a, e);
  const phi = v128.bitselect(below, f32x4.sub(c(9), below), f32x4.lt(x, f32x4.splat(0)));
  return madd(f32x4.mul(f32x4.max(f32x4.min(x, c(11)), f32x4.neg(c(11))), c(12)), e, phi);
}

/** s + x s (1 - s) 2u',  s = 1 / (1 + exp(-2u)) */
// @ts-ignore: decorator
@inline function geluTanhSlope(x: v128): v128 {
  const low = f32x4.min(f32x4.max(x, c(16)), c(17));
  const s2 = f32x4.mul(low, low);
  const u2 = f32x4.mul(f32x4.mul(low, c(13)), madd(s2, c(14), c(9)));
  return slopeOfSigmoids(low, u2, f32x4.neg(f32x4.mul(f32x4.mul(low, c(13)), madd(s2, c(15), c(9)))));
}

/** s + s (1 - s) factor for s = 1 / (1 + exp(u)); 1 - s is computed without a difference. */
// @ts-ignore: decorator
@inline function slopeOfSigmoids(x: v128, u: v128, factor: v128): v128 {
  const e = exp(f32x4.neg(f32x4.abs(u)));
  const large = f32x4.div(c(9), f32x4.add(c(9), e)), small = f32x4.mul(e, large);
  const s = v128.bitselect(small, large, f32x4.lt(x, f32x4.splat(0)));
  return madd(f32x4.mul(large, small), factor, s);
}

/** s + x s (1 - s),  s = 1 / (1 + exp(-x)) */
// @ts-ignore: decorator
@inline function siluSlope(x: v128): v128 {
  const low = f32x4.min(f32x4.max(x, c(18)), c(19));
  return slopeOfSigmoids(low, low, low);
}

/** f'(x), given y = f(x): what both need is computed once, since all this is inlined. */
// @ts-ignore: decorator
@inline function slopeOf(kind: i32, x: v128, y: v128): v128 {
  if (kind == GELU) return geluSlope(x);
  if (kind == GELU_TANH) return geluTanhSlope(x);
  if (kind == RELU) return v128.and(c(9), f32x4.gt(x, f32x4.splat(0)));
  if (kind == TANH) return f32x4.sub(c(9), f32x4.mul(y, y));
  if (kind == SILU) return siluSlope(x);
  return f32x4.mul(y, f32x4.sub(c(9), y));
}

/** y = f(x) for elements [begin, end); y may be x. */
export function activate(y: usize, x: usize, kind: i32, begin: i32, end: i32): void {
  if (kind == GELU) forward(GELU, y, x, begin, end);
  else if (kind == GELU_TANH) forward(GELU_TANH, y, x, begin, end);
  else if (kind == RELU) forward(RELU, y, x, begin, end);
  else if (kind == TANH) forward(TANH, y, x, begin, end);
  else if (kind == SILU) forward(SILU, y, x, begin, end);
  else if (kind == SIGMOID) forward(SIGMOID, y, x, begin, end);
}

// @ts-ignore: decorator
@inline function forward(kind: i32, y: usize, x: usize, begin: i32, end: i32): void {
  let i = begin;
  for (; i + 2 * LANES <= end; i += 2 * LANES) {
    const a = activated(kind, v128.load(at(x, i))), b = activated(kind, v128.load(at(x, i), 16));
    v128.store(at(y, i), a);
    v128.store(at(y, i), b, 16);
  }
  for (; i + LANES <= end; i += LANES) v128.store(at(y, i), activated(kind, v128.load(at(x, i))));
  if (i < end) storePart(at(y, i), activated(kind, loadPart(at(x, i), end - i)), end - i);
}

/**
 * y = f(x) and slope = f'(x) for elements [begin, end), the same y as without; slope may be x.
 *
 * The backward pass is then a product: f' costs a fifth more here, where exp is at hand, and as much as f later.
 */
export function activateForTraining(y: usize, slope: usize, x: usize, kind: i32, begin: i32, end: i32): void {
  if (kind == GELU) forTraining(GELU, y, slope, x, begin, end);
  else if (kind == GELU_TANH) forTraining(GELU_TANH, y, slope, x, begin, end);
  else if (kind == RELU) forTraining(RELU, y, slope, x, begin, end);
  else if (kind == TANH) forTraining(TANH, y, slope, x, begin, end);
  else if (kind == SILU) forTraining(SILU, y, slope, x, begin, end);
  else if (kind == SIGMOID) forTraining(SIGMOID, y, slope, x, begin, end);
}

// @ts-ignore: decorator
@inline function forTraining(kind: i32, to: usize, slope: usize, from: usize, begin: i32, end: i32): void {
  let i = begin;
  for (; i + LANES <= end; i += LANES) {
    const x = v128.load(at(from, i)), y = activated(kind, x);
    v128.store(at(to, i), y);
    v128.store(at(slope, i), slopeOf(kind, x, y));
  }
  if (i < end) {
    const x = loadPart(at(from, i), end - i), y = activated(kind, x);
    storePart(at(to, i), y, end - i);
    storePart(at(slope, i), slopeOf(kind, x, y), end - i);
  }
}
