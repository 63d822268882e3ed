/**
 * Losses, each in one pass over the scores forward and one backward. Rows are independent: callers may split [begin, end).
 *
 * A label of IGNORE takes no part. Losses are written by row and summed in double precision, in ascending order.
 */
import { loadPart, storePart } from "./lanes";
import { expInRange, log, sigmoid } from "./math";
import { LANES, at, hmax, hsum } from "./simd";

const IGNORE: i32 = -100;
/** Scores this far below the largest count as probability 0: exp(-64) = 2^-92 changes no sum, and no denormals arise. */
const CUT: f32 = -64;
/** Elements that are summed up in f32 before the sum goes on in f64. */
const BLOCK: i32 = 256;

const constants = memory.data<f32>([CUT, -Infinity, 1], 16);
const lanes = memory.data<i32>([0, 1, 2, 3], 16);

/** The last `count` (1 to 3) scores of a row, and -infinity behind them. */
// @ts-ignore: decorator
@inline function lastScores(from: usize, count: i32): v128 {
  const inside = i32x4.lt_s(v128.load(lanes), i32x4.splat(count));
  return v128.bitselect(loadPart(from, count), v128.load32_splat(constants, 4), inside);
}

/** exp(d) of a d up to 0, exactly 0 below the cut. */
// @ts-ignore: decorator
@inline function cutExp(d: v128): v128 {
  return v128.and(expInRange(d), f32x4.gt(d, v128.load32_splat(constants)));
}

/** exp(x - largest), exactly 0 below the cut. */
// @ts-ignore: decorator
@inline function weight(x: v128, largest: v128): v128 {
  return cutExp(f32x4.sub(x, largest));
}

// @ts-ignore: decorator
@inline function logOf(x: f32): f32 {
  return f32x4.extract_lane(log(f32x4.splat(x)), 0);
}

/** The largest score, NaN if there is one: it keeps everything that follows NaN. */
function largestOf(x: usize, width: i32): f32 {
  let a = v128.load32_splat(constants, 4), b = a, broken = f32x4.splat(0);
  let i = 0;
  for (; i + 2 * LANES <= width; i += 2 * LANES) {
    const v = v128.load(at(x, i)), w = v128.load(at(x, i), 16);
    a = f32x4.pmax(a, v);
    b = f32x4.pmax(b, w);
    broken = v128.or(broken, v128.or(f32x4.ne(v, v), f32x4.ne(w, w)));
  }
  for (; i < width; i += LANES) {
    const v = width - i >= LANES ? v128.load(at(x, i)) : lastScores(at(x, i), width - i);
    a = f32x4.pmax(a, v);
    broken = v128.or(broken, f32x4.ne(v, v));
  }
  return v128.any_true(broken) ? NaN : hmax(f32x4.pmax(a, b));
}

/** Sum of exp(x - largest). */
function weightSum(x: usize, width: i32, largest: f32): f64 {
  const top = f32x4.splat(largest);
  let total: f64 = 0;
  let i = 0;
  while (i + 2 * LANES <= width) {
    const stop = min(width - 2 * LANES, i + BLOCK - 2 * LANES);
    let a = f32x4.splat(0), b = a;
    for (; i <= stop; i += 2 * LANES) {
      a = f32x4.add(a, weight(v128.load(at(x, i)), top));
      b = f32x4.add(b, weight(v128.load(at(x, i), 16), top));
    }
    total += <f64>hsum(f32x4.add(a, b));
  }
  if (i + LANES <= width) {
    total += <f64>hsum(weight(v128.load(at(x, i)), top));
    i += LANES;
  }
  if (i < width) total += <f64>hsum(weight(lastScores(at(x, i), width - i), top));
  return total;
}

/** Sum of x - largest. */
function shiftedSum(x: usize, width: i32, largest: f32): f64 {
  let total: f64 = 0;
  for (let i = 0; i < width; i++) total += <f64>(load<f32>(at(x, i)) - largest);
  return total;
}

/**
 * -Σ t log softmax(x) over a row, t = `rest` for every class and `share` more for the label.
 * Keeps the largest score and 1 / Σ exp(x - largest) at `kept` for the backward pass.
 */
