/**
 * Normalization over the last axis.
 *
 * Layer norm: y = (x - mean) * rstd * gamma + beta (Ba, Kiros & Hinton 2016, arXiv:1607.06450, equations 3 and 4).
 * RMS norm: y = x * rstd * gamma, without subtracting the mean (Zhang & Sennrich 2019, arXiv:1910.07467, equation 4).
 *
 * x, y, dx, dy are (rows, width); gamma, beta and their gradients are (width); mean and rstd are (rows), written by the
 * forward pass and read by the backward pass. beta may be 0: no shift.
 */
import { accumulate, accumulatePart, oldMask } from "./accumulate";
import { LANES, at, hsum, madd, nmadd } from "./simd";
import { loadPart } from "./tails";

/** Layer norm of rows [begin, end). */
export function layerNorm(
  y: usize, mean: usize, rstd: usize, x: usize, gamma: usize, beta: usize, width: i32, eps: f32, begin: i32, end: i32,
): void {
  for (let row = begin; row < end; row++) {
    const xr = at(x, row * width);
    const m = rowSum(xr, width) / <f32>width;
    // A second pass over a cached row: E[(x - m)^2] does not cancel, E[x^2] - m^2 would.
    const r: f32 = 1 / sqrt<f32>(squareSum(xr, m, width) / <f32>width + eps);
    scaleRow(at(y, row * width), xr, gamma, beta, m, r, width);
    store<f32>(at(mean, row), m);
    store<f32>(at(rstd, row), r);
  }
}

/** RMS norm of rows [begin, end). */
export function rmsNorm(y: usize, rstd: usize, x: usize, gamma: usize, width: i32, eps: f32, begin: i32, end: i32): void {
  for (let row = begin; row < end; row++) {
    const xr = at(x, row * width);
    const r: f32 = 1 / sqrt<f32>(squareSum(xr, 0, width) / <f32>width + eps);
    scaleRow(at(y, row * width), xr, gamma, 0, 0, r, width);
    store<f32>(at(rstd, row), r);
  }
}

/** Σ x over a row: two accumulators in a fixed order, then the rest. */
// @ts-ignore: decorator
@inline function rowSum(x: usize, width: i32): f32 {
  let a = f32x4.splat(0), b = a;
  let i = 0;
  for (; i + 2 * LANES <= width; i += 2 * LANES) {
    a = f32x4.add(a, v128.load(at(x, i)));
    b = f32x4.add(b, v128.load(at(x, i), 16));
  }
  if (i + LANES <= width) {
    a = f32x4.add(a, v128.load(at(x, i)));
    i += LANES;
  }
  if (i < width) b = f32x4.add(b, loadPart(at(x, i), width - i));
  return hsum(f32x4.add(a, b));
}

/** Σ (x - m)² over a row. */
// @ts-ignore: decorator
@inline function squareSum(x: usize, m: f32, width: i32): f32 {
  const mean = f32x4.splat(m);
  let a = f32x4.splat(0), b = a;
  let i = 0;
  for (; i + 2 * LANES <= width; i += 2 * LANES) {
    const d = f32x4.sub(v128.load(at(x, i)), mean), e = f32x4.sub(v128.load(at(x, i), 16), mean);
    a = madd(d, d, a);
    b = madd(e, e, b);
  }
  let sum = hsum(f32x4.add(a, b));
  for (; i < width; i++) { const d = load<f32>(at(x, i)) - m; sum += d * d; }
  return sum;
}

