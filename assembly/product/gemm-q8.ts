/**
 * The matrix product of 8-bit operands: c (rows, columns) = or += x (rows, inner) B, B in panels of q8.ts.
 *
 * Every row of x is quantized for the product, 128 inputs at a time: x = scale * (q - zero), q a whole number from -128 to
 * 127. With w + 64 stored for a weight's whole number w, a block of 128 adds
 *
 *   scale * weightScale * (Σ q (w + 64) - 64 Σ q - zero Σ w)
 *
 * to c. The bracket is a sum of whole numbers below 2^22, the same for every kind of dot product and in any order; its
 * second and third term are where the sum begins. The scales are applied in f32, (bracket * scale) * weightScale, by
 * multiplications and additions that are never fused, block after block. So an element of c has the same bits in both
 * builds and with every kind and tile.
 *
 * Quantization of activations as they come: Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient
 * Integer-Arithmetic-Only Inference" (arXiv:1712.05877), section 2; its blocks: Dettmers et al. 2022 (arXiv:2110.02861).
 */
import { BLOCK_ROWS, finish, isWide } from "./gemm";
import {
  pairs1x16, pairs2x16, pairs4x16, pairs4x8, quads1x16, quads2x16, quads4x16, words1x16, words2x16, words4x16, words4x8,
} from "../generated/dot-tiles";
import { PANEL, PANEL_ROW, padded } from "./pack";
import { BLOCK, LEAST, META, ONES, ROUND, ROUND_BITS } from "./q8";
import { LANES, at, hmax } from "../simd";

/** The kinds of dot products: see scripts/dot-tiles.mjs. */
export const QUADS: i32 = 0;
export const PAIRS: i32 = 1;
export const WORDS: i32 = 2;

/** Bytes of a quantized row. */
// @ts-ignore: decorator
@inline function rowBytes(inner: i32, kind: i32): i32 {
  return ((inner + 15) & ~15) << <i32>(kind == WORDS);
}

/** Bytes of a row's scales, zero points and sums. */
// @ts-ignore: decorator
@inline function metaBytes(inner: i32): i32 {
  return ((inner + (BLOCK - 1)) / BLOCK) * <i32>META;
}

/** Bytes of `rows` quantized rows: their values, then their scales, zero points and sums. */
export function quantizedBytes(rows: i32, inner: i32, kind: i32): i32 {
  return rows * (rowBytes(inner, kind) + metaBytes(inner));
}

/**
 * Quantize rows [begin, end) of x (rows, inner) for a product of a kind.
 *
 * @param to {@link quantizedBytes}
 */
export function quantizeRows(to: usize, x: usize, rows: i32, inner: i32, kind: i32, begin: i32, end: i32): void {
  const row = rowBytes(inner, kind);
  let meta = to + <usize>rows * <usize>row + <usize>begin * <usize>metaBytes(inner);
  for (let r = begin; r < end; r++) {
    let q = to + <usize>r * <usize>row;
    for (let k = 0; k < inner; k += BLOCK, meta += META, q += <usize>BLOCK << <usize>(kind == WORDS))
      quantizeBlock(q, meta, at(x, r * inner + k), min(BLOCK, inner - k), kind);
  }
}

/** Quantize up to 128 values of a row. */
function quantizeBlock(q: usize, meta: usize, x: usize, depth: i32, kind: i32): void {
  const body = depth & ~15;
  let least = f32x4.splat(0), most = least, broken = least;
  for (let k = 0; k < body; k += LANES) {
    const v = v128.load(at(x, k));
    least = f32x4.pmin(least, v);
    most = f32x4.pmax(most, v);
    broken = v128.or(broken, f32x4.ne(v, v));
  }
  let low = -hmax(f32x4.neg(least)), high = hmax(most), isBroken = v128.any_true(broken);
  for (let k = body; k < depth; k++) {
    const v = load<f32>(at(x, k));
    low = min(low, v);
    high = max(high, v);
  }
  const span = isBroken ? <f32>NaN : high - low;
  const inverse: f32 = span < LEAST ? 0 : 255 / span;
  const zero = -128 - (reinterpret<i32>(low * inverse + ROUND) - ROUND_BITS);
  const sum = quantizeValues(q, x, depth, inverse, zero - ROUND_BITS, kind);
  store<f32>(meta, span < LEAST ? 0 : span / 255);
  store<i16>(meta, <i16>-zero, 4);
  store<i16>(meta, <i16>-sum, 6);
}

