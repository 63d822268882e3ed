/**
 * Rows of tables by number: embeddings, and the rows of a tensor that are wanted.
 *
 * table is (entries, width), index is i32 (rows), y and dy are (rows, width).
 */
import { LANES, at } from "./simd";

/** y[r] = table[index[r]]. Splits by row. */
export function gather(y: usize, table: usize, index: usize, width: i32, begin: i32, end: i32): void {
  const bytes = <usize>width << 2;
  for (let r = begin; r < end; r++) memory.copy(at(y, r * width), table + <usize>load<i32>(at(index, r)) * bytes, bytes);
}

/** y[r] += table[index[r]]: several embeddings make up one sum. Splits by row. */
export function gatherAdd(y: usize, table: usize, index: usize, width: i32, begin: i32, end: i32): void {
  const bytes = <usize>width << 2;
  for (let r = begin; r < end; r++) addRow(at(y, r * width), table + <usize>load<i32>(at(index, r)) * bytes, width, 0, width);
}

/**
 * dtable[index[r]] += dy[r], rows in ascending order. Splits by column: two rows may have the same index, so rows of
 * one table entry must stay with one owner. Rows whose index is negative teach nothing.
 */
export function gatherBackward(dtable: usize, dy: usize, index: usize, rows: i32, width: i32, begin: i32, end: i32): void {
  const bytes = <usize>width << 2;
  for (let r = 0; r < rows; r++) {
    const entry = load<i32>(at(index, r));
    if (entry >= 0) addRow(dtable + <usize>entry * bytes, at(dy, r * width), width, begin, end);
  }
}

// @ts-ignore: decorator
@inline function addRow(to: usize, from: usize, width: i32, begin: i32, end: i32): void {
  let i = begin;
  for (; i + LANES <= end; i += LANES) v128.store(at(to, i), f32x4.add(v128.load(at(to, i)), v128.load(at(from, i))));
  for (; i < end; i++) store<f32>(at(to, i), load<f32>(at(to, i)) + load<f32>(at(from, i)));
}
