/**
 * Layer normalisation over the last axis: y = (x - mean) * rstd * gamma + beta.
 * Ba, Kiros & Hinton 2016 (arXiv:1607.06450), equations 3 and 4.
 *
 * x, y, dx, dy are (rows, width); gamma, beta and their gradients are (width); mean and rstd are (rows), written by the
 * forward pass and read by the backward pass. gamma and beta may be 0: no scale, no shift.
 */
import { LANES, at, hsum, madd, nmadd } from "./simd";

/** Σ x over a row: two accumulators in a fixed order, then the tail. */
// @ts-ignore: decorator
@inline function rowSum(x: usize, width: i32): f32 {
  let a = f32x4.splat(0), b = f32x4.splat(0);
  let i = 0;
  for (; i + 2 * LANES <= width; i += 2 * LANES) {
    a = f32x4.add(a, v128.load(at(x, i)));
    b = f32x4.add(b, v128.load(at(x, i + LANES)));
  }
  let sum = hsum(f32x4.add(a, b));
  for (; i < width; i++) sum += load<f32>(at(x, i));
  return sum;
}

/** Splits by row. */
export function layerNorm(
  y: usize, mean: usize, rstd: usize,
  x: usize, gamma: usize, beta: usize,
  width: i32, eps: f32, begin: i32, end: i32,
): void {
  for (let row = begin; row < end; row++) {
    const xr = at(x, row * width), yr = at(y, row * width);
    const m = rowSum(xr, width) / <f32>width;

    // A second pass over a cached row: E[(x - m)^2] does not cancel, E[x^2] - m^2 would.
    const mv = f32x4.splat(m);
    let a = f32x4.splat(0), b = f32x4.splat(0);
    let i = 0;
    for (; i + 2 * LANES <= width; i += 2 * LANES) {
      const d = f32x4.sub(v128.load(at(xr, i)), mv), e = f32x4.sub(v128.load(at(xr, i + LANES)), mv);
      a = madd(d, d, a);
      b = madd(e, e, b);
    }
    let square = hsum(f32x4.add(a, b));
    for (; i < width; i++) { const d = load<f32>(at(xr, i)) - m; square += d * d; }
    const r: f32 = 1 / sqrt<f32>(square / <f32>width + eps);

    const rv = f32x4.splat(r);
    for (i = 0; i + LANES <= width; i += LANES) {
      let n = f32x4.mul(f32x4.sub(v128.load(at(xr, i)), mv), rv);
      if (gamma) n = f32x4.mul(n, v128.load(at(gamma, i)));
      if (beta) n = f32x4.add(n, v128.load(at(beta, i)));
      v128.store(at(yr, i), n);
    }
    for (; i < width; i++) {
      let n = (load<f32>(at(xr, i)) - m) * r;
      if (gamma) n *= load<f32>(at(gamma, i));
      if (beta) n += load<f32>(at(beta, i));
      store<f32>(at(yr, i), n);
    }
    store<f32>(at(mean, row), m);
    store<f32>(at(rstd, row), r);
  }
}

/**
 * dx = or += rstd * (g - mean(g) - n * mean(g * n)), where g = dy * gamma and n = (x - mean) * rstd.
 * Splits by row.
 */
