/**
 * The matrix product: c (rows, columns) = or += a (rows, inner) b (inner, columns), b packed in panels (pack.ts).
 *
 * Every element of c is one sum over k in ascending order, cut into blocks of BLOCK_INNER, whatever tile computes it:
 * a row has the same bits alone, among other rows and under any division of the work.
 *
 * After Goto & van de Geijn 2008, "Anatomy of high-performance matrix multiplication": a panel's block of b stays in L1
 * (384 * 16 * 4 = 24 KB) while the rows of a block of a, in L2, pass by it.
 */
import { activate } from "../activation";
import { tile1x16, tile1x32, tile2x16, tile3x8, tile4x16, tile4x8, tile5x8 } from "../generated/tiles";
import { PANEL, PANEL_ROW, padded, transpose } from "./pack";
import { LANES, at } from "../simd";

/** k of one block: its part of a panel stays in L1. */
export const BLOCK_INNER: i32 = 384;
/** Rows of one block: BLOCK_ROWS * BLOCK_INNER elements of a stay in L2. */
export const BLOCK_ROWS: i32 = 128;
/** Fewer rows than these are read again for every two panels: they stay in L1. */
const FEW_ROWS: i32 = 8;
/** Elements from row to row of a transposed block: no power of two, whose rows would share a cache set. */
const BLOCK_STRIDE: i32 = BLOCK_INNER + 16;
/** Columns of the tiles of three to five rows: half a panel. */
const HALF: i32 = PANEL / 2;
/** Scratch for five rows of a panel that extends past the last column. */
export const EDGE: i32 = 5 * PANEL;

/** Sums of the tiles that most rows can be computed with: five rows or four by half a panel, four by a whole one. */
const FIVES: i32 = 5 * HALF, FOURS: i32 = 4 * HALF, WIDE: i32 = 4 * PANEL;
let tile: i32 = FIVES;

/** @param sums rows times columns of the tile that is the fastest on this processor and runtime; the bits are the same */
export function chooseTile(sums: i32): void {
  tile = sums;
}

// @ts-ignore: decorator
@inline export function isWide(): bool {
  return tile == WIDE;
}

/** Bytes that a product needs at `scratch`. */
export function gemmScratchBytes(): i32 {
  return (EDGE + BLOCK_ROWS * BLOCK_STRIDE) << 2;
}

/** Units of {@link gemm}: the panels of the first block of rows, those of the second, and so on. */
export function gemmUnits(rows: i32, columns: i32): i32 {
  return (rows + BLOCK_ROWS - 1) / BLOCK_ROWS * (padded(columns) / PANEL);
}

/**
 * c = or += a b, then + bias, then the activation, for units [begin, end): see {@link gemmUnits}. A worker's units are
 * mostly whole blocks of rows, of which it reads a once.
 *
 * @param a (rows, inner), `lda` elements from row to row
 * @param bias (columns) or 0
 * @param activation one of activation.ts: the same bits as when it follows on its own
 * @param add 0: c is written; 1: c is added to
 */
export function gemm(
  c: usize, ldc: i32, a: usize, lda: i32, panels: usize, rows: i32, columns: i32, inner: i32,
  bias: usize, activation: i32, add: i32, scratch: usize, begin: i32, end: i32,
): void {
  const count = padded(columns) / PANEL;
  for (let unit = begin; unit < end; ) {
    const i = unit / count * BLOCK_ROWS, first = unit % count, last = min(count, first + end - unit);
    const n = min(BLOCK_ROWS, rows - i), block = at(c, i * ldc);
    multiply(block, ldc, at(a, i * lda), lda, 0, panels, inner, n, columns, inner, add, scratch, first, last);
    // While the block is in the cache.
    if (bias || activation) finish(block, ldc, n, bias, activation, first * PANEL, min(last * PANEL, columns));
    unit += last - first;
  }
}

/** Rows of c in a unit of {@link gemmTransposed}. */
export const TRANSPOSED_ROWS: i32 = 64;

/**
 * c = or += aᵀ b for units [begin, end) of TRANSPOSED_ROWS rows: the gradient of a weight. It is divided by rows, since a is
 * transposed on the way, and each row of c needs a column of a of its own.
 *
 * @param a (inner, rows), `lda` elements from row to row
 */
export function gemmTransposed(
  c: usize, ldc: i32, a: usize, lda: i32, panels: usize, rows: i32, columns: i32, inner: i32,
  add: i32, scratch: usize, begin: i32, end: i32,
): void {
  const i = begin * TRANSPOSED_ROWS, n = min(rows, end * TRANSPOSED_ROWS) - i;
  multiply(at(c, i * ldc), ldc, at(a, i), lda, 1, panels, inner, n, columns, inner, add, scratch, 0, padded(columns) / PANEL);
}