function rowLoss(kept: usize, x: usize, width: i32, label: i32, share: f32, rest: f32): f32 {
  if (label == IGNORE) return 0;
  const largest = largestOf(x, width);
  const sum = weightSum(x, width, largest);
  store<f32>(kept, largest);
  store<f32>(kept, <f32>(1 / sum), 4);
  const logSum = <f64>logOf(<f32>sum);
  let loss = <f64>share * (logSum - <f64>(load<f32>(at(x, label)) - largest));
  if (rest != 0) loss += <f64>rest * (<f64>width * logSum - shiftedSum(x, width, largest));
  return <f32>loss;
}

/** dx = or += scale * (softmax(x) - t) over a row. */
function rowGradient(dx: usize, kept: usize, x: usize, width: i32, label: i32, share: f32, rest: f32, scale: f32, add: i32): void {
  if (label == IGNORE) {
    if (!add) memory.fill(dx, 0, <usize>width << 2);
    return;
  }
  const top = v128.load32_splat(kept), factor = f32x4.splat(load<f32>(kept, 4) * scale);
  const less = f32x4.splat(rest * scale), old = i32x4.splat(-add);
  let i = 0;
  for (; i + LANES <= width; i += LANES) {
    const d = f32x4.sub(f32x4.mul(weight(v128.load(at(x, i)), top), factor), less);
    v128.store(at(dx, i), f32x4.add(v128.and(v128.load(at(dx, i)), old), d));
  }
  if (i < width) {
    const d = f32x4.sub(f32x4.mul(weight(loadPart(at(x, i), width - i), top), factor), less);
    storePart(at(dx, i), f32x4.add(v128.and(loadPart(at(dx, i), width - i), old), d), width - i);
  }
  store<f32>(at(dx, label), load<f32>(at(dx, label)) - share * scale);
}

/**
 * Cross-entropy of scores (rows, classes) with labels i32 (rows).
 *
 * @param losses (rows)
 * @param kept (rows, 2)
 * @param share weight of the label in the target distribution, beside `rest`, that of every class
 */
export function crossEntropy(
  losses: usize, kept: usize, scores: usize, labels: usize, classes: i32, share: f32, rest: f32, begin: i32, end: i32,
): void {
  for (let row = begin; row < end; row++) {
    const label = load<i32>(at(labels, row));
    store<f32>(at(losses, row), rowLoss(at(kept, 2 * row), at(scores, row * classes), classes, label, share, rest));
  }
}

/** dscores = or += scale * (softmax - target) */
export function crossEntropyBackward(
  dscores: usize, kept: usize, scores: usize, labels: usize, classes: i32, share: f32, rest: f32, scale: f32, add: i32,
  begin: i32, end: i32,
): void {
  for (let row = begin; row < end; row++) {
    const from = row * classes;
    rowGradient(at(dscores, from), at(kept, 2 * row), at(scores, from), classes, load<i32>(at(labels, row)), share, rest, scale, add);
  }
}

/** Cross-entropy over the tokens of each sequence: scores (tokens), starts i32 (rows + 1), labels count from the sequence's start. */
export function raggedCrossEntropy(
  losses: usize, kept: usize, scores: usize, starts: usize, labels: usize, begin: i32, end: i32,
): void {
  for (let row = begin; row < end; row++) {
    const from = load<i32>(at(starts, row)), width = load<i32>(at(starts, row + 1)) - from;
    store<f32>(at(losses, row), rowLoss(at(kept, 2 * row), at(scores, from), width, load<i32>(at(labels, row)), 1, 0));
  }
}

/** dscores = or += scale * (softmax - onehot(label)) */
export function raggedCrossEntropyBackward(
  dscores: usize, kept: usize, scores: usize, starts: usize, labels: usize, scale: f32, add: i32, begin: i32, end: i32,
): void {
  for (let row = begin; row < end; row++) {
    const from = load<i32>(at(starts, row)), width = load<i32>(at(starts, row + 1)) - from;
    rowGradient(at(dscores, from), at(kept, 2 * row), at(scores, from), width, load<i32>(at(labels, row)), 1, 0, scale, add);
  }
}

