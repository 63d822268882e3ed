/**
 * Weights in 8 bits: whole numbers from -63 to 63, with a scale for every 128 inputs of a column.
 *
 * A panel (pack.ts) is cut into blocks of 128 k, the last of which may be shorter. A tile reads a block in order:
 *
 *   16 x (i16 sum of the column's whole numbers, i16 64)   64 bytes
 *   16 x f32 scale                                         64 bytes
 *   [groups of four k][16 columns][4 k] bytes              64 bytes a group
 *
 * A byte holds a whole number plus 64. It is then in 1 ... 127, where every lowering of the relaxed dot products gives the
 * same result: read as signed or unsigned it is the same number, and a sum of two products with 8-bit numbers fits in 16
 * bits. k beyond the last are bytes of 0, which add nothing.
 *
 * A scale has 16 significant bits. So scale x whole number is exact in f32, and quantizing a quantized weight again gives
 * the same numbers.
 */
import { PANEL, transpose } from "./pack";
import { LANES, at, hmax } from "../simd";

/** k that share a scale. */
export const BLOCK: i32 = 128;
/** Bytes of four k of a panel's columns. */
// @ts-ignore: decorator
@inline export const GROUP: usize = 64;
/** Bytes of a block's sums and scales. */
// @ts-ignore: decorator
@inline export const HEAD: usize = 128;
/** Bytes that describe a block of a row of quantized activations: its scale, its zero point and its sum. */
// @ts-ignore: decorator
@inline export const META: usize = 8;
/** The largest whole number of a weight. */
const LARGEST: f32 = 63;
/** Blocks of smaller values are zeros. */
export const LEAST: f32 = 1e-30;
/** The offset of stored whole numbers. */
const OFFSET: i32 = 64;

/** Constants in memory: V8 rebuilds a literal vector at each use. */
export const ONES: usize = memory.data<i32>([0x00010001]);
export const LOW_BYTES: usize = memory.data<i32>([0x00ff00ff]);

/**
 * 1.5 * 2^23: added to a number below 2^22 it leaves the nearest whole number in the low bits, ties to even.
 */
export const ROUND: f32 = 12582912;
/** The bits of {@link ROUND}. */
export const ROUND_BITS: i32 = 0x4b400000;

/** Bytes of a panel. */
export function q8PanelBytes(inner: i32): i32 {
  return ((inner + 3) >> 2) * <i32>GROUP + ((inner + (BLOCK - 1)) / BLOCK) * <i32>HEAD;
}

/** Bytes from a panel's beginning to those of its k-th row, a multiple of a block. */
// @ts-ignore: decorator
@inline function blockOffset(k: i32): usize {
  return <usize>(k / BLOCK) * (<usize>(BLOCK / 4) * GROUP + HEAD);
}

/** `scale` with 16 significant bits, rounded to the nearest; NaN is kept. */
// @ts-ignore: decorator
@inline export function shortened(scale: f32): f32 {
  return isFinite(scale) ? reinterpret<f32>((reinterpret<i32>(scale) + 0x80) & ~0xff) : scale;
}

/**
 * Quantize panels [begin, end) of B, or the part of them whose first k is at `panels`.
 *
 * @param panel bytes from panel to panel
 * @param from (inner, columns), or with `transposed` (columns, inner); `ldf` elements from row to row
 * @param scratch 8 kB
 */
export function packQ8(
  panels: usize, panel: i32, from: usize, ldf: i32, inner: i32, columns: i32, transposed: i32, scratch: usize, begin: i32, end: i32,
): void {
  for (let j = begin; j < end; j++) {
    const width = min(PANEL, columns - j * PANEL);
    for (let k = 0; k < inner; k += BLOCK) {
      const depth = min(BLOCK, inner - k), to = panels + <usize>j * <usize>panel + blockOffset(k);
      let block = at(from, j * PANEL * ldf + k), stride = ldf;
      if (!transposed) {
        block = scratch;
        stride = BLOCK;
        transpose(block, stride, at(from, k * ldf + j * PANEL), ldf, depth, width);
      }
      memory.fill(to, 0, HEAD + <usize>((depth + 3) >> 2) * GROUP);
      for (let c = 0; c < width; c++) packColumn(to, c, at(block, c * stride), depth);
    }
  }
}

/** Quantize one column of a block from its `depth` values. */
function packColumn(to: usize, column: i32, from: usize, depth: i32): void {
  const body = depth & ~(LANES - 1);
  let most = f32x4.splat(0);
  for (let k = 0; k < body; k += LANES) most = f32x4.max(most, f32x4.abs(v128.load(at(from, k))));
  let largest = hmax(most);
  for (let k = body; k < depth; k++) largest = max(largest, abs(load<f32>(at(from, k))));
  // Of smaller scales the inverse would not be finite; the values are zero then.
  const scale = largest < LEAST ? <f32>0 : shortened(largest / LARGEST);
  const inverse: f32 = scale > 0 ? <f32>1 / scale : <f32>0;
  let sum = 0, p = at(to + HEAD, column);
  for (let k = 0; k < depth; k++) {
    const q = reinterpret<i32>(load<f32>(at(from, k)) * inverse + ROUND) - ROUND_BITS;
    const whole = max(-<i32>LARGEST, min(<i32>LARGEST, q));
    store<u8>(p + <usize>(k & 3), <u8>(whole + OFFSET));
    sum += whole;
    if ((k & 3) == 3) p += GROUP;
  }
  store<i16>(at(to, column), <i16>sum);
  store<i16>(at(to, column), <i16>OFFSET, 2);
  store<f32>(at(to, PANEL + column), scale);
}

/**
 * The values of k [first, first + count) of the panel at `panel`, as an f32 panel (count, 16); `first` is a multiple of
 * a block.
 */
export function expandRowsQ8(to: usize, panel: usize, first: i32, count: i32): void {
  for (let k = 0; k < count; k++) {
    const block = panel + blockOffset(first + k);
    const q = block + HEAD + <usize>((k & (BLOCK - 1)) >> 2) * GROUP + <usize>(k & 3);
    for (let c = 0; c < PANEL; c++)
      store<f32>(at(to, k * PANEL + c), <f32>(<i32>load<u8>(at(q, c)) - OFFSET) * load<f32>(at(block, PANEL + c)));
  }
}

/**
 * y[r] = or += row index[r] of a table, which is a column of its panels. Splits by row.
 *
 * @param panel bytes from panel to panel
 */
export function gatherQ8(y: usize, panels: usize, panel: i32, index: usize, width: i32, add: i32, begin: i32, end: i32): void {
  for (let r = begin; r < end; r++) {
    const entry = load<i32>(at(index, r));
    let block = at(panels + <usize>(entry / PANEL) * <usize>panel, entry % PANEL), o = at(y, r * width);
    for (let k0 = 0; k0 < width; k0 += BLOCK) {
      const scale = load<f32>(at(block, PANEL));
      let p = block + HEAD;
      for (let k = k0; k < min(k0 + BLOCK, width); k++, o += 4) {
        const value = <f32>(<i32>load<u8>(p + <usize>(k & 3)) - OFFSET) * scale;
        store<f32>(o, add ? load<f32>(o) + value : value);
        if ((k & 3) == 3) p += GROUP;
      }
      block = p;
    }
  }
}