/** @param panelRows rows of a whole panel, of which `inner` are used from `panels` on */
export function multiply(
  c: usize, ldc: i32, a: usize, lda: i32, transposed: i32, panels: usize, panelRows: i32, rows: i32, columns: i32, inner: i32,
  add: i32, scratch: usize, begin: i32, end: i32,
): void {
  const panel = <usize>panelRows * PANEL_ROW;
  // A sum of nothing.
  if (inner == 0 && !add) {
    const width = min(end * PANEL, columns) - begin * PANEL;
    for (let i = 0; i < rows; i++) memory.fill(at(c, i * ldc + begin * PANEL), 0, <usize>width << 2);
  }
  // Few rows wait for b: two panels at a time, each from its first k to its last, are one stream from memory.
  const step = rows < FEW_ROWS && !transposed ? 2 : max(1, end - begin);
  for (let j = begin; j < end; j += step) {
    const to = min(end, j + step);
    for (let m0 = 0; m0 < rows; m0 += BLOCK_ROWS) {
      const m = min(BLOCK_ROWS, rows - m0);
      for (let k0 = 0; k0 < inner; k0 += BLOCK_INNER) {
        const k = min(BLOCK_INNER, inner - k0);
        let block = at(a, m0 * lda + k0), stride = lda;
        if (transposed) {
          block = at(scratch, EDGE);
          stride = BLOCK_STRIDE;
          transpose(block, stride, at(a, k0 * lda + m0), lda, k, m);
        }
        const b = panels + <usize>k0 * PANEL_ROW;
        multiplyBlock(at(c, m0 * ldc), ldc, block, stride, b, panel, m, columns, k, add | <i32>(k0 > 0), scratch, j, to);
      }
    }
  }
}

/** The tiles of one block of a and of k. */
export function multiplyBlock(
  c: usize, ldc: i32, a: usize, lda: i32, b: usize, panel: usize, rows: i32, columns: i32, k: i32,
  add: i32, scratch: usize, begin: i32, end: i32,
): void {
  const whole = min(end, columns / PANEL);
  const bytesA = <usize>lda << 2, bytesC = <usize>ldc << 2;
  const across = isWide() ? rows & ~3 : 0, fives = across ? 0 : fivesIn(rows), rest = rows - across - 5 * fives;
  for (let j = begin; j < whole; j++) {
    let pa = a, pc = at(c, j * PANEL);
    for (let i = 0; i < across; i += 4, pa += 4 * bytesA, pc += 4 * bytesC)
      tile4x16(pc, bytesC, pa, bytesA, b + <usize>j * panel, panel, k, add);
    if (fives == 0 && rest < 3) continue;
    const pb = b + <usize>j * panel, next = b + <usize>min(j + 1, columns / PANEL - 1) * panel;
    for (let h = 0; h < 2; h++)
      halfPanel(at(pc, h * HALF), bytesC, pa, bytesA, at(pb, h * HALF), next + <usize>(h * k << 5), k, add, fives, rest);
  }
  const pa = at(a, across * lda), pc = at(c, across * ldc);
  if (rest == 2) {
    for (let j = begin; j < whole; j++) tile2x16(at(pc, j * PANEL), bytesC, pa, bytesA, b + <usize>j * panel, panel, k, add);
  } else if (rest == 1) {
    let j = begin;
    // A runtime that spills the sums of five rows spills those of two panels too.
    if (tile != FOURS) for (; j + 2 <= whole; j += 2) tile1x32(at(pc, j * PANEL), bytesC, pa, bytesA, b + <usize>j * panel, panel, k, add);
    for (; j < whole; j++) tile1x16(at(pc, j * PANEL), bytesC, pa, bytesA, b + <usize>j * panel, panel, k, add);
  }
  if (whole < end) lastPanel(at(c, whole * PANEL), ldc, a, lda, b + <usize>whole * panel, panel, rows, columns - whole * PANEL, k, add, scratch);
}

/**
 * How many tiles of `rows` have five rows; the others have four and three. At least two of them are among the others, since
 * those read ahead. Three rows are avoided where multiply-adds are fused: six sums do not hide their latency.
 */
function fivesIn(rows: i32): i32 {
  const rest = ASC_FEATURE_RELAXED_SIMD ? 4 * (4 * rows % 5 || 5) : 6 + (rows + 4) % 5;
  return tile == FOURS || rest > rows ? i32(rows == 5) : (rows - rest) / 5;
}

