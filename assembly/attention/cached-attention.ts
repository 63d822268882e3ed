/**
 * Attention over keys and values that are kept from call to call: softmax(scale * q kᵀ + bias) v for a few new queries.
 * The sums are those of attention.ts in the same order: a token has the same bits whether its past was kept or not.
 *
 * Keys and values are kept in blocks of BLOCK_KEYS keys of one sequence and one layer, where the products read them, so
 * that nothing is packed again (pack.ts, panels of 16 columns):
 *   keys    [heads][BLOCK_KEYS / 16][dim][16], panels of kᵀ, then
 *   values  [heads][ceil(dim / 16)][BLOCK_KEYS][16], panels of v.
 * They are f32, or binary16 (`half`), which is widened as it is read: half the memory, and half the bytes read for each token.
 * A table holds the addresses of each sequence's blocks; all blocks but the last are full. Sequences may share blocks, as
 * in Kwon et al. 2023, "Efficient Memory Management for Large Language Model Serving with PagedAttention"
 * (arXiv:2309.06180).
 *
 * A unit is one head of one sequence, row * heads + head.
 */
import { biasRow, softmaxRow } from "./attention";
import { CachedAttentionPlan } from "./cached-attention-plan";
import { finite4, finiteFactor, finiteMask, halved } from "../product/f16";
import { BLOCK_INNER, gemmScratchBytes, multiply } from "../product/gemm";
import { PANEL, PANEL_ROW, packColumns, packRows, padded } from "../product/pack";
import { at, madd } from "../simd";

/** Keys of a block: whole panels, and whole blocks make a block of the product's inner dimension. */
export const BLOCK_KEYS: i32 = 32;
/** Queries whose scores are computed together. */
const QUERIES: i32 = 32;

/** Bytes of `count` kept numbers: f32, or u16 for binary16. */
// @ts-ignore: decorator
@inline function part<T>(count: i32): usize {
  return <usize>count * sizeof<T>();
}

/** Bytes of a block. */
export function keyBlockBytes(heads: i32, dim: i32, half: i32): i32 {
  return (BLOCK_KEYS * heads * (dim + padded(dim))) << (2 - half);
}

// The parts of a block that belong to a head.
// @ts-ignore: decorator
@inline function keyPanels<T>(block: usize, head: i32, dim: i32): usize {
  return block + part<T>(head * BLOCK_KEYS * dim);
}
// @ts-ignore: decorator
@inline function valuePanels<T>(block: usize, heads: i32, head: i32, dim: i32): usize {
  return block + part<T>(BLOCK_KEYS * (heads * dim + head * padded(dim)));
}

/**
 * Append the keys and values of new tokens to those that are kept, for units [begin, end).
 *
 * @param blocks u32 (sequences, blocksPerRow) with room for the new tokens
 * @param lengths i32 (sequences) the keys that were kept before
 * @param starts i32 (sequences + 1) the first new token of each sequence
 * @param key (new tokens, heads * dim); `value` likewise
 * @param half 1 to keep them in binary16, rounded to nearest
 */
export function appendKeys(
  blocks: usize, blocksPerRow: i32, lengths: usize, starts: usize, key: usize, value: usize, heads: i32, dim: i32,
  half: i32, begin: i32, end: i32,
): void {
  const width = heads * dim;
  for (let unit = begin; unit < end; unit++) {
    const row = unit / heads, head = unit % heads;
    const kept = load<i32>(at(lengths, row));
    const first = load<i32>(at(starts, row)), count = load<i32>(at(starts, row + 1)) - first;
    for (let i = 0; i < count; ) {
      const place = (kept + i) % BLOCK_KEYS, n = min(count - i, BLOCK_KEYS - place);
      const block = load<usize>(at(blocks, row * blocksPerRow + (kept + i) / BLOCK_KEYS));
      const from = (first + i) * width + head * dim;
      if (half) {
        putHalfKeys(keyPanels<u16>(block, head, dim), place, at(key, from), width, n, dim);
        putHalfValues(valuePanels<u16>(block, heads, head, dim), place, at(value, from), width, n, dim);
      } else {
        const values = valuePanels<f32>(block, heads, head, dim) + <usize>place * PANEL_ROW;
        packRows(values, BLOCK_KEYS, at(value, from), width, n, dim, 0, padded(dim) / PANEL);
        putKeys(keyPanels<f32>(block, head, dim), place, at(key, from), width, n, dim);
      }
      i += n;
    }
  }
}

