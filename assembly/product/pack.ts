/**
 * Layouts that the matrix product reads.
 *
 * A right-hand matrix B (inner, columns) is kept in panels of 16 columns: [ceil(columns / 16)][inner][16], the last one
 * padded with zeros, so that the inner loop reads B as one stream. Reading B in place costs more than half of the speed
 * (a cache set and a page for every k); the left-hand matrix is read in place.
 */
import { at } from "../simd";

/** Columns of a panel. */
export const PANEL: i32 = 16;

/** Bytes of a panel's row: its sixteen columns at one k. */
// @ts-ignore: decorator
@inline export const PANEL_ROW: usize = <usize>PANEL << 2;

/** `n` rounded up to whole panels. */
// @ts-ignore: decorator
@inline export function padded(n: i32): i32 {
  return (n + (PANEL - 1)) & ~(PANEL - 1);
}

/** Transpose 4 x 4 elements; strides in bytes. */
// @ts-ignore: decorator
@inline function transpose4(to: usize, ldt: usize, from: usize, ldf: usize): void {
  const r0 = v128.load(from), r1 = v128.load(from + ldf), r2 = v128.load(from + 2 * ldf), r3 = v128.load(from + 3 * ldf);
  const t0 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5), t1 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const t2 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5), t3 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f32>(t0, t2, 0, 1, 4, 5));
  v128.store(to + ldt, v128.shuffle<f32>(t0, t2, 2, 3, 6, 7));
  v128.store(to + 2 * ldt, v128.shuffle<f32>(t1, t3, 0, 1, 4, 5));
  v128.store(to + 3 * ldt, v128.shuffle<f32>(t1, t3, 2, 3, 6, 7));
}

/** to (columns, rows) = from (rows, columns) transposed; `ldt` and `ldf` are elements from row to row. */
export function transpose(to: usize, ldt: i32, from: usize, ldf: i32, rows: i32, columns: i32): void {
  const bytesT = <usize>ldt << 2, bytesF = <usize>ldf << 2;
  // Sixteen columns at a time: whole cache lines are read, and each line is written in four iterations.
  for (let c0 = 0; c0 < columns; c0 += 16) {
    const c1 = min(c0 + 16, columns);
    let r = 0;
    for (; r + 4 <= rows; r += 4) {
      let c = c0;
      for (; c + 4 <= c1; c += 4) transpose4(at(to, c * ldt + r), bytesT, at(from, r * ldf + c), bytesF);
      for (; c < c1; c++) for (let i = r; i < r + 4; i++) store<f32>(at(to, c * ldt + i), load<f32>(at(from, i * ldf + c)));
    }
    for (; r < rows; r++) for (let c = c0; c < c1; c++) store<f32>(at(to, c * ldt + r), load<f32>(at(from, r * ldf + c)));
  }
}

/**
 * Pack panels [begin, end) of B from `from` (inner, columns), `ldf` elements from row to row.
 * For x W with W stored (inner, columns).
 *
 * @param panelRows rows of a whole panel, of which the `inner` from `panels` on are written
 */
export function packRows(
  panels: usize, panelRows: i32, from: usize, ldf: i32, inner: i32, columns: i32, begin: i32, end: i32,
): void {
  const step = <usize>ldf << 2, panel = <usize>panelRows * PANEL_ROW;
  let j = begin;
  // Four panels at once: runs of 256 bytes, which the prefetcher follows.
  for (; j + 4 <= end && (j + 4) * PANEL <= columns; j += 4) {
    let p = at(from, j * PANEL), o0 = panels + <usize>j * panel;
    let o1 = o0 + panel, o2 = o1 + panel, o3 = o2 + panel;
    for (let k = 0; k < inner; k++) {
      copy16(o0, p);
      copy16(o1, p + PANEL_ROW);
      copy16(o2, p + 2 * PANEL_ROW);
      copy16(o3, p + 3 * PANEL_ROW);
      p += step; o0 += PANEL_ROW; o1 += PANEL_ROW; o2 += PANEL_ROW; o3 += PANEL_ROW;
    }
  }
  for (; j < end; j++) {
    let p = at(from, j * PANEL), o = panels + <usize>j * panel;
    const width = min(PANEL, columns - j * PANEL);
    for (let k = 0; k < inner; k++, p += step, o += PANEL_ROW) {
      if (width == PANEL) copy16(o, p);
      else copyPart(o, p, 4, width);
    }
  }
}

/** The inverse of {@link packRows}: to (inner, columns) from panels [begin, end), `ldt` elements from row to row. */
export function unpackRows(to: usize, ldt: i32, panels: usize, inner: i32, columns: i32, begin: i32, end: i32): void {
  const panel = <usize>inner * PANEL_ROW;
  for (let j = begin; j < end; j++) {
    let p = panels + <usize>j * panel, o = at(to, j * PANEL);
    const width = min(PANEL, columns - j * PANEL);
    for (let k = 0; k < inner; k++, p += PANEL_ROW, o = at(o, ldt)) {
      if (width == PANEL) copy16(o, p);
      else for (let c = 0; c < width; c++) store<f32>(at(o, c), load<f32>(at(p, c)));
    }
  }
}

/**
 * Pack panels [begin, end) of B from `from` (columns, inner), which is B transposed, `ldf` elements from row to row.
 * For x Wᵀ with W stored (columns, inner), as PyTorch stores the weight of a linear layer.
 */
export function packColumns(panels: usize, from: usize, ldf: i32, inner: i32, columns: i32, begin: i32, end: i32): void {
  const step = <usize>ldf << 2, panel = <usize>inner * PANEL_ROW;
  const body = inner & ~15;
  for (let j = begin; j < end; j++) {
    let p = from + <usize>(j * PANEL) * step, o = panels + <usize>j * panel;
    const width = min(PANEL, columns - j * PANEL);
    let k = 0;
    if (width == PANEL) {
      // Sixteen k of four rows before the next four rows: four cache lines at a time, whatever the stride.
      for (; k < body; k += 16, p += 64, o += 16 * PANEL_ROW) {
        for (let c: usize = 0; c < 16; c += 4) {
          for (let i: usize = 0; i < 16; i += 4) transpose4(o + i * PANEL_ROW + (c << 2), PANEL_ROW, p + c * step + (i << 2), step);
        }
      }
    }
    for (; k < inner; k++, p += 4, o += PANEL_ROW) copyPart(o, p, step, width);
  }
}

/** The inverse of {@link packColumns}: to (columns, inner) from panels [begin, end), `ldt` elements from row to row. */
export function unpackColumns(to: usize, ldt: i32, panels: usize, inner: i32, columns: i32, begin: i32, end: i32): void {
  const panel = <usize>inner * PANEL_ROW;
  for (let j = begin; j < end; j++)
    transpose(at(to, j * PANEL * ldt), ldt, panels + <usize>j * panel, PANEL, inner, min(PANEL, columns - j * PANEL));
}

/** Copy 16 elements. */
// @ts-ignore: decorator
@inline function copy16(to: usize, from: usize): void {
  v128.store(to, v128.load(from));
  v128.store(to, v128.load(from, 16), 16);
  v128.store(to, v128.load(from, 32), 32);
  v128.store(to, v128.load(from, 48), 48);
}

/** Copy `width` elements, `step` bytes apart, then zeros up to 16. */
function copyPart(to: usize, from: usize, step: usize, width: i32): void {
  for (let c = 0; c < width; c++) store<f32>(at(to, c), load<f32>(from + <usize>c * step));
  for (let c = width; c < PANEL; c++) store<f32>(at(to, c), 0);
}
