/** Sums over sequences, rows and buffers, each in one fixed order. */
import { accumulate, accumulatePart, oldMask } from "./accumulate";
import { LANES, at, hsum, madd, nmadd } from "./simd";
import { loadPart } from "./tails";

/**
 * Mean over the tokens of each sequence: y[s] = Σ x[t] / n, t in [starts[s], starts[s + 1]).
 * x (tokens, width), y (rows, width), starts i32 (rows + 1). Splits by sequence.
 */
export function segmentMean(y: usize, x: usize, starts: usize, width: i32, begin: i32, end: i32): void {
  for (let s = begin; s < end; s++) {
    const first = load<i32>(at(starts, s)), last = load<i32>(at(starts, s + 1));
    const share: f32 = 1 / <f32>(last - first);
    let i = 0;
    for (; i + LANES <= width; i += LANES) {
      let sum = f32x4.splat(0);
      for (let t = first; t < last; t++) sum = f32x4.add(sum, v128.load(at(x, t * width + i)));
      v128.store(at(y, s * width + i), f32x4.mul(sum, f32x4.splat(share)));
    }
    for (; i < width; i++) {
      let sum: f32 = 0;
      for (let t = first; t < last; t++) sum += load<f32>(at(x, t * width + i));
      store<f32>(at(y, s * width + i), sum * share);
    }
  }
}

/** dx[t] = or += dy[s] / n. Splits by sequence. */
export function segmentMeanBackward(dx: usize, dy: usize, starts: usize, width: i32, add: i32, begin: i32, end: i32): void {
  const old = oldMask(add);
  for (let s = begin; s < end; s++) {
    const first = load<i32>(at(starts, s)), last = load<i32>(at(starts, s + 1));
    const share = f32x4.splat(1 / <f32>(last - first));
    const from = at(dy, s * width);
    for (let t = first; t < last; t++) {
      const to = at(dx, t * width);
      let i = 0;
      for (; i + LANES <= width; i += LANES) {
        const d = f32x4.mul(v128.load(at(from, i)), share);
        accumulate(at(to, i), d, old);
      }
      if (i < width) {
        const d = f32x4.mul(loadPart(at(from, i), width - i), share);
        accumulatePart(at(to, i), d, old, width - i);
      }
    }
  }
}

/**
 * Largest value of each column over the tokens of each sequence; `place` (rows, width) i32 keeps the token that had it
 * (the first of equals), for the backward pass. Splits by sequence.
 */
export function segmentMax(y: usize, place: usize, x: usize, starts: usize, width: i32, begin: i32, end: i32): void {
  for (let s = begin; s < end; s++) {
    const first = load<i32>(at(starts, s)), last = load<i32>(at(starts, s + 1));
    for (let i = 0; i < width; i++) {
      let best = first;
      let most = load<f32>(at(x, first * width + i));
      for (let t = first + 1; t < last; t++) {
        const value = load<f32>(at(x, t * width + i));
        if (value > most) { most = value; best = t; }
      }
      store<f32>(at(y, s * width + i), most);
      store<i32>(at(place, s * width + i), best);
    }
  }
}

/** dx[place[s]] += dy[s], by column. Splits by sequence. */
export function segmentMaxBackward(dx: usize, dy: usize, place: usize, width: i32, begin: i32, end: i32): void {
  for (let s = begin; s < end; s++) {
    for (let i = 0; i < width; i++) {
      const to = at(dx, load<i32>(at(place, s * width + i)) * width + i);
      store<f32>(to, load<f32>(to) + load<f32>(at(dy, s * width + i)));
    }
  }
}

/** Σ a * b over a row of `width`. */
// @ts-ignore: decorator
@inline function dot(a: usize, b: usize, width: i32): f32 {
  let sum = f32x4.splat(0);
  let i = 0;
  for (; i + LANES <= width; i += LANES) sum = madd(v128.load(at(a, i)), v128.load(at(b, i)), sum);
  let total = hsum(sum);
  for (; i < width; i++) total += load<f32>(at(a, i)) * load<f32>(at(b, i));
  return total;
}

/** The shortest length that a row is divided by, as in PyTorch's normalize. */
const SHORTEST: f32 = 1e-12;

/** y = x / max(|x|, 1e-12) by row; `length` (rows) keeps the divisor. Splits by row. */
export function normalizeRows(y: usize, length: usize, x: usize, width: i32, begin: i32, end: i32): void {
  for (let row = begin; row < end; row++) {
    const xr = at(x, row * width), yr = at(y, row * width);
    const divisor: f32 = max(sqrt<f32>(dot(xr, xr, width)), SHORTEST);
    const d = f32x4.splat(divisor);
    let i = 0;
    for (; i + LANES <= width; i += LANES) v128.store(at(yr, i), f32x4.div(v128.load(at(xr, i)), d));
    for (; i < width; i++) store<f32>(at(yr, i), load<f32>(at(xr, i)) / divisor);
    store<f32>(at(length, row), divisor);
  }
}

/** dx = or += (dy - y (y · dy)) / |x|; dx may be dy when it is written. Splits by row. */
export function normalizeRowsBackward(dx: usize, dy: usize, y: usize, length: usize, width: i32, add: i32, begin: i32, end: i32): void {
  const old = oldMask(add);
  for (let row = begin; row < end; row++) {
    const yr = at(y, row * width), dyr = at(dy, row * width), dxr = at(dx, row * width);
    const along = f32x4.splat(dot(yr, dyr, width));
    const divisor = v128.load32_splat(at(length, row));
    let i = 0;
    for (; i + LANES <= width; i += LANES) {
      const d = f32x4.div(nmadd(v128.load(at(yr, i)), along, v128.load(at(dyr, i))), divisor);
      accumulate(at(dxr, i), d, old);
    }
    if (i < width) {
      const d = f32x4.div(nmadd(loadPart(at(yr, i), width - i), along, loadPart(at(dyr, i), width - i)), divisor);
      accumulatePart(at(dxr, i), d, old, width - i);
    }
  }
}

/** Σ x² in double precision; not finite when any element is not. */
export function sumOfSquares(x: usize, begin: i32, end: i32): f64 {
  let a = f64x2.splat(0), b = f64x2.splat(0);
  let i = begin;
  for (; i + LANES <= end; i += LANES) {
    const v = v128.load(at(x, i));
    const low = f64x2.promote_low_f32x4(v), high = f64x2.promote_low_f32x4(v128.shuffle<i64>(v, v, 1, 0));
    a = f64x2.add(a, f64x2.mul(low, low));
    b = f64x2.add(b, f64x2.mul(high, high));
  }
  const sum = f64x2.add(a, b);
  let total = f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
  for (; i < end; i++) { const v = <f64>load<f32>(at(x, i)); total += v * v; }
  return total;
}
