/**
 * Attention over ragged batches: softmax(scale * q kᵀ) v for each sequence and head, full, causal or windowed.
 * Vaswani et al. 2017, "Attention Is All You Need" (arXiv:1706.03762), section 3.2.
 *
 * query, out and their gradients are (query tokens, heads * dim), key and value (key tokens, heads * dim). Sequence `row`
 * owns the query tokens [starts[row], starts[row + 1]) and the key tokens [keyStarts[row], keyStarts[row + 1]).
 * A unit is one head of one sequence, row * heads + head; units are independent, so callers may split [begin, end).
 *
 * The query at place i of q is aligned with key p = i + keys - q and sees the keys p - before ... p + after.
 *
 * A bias, where there is one, is added to scale * q kᵀ before the softmax: (queries, keys) without gaps for each head of
 * each sequence, one after the other; `row`'s first head begins at element biasOffsets[row].
 *
 * Probabilities are kept for the backward pass in blocks (queries, keys rounded up to 16); `row`'s first head begins at
 * element offsets[row]. The sign bit of a dropped probability is set: the dropout mask costs no memory.
 */
import { AttentionPlan } from "./attention-plan";
import { gemmScratchBytes, multiply } from "../product/gemm";
import { expInRange } from "../math";
import { PANEL, packColumns, packRows, padded } from "../product/pack";
import { philox16 } from "../random";
import { LANES, at, hmax, hsum, madd } from "../simd";

/** Queries of one block: their scores stay in L2 up to thousands of keys. */
const BLOCK: i32 = 32;
/** The same in the backward pass, where queries are the inner dimension of dk and dv, which should not be short. */
const BACKWARD_BLOCK: i32 = 64;
/** At this many keys before and after, every query sees every key. */
export const UNLIMITED: i32 = 0x3fffffff;

/** exp(-40) = 2^-58 changes no f32 sum of probabilities. Exact zeros below it keep denormals out of the products with v,
 * where they cost 25 times the time. */
const constants = memory.data<f32>([-40, -Infinity], 16);

// First and last key (rounded to panels) that the `n` queries from `place` on may see.
// @ts-ignore: decorator
@inline function firstKey(place: i32, before: i32): i32 {
  return max(0, place - before) & ~(PANEL - 1);
}
// @ts-ignore: decorator
@inline function lastKey(place: i32, n: i32, after: i32, stride: i32): i32 {
  return min(stride, padded(max(0, place + n + after)));
}

/** Bytes that `attention` needs at `scratch` for sequences of at most `keys` keys. */
export function attentionScratchBytes(keys: i32, dim: i32): i32 {
  return gemmScratchBytes() + ((padded(keys) * dim + padded(dim) * keys + 2 * BLOCK * padded(keys)) << 2);
}

/** out = softmax(scale * q kᵀ + bias) v, after dropout, for units [begin, end) of an {@link AttentionPlan}. */
export function attention(planned: usize, scratch: usize, begin: i32, end: i32): void {
  const plan = changetype<AttentionPlan>(planned);
  const out = plan.out, probabilities = plan.probabilities, query = plan.query, key = plan.key, value = plan.value;
  const bias = plan.bias, biasOffsets = plan.biasOffsets;
  const starts = plan.starts, keyStarts = plan.keyStarts, offsets = plan.offsets;
  const heads = plan.heads, dim = plan.dim, scale = plan.scale, before = plan.before, after = plan.after;
  const threshold = plan.threshold, keepScale = plan.keepScale, seed = plan.seed, step = plan.step, stream = plan.stream;
  const width = heads * dim;
  for (let unit = begin; unit < end; unit++) {
    const row = unit / heads, head = unit % heads;
    const q0 = load<i32>(at(starts, row)), queries = load<i32>(at(starts, row + 1)) - q0;
    const k0 = load<i32>(at(keyStarts, row)), keys = load<i32>(at(keyStarts, row + 1)) - k0;
    const stride = padded(keys);
    const keyPanels = scratch + gemmScratchBytes();
    const valuePanels = at(keyPanels, stride * dim);
    const scores = at(valuePanels, padded(dim) * keys);
    const dropped = at(scores, BLOCK * stride);
    const element = probabilities ? load<i32>(at(offsets, row)) + head * queries * stride : 0;
    const q = at(query, q0 * width + head * dim), o = at(out, q0 * width + head * dim);
    packColumns(keyPanels, at(key, k0 * width + head * dim), width, dim, keys, 0, stride / PANEL);
    packRows(valuePanels, keys, at(value, k0 * width + head * dim), width, keys, dim, 0, padded(dim) / PANEL);

    for (let i = 0; i < queries; i += BLOCK) {
      const n = min(BLOCK, queries - i), place = i + keys - queries;
      const first = firstKey(place, before), last = lastKey(place, n, after, stride);
      const block = element + i * stride;
      const s = probabilities ? at(probabilities, block) : scores;
      multiply(at(s, first), stride, at(q, i * width), width, 0, at(keyPanels, first * dim), dim, n, last - first, dim, 0, scratch, 0, (last - first) / PANEL);
      for (let r = 0; r < n; r++) {
        const p = place + r, low = max(0, p - before), high = min(keys, p + after + 1);
        if (bias) biasRow(at(s, r * stride), at(bias, load<i32>(at(biasOffsets, row)) + (head * queries + i + r) * keys), low, high, scale);
        softmaxRow(at(s, r * stride), first, last, low, high, bias ? 1 : scale);
        if (probabilities) {
          memory.fill(at(s, r * stride), 0, <usize>first << 2);
          memory.fill(at(s, r * stride + last), 0, <usize>(stride - last) << 2);
        }
      }
      let weights = s;
      if (threshold) {
        weights = dropped;
        for (let r = 0; r < n; r++) {
          const from = r * stride + first;
          dropRow(at(dropped, from), at(s, from), last - first, block + from, threshold, keepScale, seed, step, stream);
        }
      }
      multiply(at(o, i * width), width, at(weights, first), stride, 0, at(valuePanels, first * PANEL), keys, n, dim, min(last, keys) - first, 0, scratch, 0, padded(dim) / PANEL);
    }
  }
}