/** Σ p (log p - log q) over a row; keeps what {@link divergence} says. */
function rowDivergence(kept: usize, x: usize, y: usize, width: i32, inverse: f32): f32 {
  const largestX = largestOf(x, width), largestY = largestOf(y, width);
  const topX = f32x4.splat(largestX), topY = f32x4.splat(largestY), factor = f32x4.splat(inverse);
  const cut = v128.load32_splat(constants);
  let sumX: f64 = 0, sumY: f64 = 0, cross: f64 = 0;
  for (let i = 0; i < width; ) {
    const stop = min(width, i + BLOCK);
    let a = f32x4.splat(0), b = a, c = a;
    for (; i < stop; i += LANES) {
      const rest = width - i;
      const dx = f32x4.mul(f32x4.sub(rest >= LANES ? v128.load(at(x, i)) : lastScores(at(x, i), rest), topX), factor);
      const dy = f32x4.mul(f32x4.sub(rest >= LANES ? v128.load(at(y, i)) : lastScores(at(y, i), rest), topY), factor);
      const w = cutExp(dy);
      a = f32x4.add(a, cutExp(dx));
      b = f32x4.add(b, w);
      // What has no weight takes no part, whatever its scores: 0 times infinity would be no number.
      c = f32x4.add(c, v128.and(f32x4.mul(w, f32x4.sub(dy, dx)), f32x4.gt(dy, cut)));
    }
    sumX += <f64>hsum(a);
    sumY += <f64>hsum(b);
    cross += <f64>hsum(c);
  }
  store<f32>(kept, largestX);
  store<f32>(kept, <f32>(1 / sumX), 4);
  store<f32>(kept, largestY, 8);
  store<f32>(kept, <f32>(1 / sumY), 12);
  // One logarithm of the quotient: where the two are alike it is small, and so is its error.
  return <f32>(cross / sumY + <f64>logOf(<f32>(sumX / sumY)));
}

/**
 * Kullback-Leibler divergence of q = softmax(x / T) from p = softmax(y / T) by row, Σ p (log p - log q): cross-entropy
 * with soft targets, less the targets' own entropy. Hinton, Vinyals & Dean 2015 (arXiv:1503.02531), section 2.
 *
 * @param losses (rows)
 * @param kept (rows, 4): of x and of y the largest score and 1 / Σ exp((score - largest) / T), for the backward pass
 * @param x scores (rows, classes)
 * @param y the scores that p is made of (rows, classes)
 * @param inverse 1 / T
 */
export function divergence(
  losses: usize, kept: usize, x: usize, y: usize, classes: i32, inverse: f32, begin: i32, end: i32,
): void {
  for (let row = begin; row < end; row++) {
    const from = row * classes;
    store<f32>(at(losses, row), rowDivergence(at(kept, 4 * row), at(x, from), at(y, from), classes, inverse));
  }
}

/** dx = or += scale / T * (q - p); `scale` holds the 1 / T already. */
export function divergenceBackward(
  dx: usize, kept: usize, x: usize, y: usize, classes: i32, inverse: f32, scale: f32, add: i32, begin: i32, end: i32,
): void {
  const factor = f32x4.splat(inverse), old = i32x4.splat(-add);
  for (let row = begin; row < end; row++) {
    const from = row * classes, keep = at(kept, 4 * row);
    const topX = v128.load32_splat(keep), topY = v128.load32_splat(keep, 8);
    const shareX = f32x4.splat(load<f32>(keep, 4) * scale), shareY = f32x4.splat(load<f32>(keep, 12) * scale);
    const dr = at(dx, from), xr = at(x, from), yr = at(y, from);
    let i = 0;
    for (; i + LANES <= classes; i += LANES) {
      const q = f32x4.mul(cutExp(f32x4.mul(f32x4.sub(v128.load(at(xr, i)), topX), factor)), shareX);
      const p = f32x4.mul(cutExp(f32x4.mul(f32x4.sub(v128.load(at(yr, i)), topY), factor)), shareY);
      v128.store(at(dr, i), f32x4.add(v128.and(v128.load(at(dr, i)), old), f32x4.sub(q, p)));
    }
    if (i < classes) {
      const rest = classes - i;
      const q = f32x4.mul(cutExp(f32x4.mul(f32x4.sub(loadPart(at(xr, i), rest), topX), factor)), shareX);
      const p = f32x4.mul(cutExp(f32x4.mul(f32x4.sub(loadPart(at(yr, i), rest), topY), factor)), shareY);
      storePart(at(dr, i), f32x4.add(v128.and(loadPart(at(dr, i), rest), old), f32x4.sub(q, p)), rest);
    }
  }
}

