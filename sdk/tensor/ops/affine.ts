/** Linear layers: a product with a weight, its bias and its gradients. */
import { launch } from "../../engine/launch.js";
import { expectOneEngine, expectShape } from "../check.js";
import type { Matrix } from "../matrix.js";
import { gradTarget, isTraced, record } from "../tape.js";
import { empty, type Tensor } from "../tensor.js";
import { type Activation, activateLast } from "./activation.js";
import { inputGradient, multiply, weightGradient } from "./product.js";

/**
 * y = activation(x Wᵀ + b) for W (out, inner), in either orientation.
 *
 * @param x (rows, inner)
 * @param weight (out, inner), or (inner, out) with orientation `inner-out`
 * @param bias (out), or null for none
 * @param activation applied on the way out; while a tape is open it is an op of its own, with the same bits
 * @returns (rows, out)
 * @throws {ShapeError} when the shapes do not belong together
 *
 * @example
 * const w = matrix(engine, [3, 4, 5, 6], [2, 2]);
 * affine(tensor(engine, [1, 2], [1, 2]), w, null).data; // [11, 17]
 */
export function affine(x: Tensor, weight: Matrix, bias: Tensor | null, activation: Activation = "none"): Tensor {
  if (activation !== "none" && isTraced(x, weight, bias))
    return activateLast(affine(x, weight, bias, "none"), activation);
  expectShape("affine", "x", x, ["rows", "inner"]);
  const [rows = 0, inner = 0] = x.shape;
  const { engine, out, orientation } = weight;
  if (orientation === "out-inner")
    expectShape("affine", "weight", weight, ["out", inner], "It is (out, inner), as wide as x.");
  else expectShape("affine", "weight", weight, [inner, "out"], "It is (inner, out), as high as x is wide.");
  if (bias) expectShape("affine", "bias", bias, [out], "It has an element for each output.");
  expectOneEngine("affine", x, weight, bias);

  if (isTraced(x, weight, bias)) weight.expectTrainable();
  const y = empty(engine, [rows, out]);
  multiply(y, x, weight.panels("forward"), { bias: bias?.address ?? 0, activation, add: false });
  return record(y, [x, weight, bias], (dy) => {
    if (x.traced) inputGradient(x, dy, weight.panels("backward"));
    if (weight.traced) {
      if (orientation === "out-inner") weightGradient(weight, dy, x);
      else weightGradient(weight, x, dy);
    }
    if (bias?.traced) biasGradient(bias, dy);
  });
}

/** db = or += the sum of the rows of dy */
function biasGradient(bias: Tensor, dy: Tensor): void {
  const [rows = 0, out = 0] = dy.shape;
  const { grad, add } = gradTarget(bias);
  launch(dy.engine, "columnSums", out, grad.address, dy.address, rows, out, Number(add));
}
