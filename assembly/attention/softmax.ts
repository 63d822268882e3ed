/**
 * The parts of every loss over a softmax: the largest score of a row, exponentials below it, and a logarithm.
 *
 * softmax(x) = exp(x - largest) / Σ exp(x - largest): subtracting the largest score prevents overflow.
 */
import { expInRange, log } from "../math";
import { loadPart } from "../tails";
import { LANES, at, hmax } from "../simd";

/** Scores this far below the largest count as probability 0: exp(-64) = 2^-92 changes no sum, and no denormal arises. */
const CUT: f32 = -64;
/** Elements that are summed in f32 before their sum joins the total in f64. */
// @ts-ignore: decorator
@inline export const BLOCK: i32 = 256;

/** {@link CUT}, -infinity, 1 */
export const constants = memory.data<f32>([CUT, -Infinity, 1], 16);
const lanes = memory.data<i32>([0, 1, 2, 3], 16);

/** The last `count` (1 to 3) scores of a row, then -infinity. */
// @ts-ignore: decorator
@inline export function lastScores(from: usize, count: i32): v128 {
  const inside = i32x4.lt_s(v128.load(lanes), i32x4.splat(count));
  return v128.bitselect(loadPart(from, count), v128.load32_splat(constants, 4), inside);
}

/** exp(d) of a d up to 0, exactly 0 below the cut. */
// @ts-ignore: decorator
@inline export function cutExp(d: v128): v128 {
  return v128.and(expInRange(d), f32x4.gt(d, v128.load32_splat(constants)));
}

/** exp(x - largest), exactly 0 below the cut. */
// @ts-ignore: decorator
@inline export function weight(x: v128, largest: v128): v128 {
  return cutExp(f32x4.sub(x, largest));
}

/** The logarithm of one number, with the bits of the vector function. */
// @ts-ignore: decorator
@inline export function logOf(x: f32): f32 {
  return f32x4.extract_lane(log(f32x4.splat(x)), 0);
}

/** The largest score, NaN if there is one: it keeps everything that follows NaN. */
export function largestOf(x: usize, width: i32): f32 {
  let a = v128.load32_splat(constants, 4), b = a, broken = f32x4.splat(0);
  let i = 0;
  for (; i + 2 * LANES <= width; i += 2 * LANES) {
    const v = v128.load(at(x, i)), w = v128.load(at(x, i), 16);
    a = f32x4.pmax(a, v);
    b = f32x4.pmax(b, w);
    broken = v128.or(broken, v128.or(f32x4.ne(v, v), f32x4.ne(w, w)));
  }
  for (; i < width; i += LANES) {
    const v = width - i >= LANES ? v128.load(at(x, i)) : lastScores(at(x, i), width - i);
    a = f32x4.pmax(a, v);
    broken = v128.or(broken, f32x4.ne(v, v));
  }
  return v128.any_true(broken) ? NaN : hmax(f32x4.pmax(a, b));
}
