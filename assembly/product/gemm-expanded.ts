/**
 * The matrix product with compact weights that are expanded to f32 on the fly: a block of a panel at a time into
 * memory that stays in L1. The activations are f32, and the result has the bits of {@link gemm} on the expanded weights.
 * Expanding is shared by up to 128 rows; a product of few rows is slower than one with f32 weights that are in the cache.
 */
import { expandRowsF16 } from "./f16";
import { BLOCK_INNER, BLOCK_ROWS, EDGE, finish, multiplyBlock } from "./gemm";
import { PANEL, PANEL_ROW } from "./pack";
import { expandRowsQ4 } from "./q4";
import { expandRowsQ8 } from "./q8";
import { at } from "../simd";

/** How weights are kept. */
export const F16: i32 = 0;
export const Q8: i32 = 1;
export const Q4: i32 = 2;

// @ts-ignore: decorator
@inline function expandRows(to: usize, panel: usize, first: i32, count: i32, format: i32): void {
  if (format == F16) expandRowsF16(to, panel, first, count);
  else if (format == Q8) expandRowsQ8(to, panel, first, count);
  else expandRowsQ4(to, panel, first, count);
}

/** Panels [begin, end) as f32 panels, the first of them at `to`. */
export function expand(to: usize, panels: usize, panel: i32, inner: i32, format: i32, begin: i32, end: i32): void {
  for (let j = begin; j < end; j++)
    expandRows(to + <usize>j * <usize>inner * PANEL_ROW, panels + <usize>j * <usize>panel, 0, inner, format);
}

/** Bytes that a product needs at `scratch`. */
export function gemmExpandedScratchBytes(): i32 {
  return (EDGE + BLOCK_INNER * PANEL) << 2;
}

/**
 * c = or += a B, then + bias, then the activation, for the columns of panels [begin, end).
 *
 * @param panel bytes from panel to panel
 */
export function gemmExpanded(
  c: usize, a: usize, panels: usize, panel: i32, rows: i32, columns: i32, inner: i32, format: i32,
  bias: usize, activation: i32, add: i32, scratch: usize, begin: i32, end: i32,
): void {
  const expanded = at(scratch, EDGE);
  for (let i = 0; i < rows; i += BLOCK_ROWS) {
    const n = min(BLOCK_ROWS, rows - i), block = at(c, i * columns);
    for (let j = begin; j < end; j++) {
      for (let k = 0; k < inner; k += BLOCK_INNER) {
        const depth = min(BLOCK_INNER, inner - k);
        expandRows(expanded, panels + <usize>j * <usize>panel, k, depth, format);
        // There is only this panel, so the distance to the next is 0.
        multiplyBlock(block, columns, at(a, i * inner + k), inner, expanded, 0, n, columns, depth, add | <i32>(k > 0), scratch, j, j + 1);
      }
    }
    if (bias || activation) finish(block, columns, n, bias, activation, begin * PANEL, min(end * PANEL, columns));
  }
}
