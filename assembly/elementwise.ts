/** Sums and products by element. Every function splits by element: callers may divide [begin, end). */
import { LANES, at, madd } from "./simd";

/** z = a + b */
export function add(z: usize, a: usize, b: usize, begin: i32, end: i32): void {
  let i = begin;
  for (; i + LANES <= end; i += LANES) v128.store(at(z, i), f32x4.add(v128.load(at(a, i)), v128.load(at(b, i))));
  for (; i < end; i++) store<f32>(at(z, i), load<f32>(at(a, i)) + load<f32>(at(b, i)));
}

/** z = a - b */
export function subtract(z: usize, a: usize, b: usize, begin: i32, end: i32): void {
  let i = begin;
  for (; i + LANES <= end; i += LANES) v128.store(at(z, i), f32x4.sub(v128.load(at(a, i)), v128.load(at(b, i))));
  for (; i < end; i++) store<f32>(at(z, i), load<f32>(at(a, i)) - load<f32>(at(b, i)));
}

/** z = a * b */
export function multiply(z: usize, a: usize, b: usize, begin: i32, end: i32): void {
  let i = begin;
  for (; i + LANES <= end; i += LANES) v128.store(at(z, i), f32x4.mul(v128.load(at(a, i)), v128.load(at(b, i))));
  for (; i < end; i++) store<f32>(at(z, i), load<f32>(at(a, i)) * load<f32>(at(b, i)));
}

/** z += a * b: the backward pass of a product. */
export function multiplyAdd(z: usize, a: usize, b: usize, begin: i32, end: i32): void {
  for (let i = begin; i < end; i += LANES) {
    if (i + LANES <= end) v128.store(at(z, i), madd(v128.load(at(a, i)), v128.load(at(b, i)), v128.load(at(z, i))));
    else {
      for (; i < end; i++) {
        const lane = madd(v128.load32_splat(at(a, i)), v128.load32_splat(at(b, i)), v128.load32_splat(at(z, i)));
        store<f32>(at(z, i), f32x4.extract_lane(lane, 0));
      }
    }
  }
}

/** z = factor * a */
export function scale(z: usize, a: usize, factor: f32, begin: i32, end: i32): void {
  const f = f32x4.splat(factor);
  let i = begin;
  for (; i + LANES <= end; i += LANES) v128.store(at(z, i), f32x4.mul(v128.load(at(a, i)), f));
  for (; i < end; i++) store<f32>(at(z, i), load<f32>(at(a, i)) * factor);
}

/** z += factor * a */
export function addScaled(z: usize, a: usize, factor: f32, begin: i32, end: i32): void {
  const f = f32x4.splat(factor);
  let i = begin;
  for (; i + LANES <= end; i += LANES) v128.store(at(z, i), f32x4.add(v128.load(at(z, i)), f32x4.mul(v128.load(at(a, i)), f)));
  for (; i < end; i++) store<f32>(at(z, i), load<f32>(at(z, i)) + load<f32>(at(a, i)) * factor);
}

/** Columns [first, first + width) of x (rows, stride), packed into y (rows, width). */
export function takeColumns(y: usize, x: usize, stride: i32, first: i32, width: i32, begin: i32, end: i32): void {
  for (let row = begin; row < end; row++) {
    for (let i = 0; i < width; i++) store<f32>(at(y, row * width + i), load<f32>(at(x, row * stride + first + i)));
  }
}

/** dx[:, first : first + width] += dy */
export function takeColumnsBackward(dx: usize, dy: usize, stride: i32, first: i32, width: i32, begin: i32, end: i32): void {
  for (let row = begin; row < end; row++) {
    for (let i = 0; i < width; i++) {
      const place = at(dx, row * stride + first + i);
      store<f32>(place, load<f32>(place) + load<f32>(at(dy, row * width + i)));
    }
  }
}