/** y = (x - m) * r * gamma + beta over a row. */
// @ts-ignore: decorator
@inline function scaleRow(y: usize, x: usize, gamma: usize, beta: usize, m: f32, r: f32, width: i32): void {
  const mean = f32x4.splat(m), rstd = f32x4.splat(r);
  let i = 0;
  if (beta) {
    for (; i + LANES <= width; i += LANES) {
      const n = f32x4.mul(f32x4.sub(v128.load(at(x, i)), mean), rstd);
      v128.store(at(y, i), f32x4.add(f32x4.mul(n, v128.load(at(gamma, i))), v128.load(at(beta, i))));
    }
  } else {
    for (; i + LANES <= width; i += LANES) {
      v128.store(at(y, i), f32x4.mul(f32x4.mul(f32x4.sub(v128.load(at(x, i)), mean), rstd), v128.load(at(gamma, i))));
    }
  }
  for (; i < width; i++) {
    const n = (load<f32>(at(x, i)) - m) * r * load<f32>(at(gamma, i));
    store<f32>(at(y, i), beta ? n + load<f32>(at(beta, i)) : n);
  }
}

/**
 * dx = or += rstd * (g - mean(g) - n * mean(g * n)), where g = dy * gamma and n = (x - mean) * rstd, for rows [begin, end).
 * dx may be dy when it is written.
 */
export function layerNormBackwardInput(
  dx: usize, dy: usize, x: usize, gamma: usize, mean: usize, rstd: usize, width: i32, add: i32, begin: i32, end: i32,
): void {
  for (let row = begin; row < end; row++) {
    const from = row * width;
    rowBackward(at(dx, from), at(dy, from), at(x, from), gamma, load<f32>(at(mean, row)), load<f32>(at(rstd, row)), 1, width, add);
  }
}

/** dx = or += rstd * (g - n * mean(g * n)), where g = dy * gamma and n = x * rstd, for rows [begin, end). */
export function rmsNormBackwardInput(
  dx: usize, dy: usize, x: usize, gamma: usize, rstd: usize, width: i32, add: i32, begin: i32, end: i32,
): void {
  for (let row = begin; row < end; row++) {
    const from = row * width;
    rowBackward(at(dx, from), at(dy, from), at(x, from), gamma, 0, load<f32>(at(rstd, row)), 0, width, add);
  }
}

/** @param centred 1: the mean was subtracted, and so is its gradient; 0: it was not */
function rowBackward(dx: usize, dy: usize, x: usize, gamma: usize, m: f32, r: f32, centred: f32, width: i32, add: i32): void {
  const mean = f32x4.splat(m), rstd = f32x4.splat(r);
  let g0 = f32x4.splat(0), g1 = g0, n0 = g0, n1 = g0;
  let i = 0;
  for (; i + 2 * LANES <= width; i += 2 * LANES) {
    const a = f32x4.mul(v128.load(at(dy, i)), v128.load(at(gamma, i)));
    const b = f32x4.mul(v128.load(at(dy, i), 16), v128.load(at(gamma, i), 16));
    g0 = f32x4.add(g0, a);
    g1 = f32x4.add(g1, b);
    n0 = madd(a, f32x4.mul(f32x4.sub(v128.load(at(x, i)), mean), rstd), n0);
    n1 = madd(b, f32x4.mul(f32x4.sub(v128.load(at(x, i), 16), mean), rstd), n1);
  }
  let meanG = hsum(f32x4.add(g0, g1)), meanGn = hsum(f32x4.add(n0, n1));
  for (; i < width; i++) {
    const g = load<f32>(at(dy, i)) * load<f32>(at(gamma, i));
    meanG += g;
    meanGn += g * ((load<f32>(at(x, i)) - m) * r);
  }
  const gv = f32x4.splat(centred * meanG / <f32>width), gnv = f32x4.splat(meanGn / <f32>width), old = oldMask(add);
  for (i = 0; i + LANES <= width; i += LANES) {
    const d = inputSlope(v128.load(at(dy, i)), v128.load(at(gamma, i)), v128.load(at(x, i)), mean, rstd, gv, gnv);
    accumulate(at(dx, i), d, old);
  }
  if (i < width) {
    const count = width - i;
    const d = inputSlope(loadPart(at(dy, i), count), loadPart(at(gamma, i), count), loadPart(at(x, i), count), mean, rstd, gv, gnv);
    accumulatePart(at(dx, i), d, old, count);
  }
}

