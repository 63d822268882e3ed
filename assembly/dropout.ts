/**
 * Dropout: Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting".
 *
 * Each element is dropped with probability p; the others are multiplied by 1 / (1 - p), which keeps the expected sum.
 * The choice is a function of (seed, step, stream, element): the backward pass repeats it, no mask is kept.
 * Sixteen random bits decide on an element: p is a multiple of 2^-16, and random numbers cost half as much as with 32.
 */
import { accumulate, accumulatePart, oldMask } from "./accumulate";
import { philox32 } from "./random";
import { LANES, at } from "./simd";
import { loadPart } from "./tails";

/** Elements that are decided on at a time, by sixteen random bits each. */
const BLOCK: i32 = 64;
/** Bytes that {@link dropout} needs at `scratch`: the random bits of a block. */
export const DROPOUT_SCRATCH: i32 = 128;

/**
 * y = or += x * keepScale where the element's 16 bits are not below `threshold`, 0 elsewhere; the backward pass is
 * the same on gradients. Elements [begin, end), begin a multiple of 64; y may be x when it is written.
 *
 * @param threshold p * 2^16
 * @param scratch DROPOUT_SCRATCH bytes
 */
export function dropout(
  y: usize, x: usize, threshold: i32, keepScale: f32, seed: u32, step: u32, stream: u32, add: i32, scratch: usize,
  begin: i32, end: i32,
): void {
  const limit = i16x8.splat(<i16>threshold), factor = f32x4.splat(keepScale), old = oldMask(add);
  for (let i = begin; i < end; i += BLOCK) {
    philox32(scratch, i >> 3, seed, step, stream);
    const body = min(BLOCK, (end - i) & ~7);
    let from = at(x, i), to = at(y, i), j = 0;
    for (; j < body; j += 2 * LANES, from += 32, to += 32) {
      const kept = i16x8.ge_u(v128.load(scratch + (j << 1)), limit);
      const a = v128.and(f32x4.mul(v128.load(from), factor), i32x4.extend_low_i16x8_s(kept));
      const b = v128.and(f32x4.mul(v128.load(from, 16), factor), i32x4.extend_high_i16x8_s(kept));
      accumulate(to, a, old);
      accumulate(to + 16, b, old);
    }
    if (j < BLOCK && i + j < end) lastElements(to, from, i16x8.ge_u(v128.load(scratch + (j << 1)), limit), factor, old, end - i - j);
  }
}

/** The same for the last 1 to 7 elements. */
function lastElements(to: usize, from: usize, kept: v128, factor: v128, old: v128, count: i32): void {
  let mask = i32x4.extend_low_i16x8_s(kept);
  if (count >= LANES) {
    accumulate(to, v128.and(f32x4.mul(v128.load(from), factor), mask), old);
    mask = i32x4.extend_high_i16x8_s(kept);
    from += 16;
    to += 16;
    count -= LANES;
  }
  if (count > 0) accumulatePart(to, v128.and(f32x4.mul(loadPart(from, count), factor), mask), old, count);
}