/** Write `n` rows of `from`, `width` elements apart, as the columns of kᵀ from `place` on. */
function putKeys(panels: usize, place: i32, from: usize, width: i32, n: i32, dim: i32): void {
  for (let i = 0; i < n; ) {
    const column = (place + i) % PANEL, m = min(n - i, PANEL - column);
    const panel = at(panels, (place + i - column) * dim);
    if (column == 0 && m == PANEL) packColumns(panel, at(from, i * width), width, dim, m, 0, 1);
    else {
      for (let c = 0; c < m; c++) {
        const key = at(from, (i + c) * width), to = at(panel, column + c);
        for (let d = 0; d < dim; d++) store<f32>(at(to, d * PANEL), load<f32>(at(key, d)));
      }
    }
    i += m;
  }
}

/** {@link putKeys} in binary16. */
function putHalfKeys(panels: usize, place: i32, from: usize, width: i32, n: i32, dim: i32): void {
  for (let i = 0; i < n; i++) {
    const column = place + i, first = column / PANEL * PANEL * dim + column % PANEL;
    for (let d = 0; d < dim; d++) store<u16>(panels + part<u16>(first + d * PANEL), halved(load<f32>(at(from, i * width + d))));
  }
}

/** Write `n` rows of `from` as rows of panels of v, from `place` on, in binary16. */
function putHalfValues(panels: usize, place: i32, from: usize, width: i32, n: i32, dim: i32): void {
  for (let i = 0; i < n; i++) {
    const first = (place + i) * PANEL;
    for (let d = 0; d < padded(dim); d++) {
      const x: f32 = d < dim ? load<f32>(at(from, i * width + d)) : 0;
      store<u16>(panels + part<u16>(first + d / PANEL * BLOCK_KEYS * PANEL + d % PANEL), halved(x));
    }
  }
}

/** Write the numbers of binary16 at `from` as f32; `count` is a multiple of 4. */
function widen(to: usize, from: usize, count: i32): void {
  const mask = finiteMask(), factor = finiteFactor();
  const end = at(to, count);
  for (; to < end; to += 16, from += 8) v128.store(to, finite4(from, mask, factor));
}

/** Bytes that `cachedAttention` needs at `scratch` for sequences of at most `keys` keys. */
export function cachedAttentionScratchBytes(keys: i32, dim: i32): i32 {
  return gemmScratchBytes() + ((QUERIES * padded(keys) + padded(dim) + BLOCK_KEYS * dim) << 2);
}

/** out = softmax(scale * q kᵀ + bias) v for units [begin, end) of a {@link CachedAttentionPlan}. */
export function cachedAttention(planned: usize, scratch: usize, begin: i32, end: i32): void {
  const plan = changetype<CachedAttentionPlan>(planned);
  const bias = plan.bias, probabilities = plan.probabilities, offsets = plan.biasOffsets;
  const heads = plan.heads, dim = plan.dim, after = plan.after, scale = plan.scale, half = plan.half;
  const width = heads * dim;
  const sums = scratch + gemmScratchBytes(), widened = at(sums, padded(dim)), scores = at(widened, BLOCK_KEYS * dim);
  for (let unit = begin; unit < end; unit++) {
    const row = unit / heads, head = unit % heads;
    const q0 = load<i32>(at(plan.starts, row)), queries = load<i32>(at(plan.starts, row + 1)) - q0;
    const keys = load<i32>(at(plan.lengths, row)), stride = padded(keys);
    const blocks = at(plan.blocks, row * plan.blocksPerRow);
    const q = at(plan.query, q0 * width + head * dim), o = at(plan.out, q0 * width + head * dim);
    for (let i = 0; i < queries; i += QUERIES) {
      const n = min(QUERIES, queries - i), place = i + keys - queries;
      const last = min(stride, padded(place + n + after));
      for (let j = 0; j < last; j += BLOCK_KEYS) {
        const m = min(BLOCK_KEYS, last - j);
        const block = load<usize>(at(blocks, j / BLOCK_KEYS));
        const panels = half ? widened : keyPanels<f32>(block, head, dim);
        if (half) widen(widened, keyPanels<u16>(block, head, dim), m * dim);
        multiply(at(scores, j), stride, at(q, i * width), width, 0, panels, dim, n, m, dim, 0, scratch, 0, m / PANEL);
      }
      for (let r = 0; r < n; r++) {
        const s = at(scores, r * stride), high = min(keys, place + r + after + 1);
        const dense = load<i32>(at(offsets, row)) + (head * queries + i + r) * keys;
        if (bias) biasRow(s, at(bias, dense), 0, high, scale);
        softmaxRow(s, 0, last, 0, high, bias ? 1 : scale);
        if (probabilities) {
          memory.copy(at(probabilities, dense), s, <usize>high << 2);
          memory.fill(at(probabilities, dense + high), 0, <usize>(keys - high) << 2);
        }
        if (half) weighHalves(sums, s, blocks, valuePanels<u16>(0, heads, head, dim), high, padded(dim) / PANEL);
        else weigh(sums, s, blocks, valuePanels<f32>(0, heads, head, dim), high, padded(dim) / PANEL);
        memory.copy(at(o, (i + r) * width), sums, <usize>dim << 2);
      }
    }
  }
}