/** s[low ... high) = scale * s + bias */
export function biasRow(s: usize, bias: usize, low: i32, high: i32, scale: f32): void {
  const factor = f32x4.splat(scale);
  let j = low;
  for (; j + LANES <= high; j += LANES) v128.store(at(s, j), f32x4.add(f32x4.mul(factor, v128.load(at(s, j))), v128.load(at(bias, j))));
  for (; j < high; j++) store<f32>(at(s, j), scale * load<f32>(at(s, j)) + load<f32>(at(bias, j)));
}

/** s[begin ... end) = softmax(scale * s) over [low, high), zero elsewhere; begin and end are whole panels. */
export function softmaxRow(s: usize, begin: i32, end: i32, low: i32, high: i32, scale: f32): void {
  const nothing = load<f32>(constants, 4);
  for (let j = begin; j < low; j++) store<f32>(at(s, j), nothing);
  for (let j = high; j < end; j++) store<f32>(at(s, j), nothing);
  let m0 = v128.load32_splat(constants, 4), m1 = m0;
  for (let j = begin; j < end; j += 2 * LANES) {
    m0 = f32x4.max(m0, v128.load(at(s, j)));
    m1 = f32x4.max(m1, v128.load(at(s, j), 16));
  }
  const largest = f32x4.splat(hmax(f32x4.max(m0, m1)));
  const factor = f32x4.splat(scale), cut = v128.load32_splat(constants);
  let s0 = f32x4.splat(0), s1 = s0;
  for (let j = begin; j < end; j += 2 * LANES) {
    const p = at(s, j);
    const x0 = f32x4.mul(factor, f32x4.sub(v128.load(p), largest));
    const x1 = f32x4.mul(factor, f32x4.sub(v128.load(p, 16), largest));
    const e0 = v128.and(expInRange(x0), f32x4.gt(x0, cut));
    const e1 = v128.and(expInRange(x1), f32x4.gt(x1, cut));
    s0 = f32x4.add(s0, e0);
    s1 = f32x4.add(s1, e1);
    v128.store(p, e0);
    v128.store(p, e1, 16);
  }
  const share = f32x4.splat(<f32>1 / hsum(f32x4.add(s0, s1)));
  for (let j = begin; j < end; j += LANES) v128.store(at(s, j), f32x4.mul(share, v128.load(at(s, j))));
}

/**
 * dropped = p after dropout, times `keepScale`; in p the sign bit of dropped elements is set.
 * `n` and `element`, the place of p within the buffer, are multiples of 16.
 */
function dropRow(
  dropped: usize, p: usize, n: i32, element: i32, threshold: u32, keepScale: f32, seed: u32, step: u32, stream: u32,
): void {
  const factor = f32x4.splat(keepScale), limit = i32x4.splat(threshold), sign = i32x4.splat(0x80000000);
  for (let i = 0; i < n; i += 16) {
    philox16(at(dropped, i), (element + i) >> 2, seed, step, stream);
    for (let j = i; j < i + 16; j += LANES) {
      const kept = i32x4.ge_u(v128.load(at(dropped, j)), limit);
      const x = v128.load(at(p, j));
      v128.store(at(dropped, j), v128.and(f32x4.mul(x, factor), kept));
      v128.store(at(p, j), v128.or(x, v128.andnot(sign, kept)));
    }
  }
}

