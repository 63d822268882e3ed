/**
 * Activations: y = f(x) element by element; in training f'(x) with it, for dx = f'(x) dy.
 *
 * GELU: Hendrycks & Gimpel 2016 (arXiv:1606.08415), exact and by tanh. SiLU: the same paper, section 4.
 */
import { loadPart, storePart } from "./tails";
import { expInRange, expOfMinus, sigmoid, tanh } from "./math";
import { LANES, at, madd } from "./simd";

/** The kinds, numbered as on the host; 0 is none. */
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
  // 13: 2 sqrt(2 / pi), 0.044715, 3 * 0.044715; where the tanh GELU and SiLU are flat
  1.5957691216057308, 0.044715, 0.134145, 30, 90,
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
@inline function geluFrom(x: v128, a: v128, below: v128): v128 {
  return f32x4.sub(f32x4.pmax(x, f32x4.splat(0)), f32x4.mul(a, below));
}

/** Phi(x) + x exp(-x^2 / 2) / sqrt(2 pi) */
// @ts-ignore: decorator
@inline function geluSlopeFrom(x: v128, a: v128, e: v128, below: v128): v128 {
  const density = f32x4.mul(f32x4.mul(a, c(12)), e);
  // For negative x the slope is `slope` itself, for positive x 1 minus it.
  const slope = f32x4.sub(below, density);
  return v128.bitselect(slope, f32x4.sub(c(9), slope), f32x4.lt(x, f32x4.splat(0)));
}

/** 2u, u = sqrt(2 / pi) (x + 0.044715 x^3): the tanh GELU is x s(2u), for (1 + tanh(u)) / 2 = s(2u). */
// @ts-ignore: decorator
@inline function innerOf(x: v128): v128 {
  return f32x4.mul(f32x4.mul(x, c(13)), madd(f32x4.mul(x, x), c(14), c(9)));
}

/** With e = exp(-|u|), this and e times this are the sigmoid s(u) and 1 - s(u), neither by a difference. */
// @ts-ignore: decorator
@inline function share(e: v128): v128 {
  return f32x4.div(c(9), f32x4.add(c(9), e));
}
// @ts-ignore: decorator
@inline function sigmoidFrom(u: v128, small: v128, large: v128): v128 {
  return v128.bitselect(small, large, f32x4.lt(u, f32x4.splat(0)));
}

/** x within [-limit, limit], where the function is flat beyond: infinities times 0 would be NaN. */
// @ts-ignore: decorator
@inline function within(x: v128, limit: v128): v128 {
  return f32x4.pmax(f32x4.pmin(x, limit), f32x4.neg(limit));
}

/** f(x); the kind is a constant where this is used, so that one branch is left. */
// @ts-ignore: decorator
@inline function activated(kind: i32, x: v128): v128 {
  if (kind == GELU) {
    const a = f32x4.pmin(f32x4.abs(x), c(11));
    return geluFrom(x, a, tail(a, bell(a)));
  }
  if (kind == RELU) return f32x4.pmax(x, f32x4.splat(0));
  if (kind == TANH) return tanh(x);
  if (kind == SIGMOID) return sigmoid(x);
  const low = f32x4.pmax(x, f32x4.neg(kind == SILU ? c(17) : c(16)));
  const u = kind == SILU ? low : innerOf(low);
  const e = expOfMinus(u), large = share(e);
  return f32x4.mul(low, sigmoidFrom(u, f32x4.mul(e, large), large));
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
  for (; i + LANES <= end; i += LANES) v128.store(at(y, i), activated(kind, v128.load(at(x, i))));
  if (i < end) storePart(at(y, i), activated(kind, loadPart(at(x, i), end - i)), end - i);
}

/**
 * y = f(x) and slope = f'(x) for elements [begin, end), the same y as without; slope may be x.
 *
 * The backward pass is then a product: f' costs little here, where the exponential is already computed, and as much as f
 * later.
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
  for (let i = begin; i < end; i += LANES) {
    const count = end - i;
    const x = count >= LANES ? v128.load(at(from, i)) : loadPart(at(from, i), count);
    let y = f32x4.splat(0), d = y;
    if (kind == GELU) {
      const a = f32x4.pmin(f32x4.abs(x), c(11));
      const e = bell(a), below = tail(a, e);
      y = geluFrom(x, a, below);
      d = geluSlopeFrom(x, a, e, below);
    } else if (kind == RELU) {
      y = activated(RELU, x);
      d = v128.and(c(9), f32x4.gt(x, f32x4.splat(0)));
    } else if (kind == TANH) {
      y = activated(TANH, x);
      d = f32x4.sub(c(9), f32x4.mul(y, y));
    } else if (kind == SIGMOID) {
      y = activated(SIGMOID, x);
      d = f32x4.mul(y, f32x4.sub(c(9), y));
    } else {
      // f = x s(u), f' = s + s (1 - s) x u'
      const low = within(x, kind == SILU ? c(17) : c(16));
      const u = kind == SILU ? low : innerOf(low);
      const e = expOfMinus(u), large = share(e), small = f32x4.mul(e, large);
      const s = sigmoidFrom(u, small, large);
      const xu = kind == SILU ? low : f32x4.mul(f32x4.mul(low, c(13)), madd(f32x4.mul(low, low), c(15), c(9)));
      y = f32x4.mul(f32x4.pmax(x, low), s);
      d = madd(f32x4.mul(large, small), xu, s);
    }
    if (count >= LANES) {
      v128.store(at(to, i), y);
      v128.store(at(slope, i), d);
    } else {
      storePart(at(to, i), y, count);
      storePart(at(slope, i), d, count);
    }
  }
}
