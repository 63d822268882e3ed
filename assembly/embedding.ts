/**
 * Rows of tables by number: embeddings, and chosen rows of a tensor.
 *
 * table is (entries, width), index is i32 (rows), y and dy are (rows, width).
 */
import { PANEL, PANEL_ROW } from "./product/pack";
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
 * y[r] = or += row index[r] of a table that is packed as the weight of x tableᵀ (pack.ts): token embeddings that the output
 * layer shares. A row is a column of a panel, one element of each cache line: 384 elements take 0.3 µs more than in a
 * table by rows, and a layer's products for the same token some hundred times that. Splits by row.
 */
export function gatherPanels(y: usize, panels: usize, index: usize, width: i32, add: i32, begin: i32, end: i32): void {
  const panel = <usize>width * PANEL_ROW;
  for (let r = begin; r < end; r++) {
    const entry = load<i32>(at(index, r));
    let p = at(panels + <usize>(entry / PANEL) * panel, entry % PANEL), o = at(y, r * width);
    for (let k = 0; k < width; k++, p += PANEL_ROW, o += 4) {
      const value = load<f32>(p);
      store<f32>(o, add ? load<f32>(o) + value : value);
    }
  }
}

/**
 * dtable[index[r]] += dy[r], rows in ascending order. Splits by column: two rows may have the same index, so all rows of
 * one table entry must have one owner. Rows whose index is negative have no effect.
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