/** Bytes that `attentionBackward` needs at `scratch` for sequences of at most `keys` keys. */
export function attentionBackwardScratchBytes(keys: i32, dim: i32): i32 {
  const panels = padded(keys) * dim + padded(dim) * keys + 2 * padded(dim) * BACKWARD_BLOCK;
  return gemmScratchBytes() + ((panels + 2 * BACKWARD_BLOCK * padded(keys)) << 2);
}

/**
 * With p the probabilities, d = p after dropout, and o = d v:
 *   dv = dᵀ do;  dd = do vᵀ;  db = p (dp - sum of d dd over the row);  ds = db * scale;  dq = ds k;  dk = dsᵀ q.
 *
 * Units [begin, end) of an {@link AttentionPlan}.
 */
export function attentionBackward(planned: usize, scratch: usize, begin: i32, end: i32): void {
  const plan = changetype<AttentionPlan>(planned);
  const probabilities = plan.probabilities, query = plan.query, key = plan.key, value = plan.value;
  const starts = plan.starts, keyStarts = plan.keyStarts, offsets = plan.offsets, biasOffsets = plan.biasOffsets;
  const heads = plan.heads, dim = plan.dim, scale = plan.scale, before = plan.before, after = plan.after;
  const dropping = plan.threshold > 0, keepScale = plan.keepScale;
  const dout = plan.dout, dquery = plan.dquery, dkey = plan.dkey, dvalue = plan.dvalue, dbias = plan.dbias;
  const addQuery = plan.addQuery, addKey = plan.addKey, addValue = plan.addValue;
  const width = heads * dim, count = padded(dim) / PANEL;
  const partial = before < UNLIMITED || after < UNLIMITED;
  for (let unit = begin; unit < end; unit++) {
    const row = unit / heads, head = unit % heads;
    const q0 = load<i32>(at(starts, row)), queries = load<i32>(at(starts, row + 1)) - q0;
    const k0 = load<i32>(at(keyStarts, row)), keys = load<i32>(at(keyStarts, row + 1)) - k0;
    const stride = padded(keys);
    const valuePanels = scratch + gemmScratchBytes();
    const keyPanels = at(valuePanels, stride * dim);
    const queryPanels = at(keyPanels, padded(dim) * keys);
    const outPanels = at(queryPanels, padded(dim) * BACKWARD_BLOCK);
    const dscores = at(outPanels, padded(dim) * BACKWARD_BLOCK);
    const dropped = at(dscores, BACKWARD_BLOCK * stride);
    const p = at(probabilities, load<i32>(at(offsets, row)) + head * queries * stride);
    const queryAt = q0 * width + head * dim, keyAt = k0 * width + head * dim;
    packColumns(valuePanels, at(value, keyAt), width, dim, keys, 0, stride / PANEL);
    packRows(keyPanels, keys, at(key, keyAt), width, keys, dim, 0, count);
    // The first block does not write keys that it does not see.
    if (partial && dkey && !addKey) clear(at(dkey, keyAt), width, keys, dim);
    if (partial && dvalue && !addValue) clear(at(dvalue, keyAt), width, keys, dim);

    for (let i = 0; i < queries; i += BACKWARD_BLOCK) {
      const n = min(BACKWARD_BLOCK, queries - i), place = i + keys - queries;
      const first = firstKey(place, before), last = lastKey(place, n, after, stride);
      const seen = min(last, keys) - first, later = <i32>(i > 0 || partial);
      const rowAt = queryAt + i * width, seenAt = keyAt + first * width;
      multiply(at(dscores, first), stride, at(dout, rowAt), width, 0, at(valuePanels, first * dim), dim, n, last - first, dim, 0, scratch, 0, (last - first) / PANEL);
      let weights = at(p, i * stride);
      for (let r = 0; r < n; r++) {
        const from = r * stride + first;
        const ds = at(dscores, from), d = at(weights, from);
        if (dropping) droppedGradientRow(ds, at(dropped, from), d, last - first, dbias ? 1 : scale, keepScale);
        else scoreGradientRow(ds, d, last - first, dbias ? 1 : scale);
        if (dbias) {
          const b = at(dbias, load<i32>(at(biasOffsets, row)) + (head * queries + i + r) * keys);
          biasGradientRow(at(b, first), ds, min(last, keys) - first, last - first, scale);
        }
      }
      if (dropping) weights = dropped;
      if (dquery) multiply(at(dquery, rowAt), width, at(dscores, first), stride, 0, at(keyPanels, first * PANEL), keys, n, dim, seen, addQuery, scratch, 0, count);
      if (dkey) {
        packRows(queryPanels, n, at(query, rowAt), width, n, dim, 0, count);
        multiply(at(dkey, seenAt), width, at(dscores, first), stride, 1, queryPanels, n, seen, dim, n, addKey | later, scratch, 0, count);
      }
      if (dvalue) {
        packRows(outPanels, n, at(dout, rowAt), width, n, dim, 0, count);
        multiply(at(dvalue, seenAt), width, at(weights, first), stride, 1, outPanels, n, seen, dim, n, addValue | later, scratch, 0, count);
      }
    }
  }
}