/**
 * The tiles of half a panel: `fives` of five rows, then those of four and three in `rest`. The first two of these read half
 * of the next panel, from `ahead` on: few rows would wait for it otherwise.
 *
 * Tiles have calls in two places: with one they would be inlined, and V8 does not keep their sums in registers then.
 */
// @ts-ignore: decorator
@inline function halfPanel(
  c: usize, ldc: usize, a: usize, lda: usize, b: usize, ahead: usize, k: i32, add: i32, fives: i32, rest: i32,
): void {
  if (fives) tile5x8(c, ldc, a, lda, b, fives, k, add);
  const part = <usize>k << 4;
  let pa = a + <usize>(5 * fives) * lda, pc = c + <usize>(5 * fives) * ldc, next = ahead;
  for (let left = rest, height = 0; left > 2; left -= height, next = ahead + part) {
    height = left < 12 && left % 3 == 0 ? 3 : 4;
    if (height == 3) tile3x8(pc, ldc, pa, lda, b, next, k, add);
    else tile4x8(pc, ldc, pa, lda, b, next, k, add);
    pa += <usize>height * lda;
    pc += <usize>height * ldc;
  }
}

/** A panel that is wider than the rest of c: computed whole in scratch memory, then copied or added. */
function lastPanel(
  c: usize, ldc: i32, a: usize, lda: i32, b: usize, panel: usize, rows: i32, width: i32, k: i32, add: i32, scratch: usize,
): void {
  const bytesA = <usize>lda << 2;
  for (let i = 0; i < rows; i += 5) {
    const height = min(5, rows - i);
    const pa = at(a, i * lda);
    if (height == 1) tile1x16(scratch, PANEL_ROW, pa, bytesA, b, panel, k, 0);
    else if (height == 2) tile2x16(scratch, PANEL_ROW, pa, bytesA, b, panel, k, 0);
    else {
      for (let h = 0; h < width; h += HALF) {
        if (height == 3) tile3x8(at(scratch, h), PANEL_ROW, pa, bytesA, at(b, h), b, k, 0);
        else if (height == 4) tile4x8(at(scratch, h), PANEL_ROW, pa, bytesA, at(b, h), b, k, 0);
        else tile5x8(at(scratch, h), PANEL_ROW, pa, bytesA, at(b, h), 1, k, 0);
      }
    }
    for (let r = 0; r < height; r++) {
      for (let j = 0; j < width; j++) {
        const to = at(c, (i + r) * ldc + j), sum = load<f32>(at(scratch, r * PANEL + j));
        store<f32>(to, add ? sum + load<f32>(to) : sum);
      }
    }
  }
}

/** Add the bias to columns [begin, end) of every row, then activate them. */
export function finish(c: usize, ldc: i32, rows: i32, bias: usize, activation: i32, begin: i32, end: i32): void {
  const body = begin + ((end - begin) & ~(LANES - 1));
  for (let i = 0; i < rows; i++) {
    const p = at(c, i * ldc);
    if (bias) {
      let j = begin;
      for (; j < body; j += LANES) v128.store(at(p, j), f32x4.add(v128.load(at(p, j)), v128.load(at(bias, j))));
      for (; j < end; j++) store<f32>(at(p, j), load<f32>(at(p, j)) + load<f32>(at(bias, j)));
    }
    activate(p, p, activation, begin, end);
  }
}

/**
 * sums (width) = or += the sum of the rows of x (rows, width), for columns [begin, end): the gradient of a bias.
 * Eight rows are added before they meet the total, which keeps rounding small and the total out of most of the loads.
 */
export function columnSums(sums: usize, x: usize, rows: i32, width: i32, add: i32, begin: i32, end: i32): void {
  if (!add) memory.fill(at(sums, begin), 0, <usize>(end - begin) << 2);
  const body = begin + ((end - begin) & ~(LANES - 1));
  const step = <usize>width << 2;
  for (let i = 0; i < rows; i += 8) {
    const n = min(8, rows - i);
    const first = at(x, i * width);
    let j = begin;
    for (; j < body; j += LANES) {
      let p = at(first, j), sum = v128.load(p);
      for (let r = 1; r < n; r++) sum = f32x4.add(sum, v128.load((p += step)));
      v128.store(at(sums, j), f32x4.add(v128.load(at(sums, j)), sum));
    }
    for (; j < end; j++) {
      let p = at(first, j), sum = load<f32>(p);
      for (let r = 1; r < n; r++) sum += load<f32>((p += step));
      store<f32>(at(sums, j), load<f32>(at(sums, j)) + sum);
    }
  }
}
