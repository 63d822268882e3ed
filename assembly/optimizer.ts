/**
 * Optimizer steps: weights, moments and gradients in one pass over memory. Every function splits by element.
 */
import { LANES, at } from "./simd";

/**
 * AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101, algorithm 2), in the order of PyTorch's operations:
 *
 *   w -= w * decay;  m += (g - m) * (1 - beta1);  v = v * beta2 + g * g * (1 - beta2)
 *   w -= step * m / (sqrt(v) / root + eps)
 *
 * g is the gradient times `scale` (clipping); it is set to zero on the way. With bias correction the caller hands over
 * step = rate / (1 - beta1^t) and root = sqrt(1 - beta2^t); without it (the original BERT) step = rate and root = 1.
 *
 * @param decay rate times weight decay
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
    const m0 = v128.load(at(m, i));
    const M = f32x4.add(m0, f32x4.mul(f32x4.sub(G, m0), K1));
    const V = f32x4.add(f32x4.mul(v128.load(at(v, i)), B2), f32x4.mul(f32x4.mul(G, G), K2));
    const denominator = f32x4.add(f32x4.div(f32x4.sqrt(V), R), E);
    v128.store(at(w, i), f32x4.sub(f32x4.mul(v128.load(at(w, i)), D), f32x4.div(f32x4.mul(M, T), denominator)));
    v128.store(at(m, i), M);
    v128.store(at(v, i), V);
    v128.store(at(g, i), zero);
  }
  for (; i < end; i++) {
    const G = load<f32>(at(g, i)) * scale;
    const m0 = load<f32>(at(m, i));
    const M = m0 + (G - m0) * keep1;
    const V = load<f32>(at(v, i)) * beta2 + G * G * keep2;
    const denominator = sqrt<f32>(V) / root + eps;
    store<f32>(at(w, i), load<f32>(at(w, i)) * (1 - decay) - (M * step) / denominator);
    store<f32>(at(m, i), M);
    store<f32>(at(v, i), V);
    store<f32>(at(g, i), 0);
  }
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
  for (let i = begin; i < end; i++) {
    const G = load<f32>(at(g, i)) * scale;
    const m0 = load<f32>(at(m, i));
    const M = m0 + (G - m0) * keep1;
    const V = load<f32>(at(v, i)) * beta2 + G * G * keep2;
    store<f32>(at(m, i), M);
    store<f32>(at(v, i), V);
    store<f32>(at(g, i), M / (sqrt<f32>(V) + eps) + decay * load<f32>(at(w, i)));
  }
}

/** w -= rate * u; u = 0 */
export function descend(w: usize, u: usize, rate: f32, begin: i32, end: i32): void {
  for (let i = begin; i < end; i++) {
    store<f32>(at(w, i), load<f32>(at(w, i)) - rate * load<f32>(at(u, i)));
    store<f32>(at(u, i), 0);
  }
}