// @ts-ignore: decorator
@inline function inputSlope(dy: v128, gamma: v128, x: v128, mean: v128, rstd: v128, meanG: v128, meanGn: v128): v128 {
  const n = f32x4.mul(f32x4.sub(x, mean), rstd);
  return f32x4.mul(rstd, nmadd(n, meanGn, f32x4.sub(f32x4.mul(dy, gamma), meanG)));
}

/** Rows whose terms are added before they join the sum: their cache lines are read together. */
const BLOCK: i32 = 4;

/**
 * dgamma += Σ over rows of dy * n; dbeta += Σ over rows of dy. Either may be 0: not wanted; mean may be 0: not subtracted.
 * Columns [begin, end), begin a multiple of 4; four rows at a time, in ascending order.
 */
export function normBackwardParameters(
  dgamma: usize, dbeta: usize, dy: usize, x: usize, mean: usize, rstd: usize, rows: i32, width: i32, begin: i32, end: i32,
): void {
  const body = begin + ((end - begin) & ~(LANES - 1));
  for (let row = 0; row < rows; row += BLOCK) {
    const count = min(BLOCK, rows - row);
    const from = row * width;
    if (count == BLOCK) fourRows(dgamma, dbeta, at(dy, from), at(x, from), mean ? at(mean, row) : 0, at(rstd, row), width, begin, body);
    for (let r = 0; r < count; r++) {
      const m: f32 = mean ? load<f32>(at(mean, row + r)) : 0, s = load<f32>(at(rstd, row + r));
      for (let i = count == BLOCK ? body : begin; i < end; i++) {
        const d = load<f32>(at(dy, from + r * width + i));
        if (dgamma) store<f32>(at(dgamma, i), load<f32>(at(dgamma, i)) + d * ((load<f32>(at(x, from + r * width + i)) - m) * s));
        if (dbeta) store<f32>(at(dbeta, i), load<f32>(at(dbeta, i)) + d);
      }
    }
  }
}

function fourRows(dgamma: usize, dbeta: usize, dy: usize, x: usize, mean: usize, rstd: usize, width: i32, begin: i32, end: i32): void {
  const zero = f32x4.splat(0), step = <usize>width << 2;
  const m0 = mean ? v128.load32_splat(mean) : zero, m1 = mean ? v128.load32_splat(mean, 4) : zero;
  const m2 = mean ? v128.load32_splat(mean, 8) : zero, m3 = mean ? v128.load32_splat(mean, 12) : zero;
  const r0 = v128.load32_splat(rstd), r1 = v128.load32_splat(rstd, 4), r2 = v128.load32_splat(rstd, 8), r3 = v128.load32_splat(rstd, 12);
  for (let i = begin; i < end; i += LANES) {
    let d = at(dy, i), p = at(x, i);
    const d0 = v128.load(d), d1 = v128.load((d += step)), d2 = v128.load((d += step)), d3 = v128.load(d + step);
    if (dgamma) {
      let sum = f32x4.mul(d0, f32x4.mul(f32x4.sub(v128.load(p), m0), r0));
      sum = madd(d1, f32x4.mul(f32x4.sub(v128.load((p += step)), m1), r1), sum);
      sum = madd(d2, f32x4.mul(f32x4.sub(v128.load((p += step)), m2), r2), sum);
      sum = madd(d3, f32x4.mul(f32x4.sub(v128.load(p + step), m3), r3), sum);
      v128.store(at(dgamma, i), f32x4.add(v128.load(at(dgamma, i)), sum));
    }
    if (dbeta) v128.store(at(dbeta, i), f32x4.add(v128.load(at(dbeta, i)), f32x4.add(f32x4.add(d0, d1), f32x4.add(d2, d3))));
  }
}
