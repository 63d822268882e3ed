/**
 * The position-wise feed-forward layer (Vaswani et al. 2017, arXiv:1706.03762, section 3.3) and its gated form
 * (Shazeer 2020, "GLU Variants Improve Transformer", arXiv:2002.05202).
 */
import { type Activation, activate } from "../tensor/ops/activation.js";
import { dropout } from "../tensor/ops/dropout.js";
import { columns, multiply } from "../tensor/ops/elementwise.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Layer, LayerInSteps } from "./layers.js";

/** y = down(up(x)), with the activation in `up` and dropout with probability `p` between the two. */
export function feedForward(up: Layer, down: Layer, p = 0): LayerInSteps {
  return function* (x) {
    const inner = dropout(up(x), p);
    yield;
    return down(inner);
  };
}

/** x (rows, width) -> the activated gate and the values that it multiplies, both (rows, inner). */
export type Gate = (x: Tensor) => readonly [gate: Tensor, up: Tensor];

/** Two projections; `gate` has the activation. */
export function separateGate(gate: Layer, up: Layer): Gate {
  return (x) => [gate(x), up(x)];
}

/** One projection to (rows, 2 × inner): the gate is its first half, before the activation. */
export function packedGate(project: Layer, activation: Activation): Gate {
  return (x) => {
    const both = project(x);
    const inner = both.shape[1]! / 2;
    return [activate(columns(both, 0, inner), activation), columns(both, inner, 2 * inner)];
  };
}

/** y = down(gate(x) ⊙ up(x)), with dropout with probability `p` before `down`. */
export function gatedFeedForward(gate: Gate, down: Layer, p = 0): LayerInSteps {
  return function* (x) {
    const [gated, up] = gate(x);
    const inner = dropout(multiply(gated, up), p);
    yield;
    return down(inner);
  };
}
