/**
 * Gradients add: the first one to arrive is written, every later one is added.
 *
 * A kernel learns which of the two from `add`, 0 or 1. It turns the flag into a mask once, so that its loop has no branch:
 * -0 has no bit set and -1 has all of them, and `old & mask` is either +0 or the old value. An uninitialized target may
 * hold NaN, which a multiplication by 0 would let through and a mask does not.
 */
import { loadPart, storePart } from "./tails";

/** The mask for the old values: `add` = 0 clears them, `add` = 1 keeps them. */
// @ts-ignore: decorator
@inline export function oldMask(add: i32): v128 {
  return i32x4.splat(-add);
}

/** Four elements at `to` = or += d. */
// @ts-ignore: decorator
@inline export function accumulate(to: usize, d: v128, mask: v128): void {
  v128.store(to, f32x4.add(v128.and(v128.load(to), mask), d));
}

/** The first `count` (1 to 3) elements at `to` = or += d. */
// @ts-ignore: decorator
@inline export function accumulatePart(to: usize, d: v128, mask: v128, count: i32): void {
  storePart(to, f32x4.add(v128.and(loadPart(to, count), mask), d), count);
}
