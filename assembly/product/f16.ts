/**
 * Weights in 16 bits, IEEE 754 binary16: panels [ceil(columns / 16)][inner][16] as in pack.ts, of half the size.
 */
import { PANEL, PANEL_ROW, transpose } from "./pack";
import { at } from "../simd";

/** Bytes of a panel's row. */
// @ts-ignore: decorator
@inline const ROW: usize = PANEL_ROW >> 1;
/** k that are transposed at a time. */
const DEPTH: i32 = 128;

/** The factor from the exponent bias of binary16 to that of binary32: 2^112. */
const REBIAS: f32 = 5.192296858534828e33;
/** Sign; exponent and mantissa; the exponent of infinity, all in place for binary32; infinity; sign, exponent and mantissa. */
const MASKS: usize = memory.data<i32>([0x80000000, 0x0fffe000, 0x0f800000, 0x7f800000, 0x8fffe000]);
/** The same factor, where loops load it from. */
const FACTOR: usize = memory.data<f32>([5.192296858534828e33]);

/** The nearest number of binary16, ties to even; beyond 65519 infinity. */
export function halved(x: f32): u16 {
  const bits = reinterpret<u32>(x), sign = (bits >> 16) & 0x8000, size = bits & 0x7fffffff;
  if (size > 0x7f800000) return <u16>(sign | 0x7e00);
  if (size >= 0x477ff000) return <u16>(sign | 0x7c00);
  // Below 2^-14 the last place is 2^-24, which is that of 0.5 in binary32.
  if (size < 0x38800000) return <u16>(sign | (reinterpret<u32>(reinterpret<f32>(size) + 0.5) - 0x3f000000));
  return <u16>(sign | (((size + 0xfff + ((size >> 13) & 1)) >> 13) - (112 << 10)));
}

/** Write panels [begin, end) of B, or the part of them whose first k is at `panels`: parameters as packQ8's. */
export function packF16(
  panels: usize, panel: i32, from: usize, ldf: i32, inner: i32, columns: i32, transposed: i32, scratch: usize, begin: i32, end: i32,
): void {
  for (let j = begin; j < end; j++) {
    const width = min(PANEL, columns - j * PANEL);
    let to = panels + <usize>j * <usize>panel;
    for (let k = 0; k < inner; k += DEPTH) {
      const depth = min(DEPTH, inner - k);
      let block = at(from, k * ldf + j * PANEL), stride = ldf;
      if (transposed) {
        block = scratch;
        stride = PANEL;
        transpose(block, stride, at(from, j * PANEL * ldf + k), ldf, width, depth);
      }
      for (let i = 0; i < depth; i++, to += ROW) {
        for (let c = 0; c < PANEL; c++) store<u16>(to + (<usize>c << 1), c < width ? halved(load<f32>(at(block, i * stride + c))) : 0);
      }
    }
  }
}

/** The mask of {@link finite4}, which a loop keeps in a local. */
// @ts-ignore: decorator
@inline export function finiteMask(): v128 {
  return v128.load32_splat(MASKS, 16);
}
/** The factor of {@link finite4}, likewise. */
// @ts-ignore: decorator
@inline export function finiteFactor(): v128 {
  return v128.load32_splat(FACTOR);
}

/** Four finite numbers of binary16 at `p`; infinity becomes 65536. In half the operations of {@link expandRowsF16}. */
// @ts-ignore: decorator
@inline export function finite4(p: usize, mask: v128, factor: v128): v128 {
  return f32x4.mul(v128.and(i32x4.shl(v128.load16x4_s(p), 13), mask), factor);
}

/** k [first, first + count) of a panel, as an f32 panel (count, 16). */
export function expandRowsF16(to: usize, panel: usize, first: i32, count: i32): void {
  const signs = v128.load32_splat(MASKS), sizes = v128.load32_splat(MASKS, 4), most = v128.load32_splat(MASKS, 8);
  const infinite = v128.load32_splat(MASKS, 12), rebias = f32x4.splat(REBIAS);
  let p = panel + <usize>first * ROW;
  const end = p + <usize>count * ROW;
  for (; p < end; p += 8, to += 16) {
    const v = i32x4.shl(v128.load16x4_u(p), 13);
    const size = v128.and(v, sizes);
    const value = v128.or(f32x4.mul(size, rebias), v128.and(i32x4.ge_s(size, most), infinite));
    v128.store(to, v128.or(value, v128.and(i32x4.shl(v, 3), signs)));
  }
}

/** One number of binary16. */
function widened(half: u32): f32 {
  const size = (half & 0x7fff) << 13;
  const value = size >= 0x0f800000 ? reinterpret<f32>(size | 0x7f800000) : reinterpret<f32>(size) * REBIAS;
  return half & 0x8000 ? -value : value;
}

/** y[r] = or += row index[r] of a table, which is a column of its panels. Splits by row. */
export function gatherF16(y: usize, panels: usize, panel: i32, index: usize, width: i32, add: i32, begin: i32, end: i32): void {
  for (let r = begin; r < end; r++) {
    const entry = load<i32>(at(index, r));
    let p = panels + <usize>(entry / PANEL) * <usize>panel + (<usize>(entry % PANEL) << 1), o = at(y, r * width);
    for (let k = 0; k < width; k++, p += ROW, o += 4) {
      const value = widened(load<u16>(p));
      store<f32>(o, add ? load<f32>(o) + value : value);
    }
  }
}