export function layerNormBackwardInput(
  dx: usize, dy: usize, x: usize, gamma: usize, mean: usize, rstd: usize,
  width: i32, add: i32, begin: i32, end: i32,
): void {
  const unit = f32x4.splat(1);
  for (let row = begin; row < end; row++) {
    const xr = at(x, row * width), dyr = at(dy, row * width), dxr = at(dx, row * width);
    const m = load<f32>(at(mean, row)), r = load<f32>(at(rstd, row));
    const mv = f32x4.splat(m), rv = f32x4.splat(r);
    let sg = f32x4.splat(0), sgn = f32x4.splat(0);
    let i = 0;
    for (; i + LANES <= width; i += LANES) {
      const g = f32x4.mul(v128.load(at(dyr, i)), gamma ? v128.load(at(gamma, i)) : unit);
      const n = f32x4.mul(f32x4.sub(v128.load(at(xr, i)), mv), rv);
      sg = f32x4.add(sg, g);
      sgn = madd(g, n, sgn);
    }
    let meanG = hsum(sg), meanGn = hsum(sgn);
    for (; i < width; i++) {
      const g = load<f32>(at(dyr, i)) * (gamma ? load<f32>(at(gamma, i)) : 1);
      meanG += g;
      meanGn += g * ((load<f32>(at(xr, i)) - m) * r);
    }
    meanG /= <f32>width;
    meanGn /= <f32>width;

    const gv = f32x4.splat(meanG), gnv = f32x4.splat(meanGn);
    for (i = 0; i + LANES <= width; i += LANES) {
      const g = f32x4.mul(v128.load(at(dyr, i)), gamma ? v128.load(at(gamma, i)) : unit);
      const n = f32x4.mul(f32x4.sub(v128.load(at(xr, i)), mv), rv);
      const d = f32x4.mul(rv, nmadd(n, gnv, f32x4.sub(g, gv)));
      v128.store(at(dxr, i), add ? f32x4.add(v128.load(at(dxr, i)), d) : d);
    }
    for (; i < width; i++) {
      const g = load<f32>(at(dyr, i)) * (gamma ? load<f32>(at(gamma, i)) : 1);
      const n = (load<f32>(at(xr, i)) - m) * r;
      const d = r * (g - meanG - n * meanGn);
      store<f32>(at(dxr, i), add ? load<f32>(at(dxr, i)) + d : d);
    }
  }
}

/** dgamma += Σ over rows of dy * n; dbeta += Σ over rows of dy (either may be 0). Splits by column. */
export function layerNormBackwardParameters(
  dgamma: usize, dbeta: usize, dy: usize, x: usize, mean: usize, rstd: usize,
  rows: i32, width: i32, begin: i32, end: i32,
): void {
  let i = begin;
  // Sixteen columns at a time: a cache line of each row.
  for (; i + 4 * LANES <= end; i += 4 * LANES) {
    let g0 = f32x4.splat(0), g1 = g0, g2 = g0, g3 = g0, b0 = g0, b1 = g0, b2 = g0, b3 = g0;
    for (let row = 0; row < rows; row++) {
      const xr = at(x, row * width + i), dyr = at(dy, row * width + i);
      const m = v128.load32_splat(at(mean, row)), r = v128.load32_splat(at(rstd, row));
      const d0 = v128.load(dyr), d1 = v128.load(dyr, 16), d2 = v128.load(dyr, 32), d3 = v128.load(dyr, 48);
      b0 = f32x4.add(b0, d0);
      b1 = f32x4.add(b1, d1);
      b2 = f32x4.add(b2, d2);
      b3 = f32x4.add(b3, d3);
      g0 = madd(d0, f32x4.mul(f32x4.sub(v128.load(xr), m), r), g0);
      g1 = madd(d1, f32x4.mul(f32x4.sub(v128.load(xr, 16), m), r), g1);
      g2 = madd(d2, f32x4.mul(f32x4.sub(v128.load(xr, 32), m), r), g2);
      g3 = madd(d3, f32x4.mul(f32x4.sub(v128.load(xr, 48), m), r), g3);
    }
    if (dgamma) accumulate16(at(dgamma, i), g0, g1, g2, g3);
    if (dbeta) accumulate16(at(dbeta, i), b0, b1, b2, b3);
  }
  for (; i < end; i++) {
    let g: f32 = 0, b: f32 = 0;
    for (let row = 0; row < rows; row++) {
      const d = load<f32>(at(dy, row * width + i));
      b += d;
      g += d * ((load<f32>(at(x, row * width + i)) - load<f32>(at(mean, row))) * load<f32>(at(rstd, row)));
    }
    if (dgamma) store<f32>(at(dgamma, i), load<f32>(at(dgamma, i)) + g);
    if (dbeta) store<f32>(at(dbeta, i), load<f32>(at(dbeta, i)) + b);
  }
}

// @ts-ignore: decorator
@inline function accumulate16(to: usize, a: v128, b: v128, c: v128, d: v128): void {
  v128.store(to, f32x4.add(v128.load(to), a));
  v128.store(to, f32x4.add(v128.load(to, 16), b), 16);
  v128.store(to, f32x4.add(v128.load(to, 32), c), 32);
  v128.store(to, f32x4.add(v128.load(to, 48), d), 48);
}
