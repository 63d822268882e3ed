/**
 * Weights in 4 bits: whole numbers from -8 to 7, with a scale for every 32 inputs of a column.
 *
 * A panel (pack.ts) is cut into blocks of 32 k, the last of which may be shorter:
 *
 *   16 x bf16 scale                             32 bytes
 *   [pairs of k][16 columns] bytes              16 bytes a pair: the even k in the low four bits, the odd one in the high
 *
 * A half byte holds a whole number plus 8. The number of the largest size in a block is -8 times the scale, as in
 * llama.cpp's Q4_0. A scale has eight significant bits, so scale x whole number is exact in f32, and quantizing a quantized
 * weight again gives the same numbers.
 */
import { PANEL, PANEL_ROW, transpose } from "./pack";
import { LEAST } from "./q8";
import { at } from "../simd";

/** k that share a scale. */
export const BLOCK_Q4: i32 = 32;
/** Bytes of a block's scales. */
// @ts-ignore: decorator
@inline const HEAD: usize = 32;
/** Bytes of two k of a panel's columns. */
// @ts-ignore: decorator
@inline const PAIR: usize = 16;
const OFFSET: i32 = 8;

/** Bytes of a panel. */
export function q4PanelBytes(inner: i32): i32 {
  return ((inner + 1) >> 1) * <i32>PAIR + ((inner + (BLOCK_Q4 - 1)) / BLOCK_Q4) * <i32>HEAD;
}

/** Bytes from a panel's beginning to those of its k-th row, a multiple of a block. */
// @ts-ignore: decorator
@inline function blockOffset(k: i32): usize {
  return <usize>(k / BLOCK_Q4) * (<usize>(BLOCK_Q4 / 2) * PAIR + HEAD);
}

/** Quantize panels [begin, end) of B, or the part of them whose first k is at `panels`: parameters as packQ8's. */
export function packQ4(
  panels: usize, panel: i32, from: usize, ldf: i32, inner: i32, columns: i32, transposed: i32, scratch: usize, begin: i32, end: i32,
): void {
  for (let j = begin; j < end; j++) {
    const width = min(PANEL, columns - j * PANEL);
    for (let k = 0; k < inner; k += BLOCK_Q4) {
      const depth = min(BLOCK_Q4, inner - k), to = panels + <usize>j * <usize>panel + blockOffset(k);
      let block = at(from, j * PANEL * ldf + k), stride = ldf;
      if (!transposed) {
        block = scratch;
        stride = BLOCK_Q4;
        transpose(block, stride, at(from, k * ldf + j * PANEL), ldf, depth, width);
      }
      memory.fill(to, 0, HEAD + <usize>((depth + 1) >> 1) * PAIR);
      for (let c = 0; c < width; c++) packColumn(to, c, at(block, c * stride), depth);
    }
  }
}

function packColumn(to: usize, column: i32, from: usize, depth: i32): void {
  let most: f32 = 0;
  for (let k = 0; k < depth; k++) {
    const v = load<f32>(at(from, k));
    if (!(abs(v) <= abs(most))) most = v;
  }
  const scale = abs(most) < LEAST ? <f32>0 : shortened(most / -<f32>OFFSET), inverse: f32 = scale != 0 ? <f32>1 / scale : <f32>0;
  store<u16>(to + (<usize>column << 1), <u16>(reinterpret<u32>(scale) >> 16));
  for (let k = 0; k < depth; k++) {
    const q = <i32>nearest(max<f32>(-8, min<f32>(7, load<f32>(at(from, k)) * inverse))) + OFFSET;
    const p = to + HEAD + <usize>(k >> 1) * PAIR + <usize>column;
    store<u8>(p, load<u8>(p) | <u8>(q << ((k & 1) << 2)));
  }
}

/** `scale` as bf16; infinities and NaN are kept. */
// @ts-ignore: decorator
@inline function shortened(scale: f32): f32 {
  return isFinite(scale) ? reinterpret<f32>((reinterpret<i32>(scale) + 0x8000) & 0xffff0000) : scale;
}

/** k [first, first + count) of a panel, as an f32 panel (count, 16); `first` is a multiple of a block. */
export function expandRowsQ4(to: usize, panel: usize, first: i32, count: i32): void {
  const low = i8x16.splat(15), offset = i8x16.splat(<i8>OFFSET);
  for (let k = 0; k < count; k += BLOCK_Q4) {
    const block = panel + blockOffset(first + k), depth = min(BLOCK_Q4, count - k);
    const s0 = i32x4.shl(v128.load16x4_u(block), 16), s1 = i32x4.shl(v128.load16x4_u(block, 8), 16);
    const s2 = i32x4.shl(v128.load16x4_u(block, 16), 16), s3 = i32x4.shl(v128.load16x4_u(block, 24), 16);
    let p = block + HEAD;
    for (let i = 0; i < depth; i += 2, p += PAIR) {
      const both = v128.load(p);
      expandRow(to, i8x16.sub(v128.and(both, low), offset), s0, s1, s2, s3);
      to += PANEL_ROW;
      if (i + 1 == depth) break;
      expandRow(to, i8x16.sub(i8x16.shr_u(both, 4), offset), s0, s1, s2, s3);
      to += PANEL_ROW;
    }
  }
}

// @ts-ignore: decorator
@inline function expandRow(to: usize, q: v128, s0: v128, s1: v128, s2: v128, s3: v128): void {
  const a = i16x8.extend_low_i8x16_s(q), b = i16x8.extend_high_i8x16_s(q);
  v128.store(to, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(a)), s0));
  v128.store(to, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(a)), s1), 16);
  v128.store(to, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(b)), s2), 32);
  v128.store(to, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(b)), s3), 48);
}