/** In place of dd, ds = p (dd - sum of p dd) * scale, for `n` keys of a row. */
function scoreGradientRow(ds: usize, p: usize, n: i32, scale: f32): void {
  const factor = f32x4.splat(scale);
  let t0 = f32x4.splat(0), t1 = t0;
  for (let j = 0; j < n; j += 2 * LANES) {
    t0 = madd(v128.load(at(p, j)), v128.load(at(ds, j)), t0);
    t1 = madd(v128.load(at(p, j), 16), v128.load(at(ds, j), 16), t1);
  }
  const total = f32x4.splat(hsum(f32x4.add(t0, t1)));
  for (let j = 0; j < n; j += LANES) {
    const difference = f32x4.sub(v128.load(at(ds, j)), total);
    v128.store(at(ds, j), f32x4.mul(f32x4.mul(v128.load(at(p, j)), difference), factor));
  }
}

/** The same after dropout: d is recomputed from p and the signs, and dp is dd where p was kept, 0 elsewhere. */
function droppedGradientRow(ds: usize, d: usize, p: usize, n: i32, scale: f32, keepScale: f32): void {
  const zero = f32x4.splat(0), keep = f32x4.splat(keepScale), factor = f32x4.splat(scale);
  let t0 = zero, t1 = zero;
  for (let j = 0; j < n; j += 2 * LANES) {
    const d0 = f32x4.mul(f32x4.max(v128.load(at(p, j)), zero), keep);
    const d1 = f32x4.mul(f32x4.max(v128.load(at(p, j), 16), zero), keep);
    v128.store(at(d, j), d0);
    v128.store(at(d, j), d1, 16);
    t0 = madd(d0, v128.load(at(ds, j)), t0);
    t1 = madd(d1, v128.load(at(ds, j), 16), t1);
  }
  const total = f32x4.splat(hsum(f32x4.add(t0, t1)));
  for (let j = 0; j < n; j += LANES) {
    const signed = v128.load(at(p, j));
    const dp = v128.and(f32x4.mul(v128.load(at(ds, j)), keep), f32x4.ge(signed, zero));
    v128.store(at(ds, j), f32x4.mul(f32x4.mul(f32x4.abs(signed), f32x4.sub(dp, total)), factor));
  }
}

/** dbias += ds over the `seen` keys; then ds *= scale over all `n`. Unseen keys have ds 0. */
function biasGradientRow(dbias: usize, ds: usize, seen: i32, n: i32, scale: f32): void {
  let j = 0;
  for (; j + LANES <= seen; j += LANES) v128.store(at(dbias, j), f32x4.add(v128.load(at(dbias, j)), v128.load(at(ds, j))));
  for (; j < seen; j++) store<f32>(at(dbias, j), load<f32>(at(dbias, j)) + load<f32>(at(ds, j)));
  const factor = f32x4.splat(scale);
  for (let k = 0; k < n; k += LANES) v128.store(at(ds, k), f32x4.mul(factor, v128.load(at(ds, k))));
}

/** Zeros to `columns` elements of each row. */
function clear(x: usize, stride: i32, rows: i32, columns: i32): void {
  for (let i = 0; i < rows; i++) memory.fill(at(x, i * stride), 0, <usize>columns << 2);
}

/**
 * The kept probabilities of an {@link AttentionPlan}, before dropout, without the gaps: (queries, keys) for each head of
 * each sequence, one after the other: the layout of a bias. Splits by unit.
 */
export function attentionProbabilities(out: usize, planned: usize, begin: i32, end: i32): void {
  const plan = changetype<AttentionPlan>(planned);
  const probabilities = plan.probabilities, offsets = plan.offsets, targets = plan.biasOffsets;
  const starts = plan.starts, keyStarts = plan.keyStarts, heads = plan.heads;
  for (let unit = begin; unit < end; unit++) {
    const row = unit / heads, head = unit % heads;
    const queries = load<i32>(at(starts, row + 1)) - load<i32>(at(starts, row));
    const keys = load<i32>(at(keyStarts, row + 1)) - load<i32>(at(keyStarts, row));
    const stride = padded(keys);
    for (let i = 0; i < queries; i++) {
      const from = at(probabilities, load<i32>(at(offsets, row)) + (head * queries + i) * stride);
      const to = at(out, load<i32>(at(targets, row)) + (head * queries + i) * keys);
      for (let j = 0; j < keys; j++) store<f32>(at(to, j), abs<f32>(load<f32>(at(from, j))));
    }
  }
}
