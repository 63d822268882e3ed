/**
 * Dropout: Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting".
 *
 * Each element goes with probability p; those that stay are multiplied with 1 / (1 - p), so that the expected sum is kept.
 * Which ones go is a function of (seed, step, stream, element): nothing is kept for the backward pass.
 */
import { loadPart, storePart } from "./lanes";
import { philox, philox16 } from "./random";
import { LANES, at } from "./simd";

/**
 * y = or += x * keepScale where the element's random word is not below `threshold`, 0 elsewhere; the backward pass is
 * the same on gradients. Elements [begin, end), begin a multiple of 16; y may be x.
 *
 * @param threshold p * 2^32
 * @param scratch 64 bytes
 */
export function dropout(
  y: usize, x: usize, threshold: u32, keepScale: f32, seed: u32, step: u32, stream: u32, add: i32, scratch: usize,
  begin: i32, end: i32,
): void {
  const limit = i32x4.splat(threshold), factor = f32x4.splat(keepScale), old = i32x4.splat(-add);
  let i = begin;
  for (; i + 16 <= end; i += 16) {
    philox16(scratch, i >> 2, seed, step, stream);
    for (let j: usize = 0; j < 64; j += 16) {
      const p = at(y, i) + j;
      const kept = keep(v128.load(at(x, i) + j), v128.load(scratch + j), limit, factor);
      v128.store(p, f32x4.add(v128.and(v128.load(p), old), kept));
    }
  }
  for (; i < end; i += LANES) {
    const count = min(LANES, end - i), p = at(y, i), words = philox(i >> 2, seed, step, stream);
    if (count == LANES) {
      v128.store(p, f32x4.add(v128.and(v128.load(p), old), keep(v128.load(at(x, i)), words, limit, factor)));
    } else {
      storePart(p, f32x4.add(v128.and(loadPart(p, count), old), keep(loadPart(at(x, i), count), words, limit, factor)), count);
    }
  }
}

// @ts-ignore: decorator
@inline function keep(x: v128, words: v128, limit: v128, factor: v128): v128 {
  return v128.and(f32x4.mul(x, factor), i32x4.ge_u(words, limit));
}
