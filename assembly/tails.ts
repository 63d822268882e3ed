/**
 * The last one to three elements of a row, handled as a whole vector, so that an element has the same bits at any position.
 */
import { at } from "./simd";

/** The first `count` (1 to 3) elements at `from`, then zeros. */
// @ts-ignore: decorator
@inline export function loadPart(from: usize, count: i32): v128 {
  let v = v128.load32_zero(from);
  if (count > 1) v = f32x4.replace_lane(v, 1, load<f32>(at(from, 1)));
  if (count > 2) v = f32x4.replace_lane(v, 2, load<f32>(at(from, 2)));
  return v;
}

/** Store the first `count` (1 to 3) lanes. */
// @ts-ignore: decorator
@inline export function storePart(to: usize, v: v128, count: i32): void {
  v128.store_lane<f32>(to, v, 0);
  if (count > 1) v128.store_lane<f32>(to, v, 1, 4);
  if (count > 2) v128.store_lane<f32>(to, v, 2, 8);
}
