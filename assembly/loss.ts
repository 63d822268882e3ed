/**
 * Losses, each in one pass over the scores forward and one backward. Rows are independent: callers may split [begin, end).
 *
 * A label of IGNORE takes no part. Losses are written by row and summed in double precision, in ascending order.
 */
import { accumulate, accumulatePart, oldMask } from "./accumulate";
import { expInRange, log, sigmoid } from "./math";
import { BLOCK, constants, largestOf, lastScores, logOf, weight } from "./attention/softmax";
import { LANES, at, hsum } from "./simd";
import { loadPart, storePart } from "./tails";

/** The label of rows that take no part. */
export const IGNORE: i32 = -100;

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
  const less = f32x4.splat(rest * scale), old = oldMask(add);
  let i = 0;
  for (; i + LANES <= width; i += LANES) {
    const d = f32x4.sub(f32x4.mul(weight(v128.load(at(x, i)), top), factor), less);
    accumulate(at(dx, i), d, old);
  }
  if (i < width) {
    const d = f32x4.sub(f32x4.mul(weight(loadPart(at(x, i), width - i), top), factor), less);
    accumulatePart(at(dx, i), d, old, width - i);
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
  const factor = f32x4.splat(scale), old = oldMask(add);
  let i = begin;
  for (; i + LANES <= end; i += LANES) {
    const d = binarySlope(v128.load(at(scores, i)), v128.load(at(labels, i)), factor);
    accumulate(at(dscores, i), d, old);
  }
  if (i < end) {
    const d = binarySlope(loadPart(at(scores, i), end - i), loadPart(at(labels, i), end - i), factor);
    accumulatePart(at(dscores, i), d, old, end - i);
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
