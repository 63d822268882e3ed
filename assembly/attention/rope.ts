/**
 * Rotary position embeddings: each pair of a head's dimensions is rotated by an angle proportional to the position. Su et al. 2021,
 * "RoFormer" (arXiv:2104.09864), section 3.2; pairs (i, i + dim / 2) as published files have them.
 *
 * x and y are (tokens, heads * dim); table is (positions, dim): dim / 2 cosines, then dim / 2 sines; place has each
 * token's row of it. y may be x. Splits by token.
 */
import { LANES, at } from "../simd";

/**
 * (y1, y2) = (x1 cos - x2 sin, x2 cos + x1 sin)
 *
 * @param sign 1; -1 for the inverse rotation, which is the gradient
 */
export function rotate(y: usize, x: usize, table: usize, place: usize, heads: i32, dim: i32, sign: f32, begin: i32, end: i32): void {
  const half = dim >> 1, width = heads * dim, factor = f32x4.splat(sign);
  for (let token = begin; token < end; token++) {
    const cosine = at(table, load<i32>(at(place, token)) * dim), sine = at(cosine, half);
    for (let head = 0; head < heads; head++) {
      const from = at(x, token * width + head * dim), to = at(y, token * width + head * dim);
      let i = 0;
      for (; i + LANES <= half; i += LANES) {
        const a = v128.load(at(from, i)), b = v128.load(at(from, half + i));
        const c = v128.load(at(cosine, i)), s = f32x4.mul(factor, v128.load(at(sine, i)));
        v128.store(at(to, i), f32x4.sub(f32x4.mul(a, c), f32x4.mul(b, s)));
        v128.store(at(to, half + i), f32x4.add(f32x4.mul(b, c), f32x4.mul(a, s)));
      }
      for (; i < half; i++) {
        const a = load<f32>(at(from, i)), b = load<f32>(at(from, half + i));
        const c = load<f32>(at(cosine, i)), s = sign * load<f32>(at(sine, i));
        store<f32>(at(to, i), a * c - b * s);
        store<f32>(at(to, half + i), b * c + a * s);
      }
    }
  }
}