/** Write the whole numbers of a block and return their sum. */
function quantizeValues(q: usize, x: usize, depth: i32, inverse: f32, offset: i32, kind: i32): i32 {
  const by = f32x4.splat(inverse), round = f32x4.splat(ROUND), add = i32x4.splat(offset), ones = v128.load32_splat(ONES);
  let sums = i32x4.splat(0), k = 0;
  for (; k + 16 <= depth; k += 16, x += 64) {
    const a = i32x4.add(f32x4.add(f32x4.mul(v128.load(x), by), round), add);
    const b = i32x4.add(f32x4.add(f32x4.mul(v128.load(x, 16), by), round), add);
    const c = i32x4.add(f32x4.add(f32x4.mul(v128.load(x, 32), by), round), add);
    const d = i32x4.add(f32x4.add(f32x4.mul(v128.load(x, 48), by), round), add);
    const bytes = i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d));
    sums = i32x4.add(sums, i32x4.dot_i16x8_s(i16x8.extadd_pairwise_i8x16_s(bytes), ones));
    if (kind == WORDS) {
      // Of four k first 0 and 2, then 1 and 3, as the bytes of a weight's lane are unpacked.
      const order = i8x16.shuffle(bytes, bytes, 0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15);
      v128.store(q, i16x8.extend_low_i8x16_s(order));
      v128.store(q, i16x8.extend_high_i8x16_s(order), 16);
      q += 32;
    } else {
      v128.store(q, bytes);
      q += 16;
    }
  }
  let sum = (i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1)) + (i32x4.extract_lane(sums, 2) + i32x4.extract_lane(sums, 3));
  for (let i = 0; k < depth; k++, i++, x += 4) {
    const whole = max(-128, min(127, reinterpret<i32>(load<f32>(x) * inverse + ROUND) + offset));
    sum += whole;
    if (kind == WORDS) {
      const place = (i & ~3) | ((i & 1) << 1) | ((i >> 1) & 1);
      store<i16>(q + (<usize>place << 1), <i16>whole);
    } else store<i8>(q + <usize>i, <i8>whole);
  }
  return sum;
}

/** Bytes that a product needs at `scratch`. */
export function gemmQ8ScratchBytes(): i32 {
  return 4 * <i32>PANEL_ROW;
}

/**
 * c = or += x B, then + bias, then the activation, for units [begin, end) as gemm.ts counts them: gemmUnits. The rows of a
 * block stay in L2 while all panels pass by.
 *
 * @param q rows of x from {@link quantizeRows}, for the same kind
 * @param panel bytes from panel to panel
 */
export function gemmQ8(
  c: usize, q: usize, panels: usize, panel: i32, rows: i32, columns: i32, inner: i32, kind: i32,
  bias: usize, activation: i32, add: i32, scratch: usize, begin: i32, end: i32,
): void {
  const lda = <usize>rowBytes(inner, kind), ldm = <usize>metaBytes(inner), meta = q + <usize>rows * lda;
  const ldc = <usize>columns << 2, count = padded(columns) / PANEL;
  for (let unit = begin; unit < end; ) {
    const i = unit / count * BLOCK_ROWS, first = unit % count, last = min(count, first + end - unit);
    const n = min(BLOCK_ROWS, rows - i), block = at(c, i * columns);
    const a = q + <usize>i * lda, m = meta + <usize>i * ldm;
    for (let j = first; j < last; j++) {
      const b = panels + <usize>j * <usize>panel, width = min(PANEL, columns - j * PANEL), to = at(block, j * PANEL);
      for (let r = 0; r < n; r += 4) {
        const height = min(4, n - r), pa = a + <usize>r * lda, pm = m + <usize>r * ldm, pc = to + <usize>r * ldc;
        if (width == PANEL) tile(pc, ldc, pa, lda, pm, ldm, b, inner, kind, height, add);
        else {
          tile(scratch, PANEL_ROW, pa, lda, pm, ldm, b, inner, kind, height, 0);
          copyTile(pc, ldc, scratch, height, width, add);
        }
      }
    }
    if (bias || activation) finish(block, columns, n, bias, activation, first * PANEL, min(last * PANEL, columns));
    unit += last - first;
  }
}

/** A part of a tile, written or added. */
function copyTile(c: usize, ldc: usize, from: usize, height: i32, width: i32, add: i32): void {
  for (let r = 0; r < height; r++, c += ldc, from += PANEL_ROW) {
    for (let j = 0; j < width; j++) {
      const to = at(c, j), value = load<f32>(at(from, j));
      store<f32>(to, add ? load<f32>(to) + value : value);
    }
  }
}

/** Up to four rows of a panel. Four are computed by half a panel, or by a whole one where vectors are joined. */
function tile(
  c: usize, ldc: usize, a: usize, lda: usize, m: usize, ldm: usize, b: usize, inner: i32, kind: i32, height: i32, add: i32,
): void {
  if (height == 4) {
    if (kind == QUADS) quads4x16(c, ldc, a, lda, m, ldm, b, inner, add);
    else if (isWide()) {
      if (kind == PAIRS) pairs4x16(c, ldc, a, lda, m, ldm, b, inner, add);
      else words4x16(c, ldc, a, lda, m, ldm, b, inner, add);
    } else {
      for (let h: usize = 0; h < 64; h += 32) {
        if (kind == PAIRS) pairs4x8(c + h, ldc, a, lda, m, ldm, b + h, inner, add);
        else words4x8(c + h, ldc, a, lda, m, ldm, b + h, inner, add);
      }
    }
    return;
  }
  if (height > 1) {
    if (kind == QUADS) quads2x16(c, ldc, a, lda, m, ldm, b, inner, add);
    else if (kind == PAIRS) pairs2x16(c, ldc, a, lda, m, ldm, b, inner, add);
    else words2x16(c, ldc, a, lda, m, ldm, b, inner, add);
    if (height == 2) return;
    c += 2 * ldc;
    a += 2 * lda;
    m += 2 * ldm;
  }
  if (kind == QUADS) quads1x16(c, ldc, a, lda, m, ldm, b, inner, add);
  else if (kind == PAIRS) pairs1x16(c, ldc, a, lda, m, ldm, b, inner, add);
  else words1x16(c, ldc, a, lda, m, ldm, b, inner, add);
}
