/**
 * Optimizer steps: weights, moments and gradients in one pass over memory. Every function splits by element.
 *
 * Moments below 2^-100 become zero. The moment of a word that no longer occurs shrinks at every step until it is a denormal
 * number, on which arithmetic takes 25 to 40 times as long; it moves no weight, since eps is far larger.
 */
import { loadPart, storePart } from "./tails";
import { LANES, at } from "./simd";

const constants = memory.data<f32>([7.888609052210118e-31], 16);

// @ts-ignore: decorator
@inline function withoutTiny(v: v128): v128 {
  return v128.andnot(v, f32x4.le(f32x4.abs(v), v128.load32_splat(constants)));
}

// @ts-ignore: decorator
@inline function mean(m: v128, g: v128, keep1: v128): v128 {
  return withoutTiny(f32x4.add(m, f32x4.mul(f32x4.sub(g, m), keep1)));
}

// @ts-ignore: decorator
@inline function meanSquare(v: v128, g: v128, beta2: v128, keep2: v128): v128 {
  return withoutTiny(f32x4.add(f32x4.mul(v, beta2), f32x4.mul(f32x4.mul(g, g), keep2)));
}

/**
 * AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101, algorithm 2), in the order of PyTorch's operations:
 *
 *   w -= w * decay;  m += (g - m) * (1 - beta1);  v = v * beta2 + g * g * (1 - beta2)
 *   w -= step * m / (sqrt(v) / root + eps)
 *
 * g is the gradient times `scale` (clipping), and is zeroed. With bias correction the caller passes
 * step = rate / (1 - beta1^t) and root = sqrt(1 - beta2^t); without it (the original BERT) step = rate and root = 1.
 *
 * @param decay rate times weight decay
 * @param keep1 1 - beta1
 * @param keep2 1 - beta2
 */
export function adamW(
  w: usize, g: usize, m: usize, v: usize,
  scale: f32, decay: f32, keep1: f32, beta2: f32, keep2: f32, step: f32, root: f32, eps: f32,
  begin: i32, end: i32,
): void {
  const S = f32x4.splat(scale), D = f32x4.splat(1 - decay), K1 = f32x4.splat(keep1), B2 = f32x4.splat(beta2), K2 = f32x4.splat(keep2);
  const T = f32x4.splat(step), R = f32x4.splat(root), E = f32x4.splat(eps), zero = f32x4.splat(0);
  let i = begin;
  for (; i + LANES <= end; i += LANES) {
    const G = f32x4.mul(v128.load(at(g, i)), S);
    const M = mean(v128.load(at(m, i)), G, K1);
    const V = meanSquare(v128.load(at(v, i)), G, B2, K2);
    v128.store(at(w, i), stepped(v128.load(at(w, i)), M, V, D, T, R, E));
    v128.store(at(m, i), M);
    v128.store(at(v, i), V);
    v128.store(at(g, i), zero);
  }
  if (i < end) {
    const n = end - i;
    const G = f32x4.mul(loadPart(at(g, i), n), S);
    const M = mean(loadPart(at(m, i), n), G, K1);
    const V = meanSquare(loadPart(at(v, i), n), G, B2, K2);
    storePart(at(w, i), stepped(loadPart(at(w, i), n), M, V, D, T, R, E), n);
    storePart(at(m, i), M, n);
    storePart(at(v, i), V, n);
    storePart(at(g, i), zero, n);
  }
}

// @ts-ignore: decorator
@inline function stepped(w: v128, m: v128, v: v128, rest: v128, step: v128, root: v128, eps: v128): v128 {
  const size = f32x4.add(f32x4.div(f32x4.sqrt(v), root), eps);
  return f32x4.sub(f32x4.mul(w, rest), f32x4.div(f32x4.mul(m, step), size));
}

/**
 * The direction of LAMB (You et al. 2020, arXiv:1904.00962, algorithm 2), before its trust ratio, without bias
 * correction: u = m / (sqrt(v) + eps) + decay * w. It takes the place of the gradient, which the caller clears.
 */
export function lambDirection(
  g: usize, w: usize, m: usize, v: usize,
  scale: f32, decay: f32, keep1: f32, beta2: f32, keep2: f32, eps: f32,
  begin: i32, end: i32,
): void {
  const S = f32x4.splat(scale), D = f32x4.splat(decay), K1 = f32x4.splat(keep1), B2 = f32x4.splat(beta2), K2 = f32x4.splat(keep2);
  const E = f32x4.splat(eps);
  let i = begin;
  for (; i + LANES <= end; i += LANES) {
    const G = f32x4.mul(v128.load(at(g, i)), S);
    const M = mean(v128.load(at(m, i)), G, K1);
    const V = meanSquare(v128.load(at(v, i)), G, B2, K2);
    v128.store(at(m, i), M);
    v128.store(at(v, i), V);
    v128.store(at(g, i), direction(v128.load(at(w, i)), M, V, D, E));
  }
  if (i < end) {
    const n = end - i;
    const G = f32x4.mul(loadPart(at(g, i), n), S);
    const M = mean(loadPart(at(m, i), n), G, K1);
    const V = meanSquare(loadPart(at(v, i), n), G, B2, K2);
    storePart(at(m, i), M, n);
    storePart(at(v, i), V, n);
    storePart(at(g, i), direction(loadPart(at(w, i), n), M, V, D, E), n);
  }
}

// @ts-ignore: decorator
@inline function direction(w: v128, m: v128, v: v128, decay: v128, eps: v128): v128 {
  return f32x4.add(f32x4.div(m, f32x4.add(f32x4.sqrt(v), eps)), f32x4.mul(decay, w));
}

/** w -= rate * u; u = 0 */
export function descend(w: usize, u: usize, rate: f32, begin: i32, end: i32): void {
  const R = f32x4.splat(rate), zero = f32x4.splat(0);
  let i = begin;
  for (; i + LANES <= end; i += LANES) {
    v128.store(at(w, i), f32x4.sub(v128.load(at(w, i)), f32x4.mul(R, v128.load(at(u, i)))));
    v128.store(at(u, i), zero);
  }
  for (; i < end; i++) {
    store<f32>(at(w, i), load<f32>(at(w, i)) - rate * load<f32>(at(u, i)));
    store<f32>(at(u, i), 0);
  }
}