/**
 * sums (panels * 16) = the sum of p times the values, over `keys` keys.
 *
 * @param offset bytes from a block to the head's values
 */
function weigh(sums: usize, p: usize, blocks: usize, offset: usize, keys: i32, panels: i32): void {
  let j = 0;
  for (; j + 2 <= panels; j += 2) weigh32(at(sums, j * PANEL), p, blocks, offset + part<f32>(j * BLOCK_KEYS * PANEL), keys);
  if (j < panels) weigh16<f32>(at(sums, j * PANEL), p, blocks, offset + part<f32>(j * BLOCK_KEYS * PANEL), keys);
}

/** {@link weigh} of binary16: widening a panel's numbers takes longer than its sums wait for one another. */
function weighHalves(sums: usize, p: usize, blocks: usize, offset: usize, keys: i32, panels: i32): void {
  for (let j = 0; j < panels; j++) weigh16<u16>(at(sums, j * PANEL), p, blocks, offset + part<u16>(j * BLOCK_KEYS * PANEL), keys);
}

/** Of two neighboring panels: eight sums at once, as many as hide the latency of an addition. */
function weigh32(sums: usize, p: usize, blocks: usize, offset: usize, keys: i32): void {
  for (let k0 = 0; k0 < keys; k0 += BLOCK_INNER) {
    let c0 = f32x4.splat(0), c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0, c6 = c0, c7 = c0;
    const k1 = min(keys, k0 + BLOCK_INNER);
    for (let k = k0; k < k1; k += BLOCK_KEYS) {
      let v = load<usize>(at(blocks, k / BLOCK_KEYS)) + offset, x = at(p, k);
      const end = at(x, min(BLOCK_KEYS, k1 - k));
      for (; x < end; x += 4, v += PANEL_ROW) {
        const w = v128.load32_splat(x);
        c0 = madd(w, v128.load(v), c0);
        c1 = madd(w, v128.load(v, 16), c1);
        c2 = madd(w, v128.load(v, 32), c2);
        c3 = madd(w, v128.load(v, 48), c3);
        c4 = madd(w, v128.load(v, BLOCK_KEYS * 64), c4);
        c5 = madd(w, v128.load(v, BLOCK_KEYS * 64 + 16), c5);
        c6 = madd(w, v128.load(v, BLOCK_KEYS * 64 + 32), c6);
        c7 = madd(w, v128.load(v, BLOCK_KEYS * 64 + 48), c7);
      }
    }
    put(sums, 0, c0, k0); put(sums, 16, c1, k0); put(sums, 32, c2, k0); put(sums, 48, c3, k0);
    put(sums, 64, c4, k0); put(sums, 80, c5, k0); put(sums, 96, c6, k0); put(sums, 112, c7, k0);
  }
}

/** Four kept numbers, the `i`-th of them from `v` on. */
// @ts-ignore: decorator
@inline function four<T>(v: usize, i: i32, mask: v128, factor: v128): v128 {
  if (isInteger<T>()) return finite4(v + part<T>(i), mask, factor);
  return v128.load(v + part<T>(i));
}

/** Of one panel. */
function weigh16<T>(sums: usize, p: usize, blocks: usize, offset: usize, keys: i32): void {
  const mask = finiteMask(), factor = finiteFactor();
  for (let k0 = 0; k0 < keys; k0 += BLOCK_INNER) {
    let c0 = f32x4.splat(0), c1 = c0, c2 = c0, c3 = c0;
    const k1 = min(keys, k0 + BLOCK_INNER);
    for (let k = k0; k < k1; k += BLOCK_KEYS) {
      let v = load<usize>(at(blocks, k / BLOCK_KEYS)) + offset, x = at(p, k);
      const end = at(x, min(BLOCK_KEYS, k1 - k));
      for (; x < end; x += 4, v += part<T>(PANEL)) {
        const w = v128.load32_splat(x);
        c0 = madd(w, four<T>(v, 0, mask, factor), c0);
        c1 = madd(w, four<T>(v, 4, mask, factor), c1);
        c2 = madd(w, four<T>(v, 8, mask, factor), c2);
        c3 = madd(w, four<T>(v, 12, mask, factor), c3);
      }
    }
    put(sums, 0, c0, k0); put(sums, 16, c1, k0); put(sums, 32, c2, k0); put(sums, 48, c3, k0);
  }
}

/** Write the sum over the first keys; add those over the others to it, as the matrix product does. */
// @ts-ignore: decorator
@inline function put(sums: usize, offset: usize, sum: v128, k0: i32): void {
  v128.store(sums + offset, k0 > 0 ? f32x4.add(sum, v128.load(sums + offset)) : sum);
}