/**
 * Binary cross-entropy of scores (n) with labels of 0 and 1, i32 (n): max(x, 0) - x y + log(1 + exp(-|x|)).
 */
export function binaryCrossEntropy(losses: usize, scores: usize, labels: usize, begin: i32, end: i32): void {
  let i = begin;
  for (; i + LANES <= end; i += LANES) v128.store(at(losses, i), binaryLoss(v128.load(at(scores, i)), v128.load(at(labels, i))));
  if (i < end) storePart(at(losses, i), binaryLoss(loadPart(at(scores, i), end - i), loadPart(at(labels, i), end - i)), end - i);
}

// @ts-ignore: decorator
@inline function binaryLoss(x: v128, label: v128): v128 {
  const a = f32x4.neg(f32x4.abs(x));
  const e = v128.andnot(expInRange(a), f32x4.le(a, v128.load32_splat(constants)));
  const positive = f32x4.sub(f32x4.pmax(x, f32x4.splat(0)), f32x4.mul(x, f32x4.convert_i32x4_s(label)));
  const loss = f32x4.add(positive, log(f32x4.add(e, v128.load32_splat(constants, 8))));
  return v128.andnot(loss, i32x4.eq(label, i32x4.splat(IGNORE)));
}

/** dscores = or += scale * (sigmoid(x) - y) */
export function binaryCrossEntropyBackward(
  dscores: usize, scores: usize, labels: usize, scale: f32, add: i32, begin: i32, end: i32,
): void {
  const factor = f32x4.splat(scale), old = i32x4.splat(-add);
  let i = begin;
  for (; i + LANES <= end; i += LANES) {
    const d = binarySlope(v128.load(at(scores, i)), v128.load(at(labels, i)), factor);
    v128.store(at(dscores, i), f32x4.add(v128.and(v128.load(at(dscores, i)), old), d));
  }
  if (i < end) {
    const d = binarySlope(loadPart(at(scores, i), end - i), loadPart(at(labels, i), end - i), factor);
    storePart(at(dscores, i), f32x4.add(v128.and(loadPart(at(dscores, i), end - i), old), d), end - i);
  }
}

// @ts-ignore: decorator
@inline function binarySlope(x: v128, label: v128, factor: v128): v128 {
  const d = f32x4.mul(f32x4.sub(sigmoid(x), f32x4.convert_i32x4_s(label)), factor);
  return v128.andnot(d, i32x4.eq(label, i32x4.splat(IGNORE)));
}

/** losses = (x - y)^2 */
export function squaredError(losses: usize, x: usize, y: usize, begin: i32, end: i32): void {
  for (let i = begin; i < end; i++) {
    const d = load<f32>(at(x, i)) - load<f32>(at(y, i));
    store<f32>(at(losses, i), d * d);
  }
}

/** dx = or += scale * 2 (x - y) */
export function squaredErrorBackward(dx: usize, x: usize, y: usize, scale: f32, add: i32, begin: i32, end: i32): void {
  for (let i = begin; i < end; i++) {
    const d = (scale + scale) * (load<f32>(at(x, i)) - load<f32>(at(y, i)));
    store<f32>(at(dx, i), add ? load<f32>(at(dx, i)) + d : d);
  }
}

/** Sum of n values in double precision, in ascending order. */
export function lossSum(losses: usize, n: i32): f64 {
  let total: f64 = 0;
  for (let i = 0; i < n; i++) total += <f64>load<f32>(at(losses, i));
  return total;
}
