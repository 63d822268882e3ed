/** The small layers: each is a function from weights to a function of tensors. */
import { type Activation, activateLast } from "../tensor/ops/activation.js";
import { affine } from "../tensor/ops/affine.js";
import { add } from "../tensor/ops/elementwise.js";
import { layerNorm, rmsNorm as rootMeanSquareNorm } from "../tensor/ops/norm.js";
import type { Steps } from "../tensor/steps.js";
import type { Tensor } from "../tensor/tensor.js";
import { constant, type Init } from "./init.js";
import type { LinearPlace } from "./overlay.js";
import type { Weights } from "./weights.js";

export type Layer = (x: Tensor) => Tensor;

/** A layer that can be interrupted. */
export type LayerInSteps = (x: Tensor) => Steps<Tensor>;

/**
 * A linear layer that an adapter may name: activation(map(x) + branch(x)). Without an adapter it is the map alone.
 *
 * @param map x (rows, inner) -> (rows, out), with the activation that it is given
 */
export function adaptable(
  w: Weights,
  place: LinearPlace,
  map: (x: Tensor, activation: Activation) => Tensor,
  activation: Activation,
): Layer {
  const branch = w.branch(place);
  if (!branch) return (x) => map(x, activation);
  return (x) => {
    const more = branch(x);
    return more ? activateLast(add(map(x, "none"), more), activation) : map(x, activation);
  };
}

/**
 * x (rows, inner) -> (rows, out): y = activation(x Wᵀ + b), with W stored (out, inner) as in PyTorch.
 *
 * @param bias whether there is a b, for families whose configuration decides
 */
export function linear(
  w: Weights,
  inner: number,
  out: number,
  init: Init,
  activation: Activation = "none",
  bias = true,
): Layer {
  const weight = w.matrix("weight", [out, inner], init);
  const b = bias ? w.get("bias", [out], constant(0)) : null;
  return adaptable(w, { inner, out, transposed: false }, (x, a) => affine(x, weight, b, a), activation);
}

/** A linear layer without bias: y = activation(x Wᵀ). */
export function biasFreeLinear(
  w: Weights,
  inner: number,
  out: number,
  init: Init,
  activation: Activation = "none",
): Layer {
  return linear(w, inner, out, init, activation, false);
}

/** RMSNorm, x (rows, width) -> the same shape: each row divided by its root mean square, then scaled. */
export function rmsNorm(w: Weights, width: number, eps: number): Layer {
  const gamma = w.get("weight", [width], constant(1));
  return (x) => rootMeanSquareNorm(x, gamma, eps);
}

/** x (rows, width) -> the same shape: each row with mean 0 and variance 1, then scaled and, with a bias, shifted. */
export function norm(w: Weights, width: number, eps: number, bias = true): Layer {
  const gamma = w.get("weight", [width], constant(1));
  const beta = bias ? w.get("bias", [width], constant(0)) : null;
  return (x) => layerNorm(x, gamma, beta, eps);
}
