/**
 * Kullback-Leibler divergence of q = softmax(x / T) from p = softmax(y / T), Σ p (log p - log q): cross-entropy with soft
 * targets, less the entropy of the targets. Hinton, Vinyals & Dean 2015 (arXiv:1503.02531), section 2.
 *
 * Rows are independent: callers may split [begin, end).
 */
import { accumulate, accumulatePart, oldMask } from "./accumulate";
import { BLOCK, constants, cutExp, largestOf, lastScores, logOf } from "./attention/softmax";
import { loadPart } from "./tails";
import { LANES, at, hsum } from "./simd";

/** Σ p (log p - log q) over a row; `kept` as in {@link divergence}. */
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
      // A class of weight 0 takes no part, whatever its scores are: 0 times infinity would be NaN.
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
  // One logarithm of the quotient: where p and q are alike it is small, and so is its error.
  return <f32>(cross / sumY + <f64>logOf(<f32>(sumX / sumY)));
}

/**
 * The divergence of each row.
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

/** dx = or += scale / T * (q - p); `scale` includes the 1 / T. */
export function divergenceBackward(
  dx: usize, kept: usize, x: usize, y: usize, classes: i32, inverse: f32, scale: f32, add: i32, begin: i32, end: i32,
): void {
  const factor = f32x4.splat(inverse), old = oldMask(add);
  for (let row = begin; row < end; row++) {
    const from = row * classes, keep = at(kept, 4 * row);
    const topX = v128.load32_splat(keep), topY = v128.load32_splat(keep, 8);
    const shareX = f32x4.splat(load<f32>(keep, 4) * scale), shareY = f32x4.splat(load<f32>(keep, 12) * scale);
    const dr = at(dx, from), xr = at(x, from), yr = at(y, from);
    let i = 0;
    for (; i + LANES <= classes; i += LANES) {
      const q = f32x4.mul(cutExp(f32x4.mul(f32x4.sub(v128.load(at(xr, i)), topX), factor)), shareX);
      const p = f32x4.mul(cutExp(f32x4.mul(f32x4.sub(v128.load(at(yr, i)), topY), factor)), shareY);
      accumulate(at(dr, i), f32x4.sub(q, p), old);
    }
    if (i < classes) {
      const rest = classes - i;
      const q = f32x4.mul(cutExp(f32x4.mul(f32x4.sub(loadPart(at(xr, i), rest), topX), factor)), shareX);
      const p = f32x4.mul(cutExp(f32x4.mul(f32x4.sub(loadPart(at(yr, i), rest), topY), factor)), shareY);
      accumulatePart(at(dr, i), f32x4.sub(q, p), old, rest);
    }
  }
}
