/** Linear maps: the matrix product, its bias and its gradients. */
import { expectOneEngine, expectShape } from "../check.js";
import { panelCount, withPanels, withWeightPanels } from "../panels.js";
import { withScratch } from "../scratch.js";
import { gradTarget, isTraced, record } from "../tape.js";
import { empty, type Tensor } from "../tensor.js";
import { ACTIVATIONS, type Activation, activateLast } from "./activation.js";

/**
 * y = activation(x Wᵀ + b).
 *
 * @param x (rows, inner)
 * @param weight (out, inner), as PyTorch stores it
 * @param bias (out), or null for none
 * @param activation applied on the way out; while a tape is open it is an op of its own, with the same bits
 * @returns (rows, out)
 * @throws {ShapeError} when the shapes do not belong together
 *
 * @example
 * const y = affine(tensor(engine, [1, 2], [1, 2]), tensor(engine, [3, 4, 5, 6], [2, 2]), null); // [[11, 17]]
 */
export function affine(x: Tensor, weight: Tensor, bias: Tensor | null, activation: Activation = "none"): Tensor {
  if (activation !== "none" && isTraced(x, weight, bias)) return activateLast(affine(x, weight, bias), activation);
  expectShape("affine", "x", x, ["rows", "inner"]);
  const [rows = 0, inner = 0] = x.shape;
  expectShape("affine", "weight", weight, ["out", inner], "It is (out, inner), as wide as x.");
  const out = weight.shape[0] ?? 0;
  if (bias) expectShape("affine", "bias", bias, [out], "It has an element for each row of the weight.");
  expectOneEngine("affine", x, weight, bias);

  const { engine } = x;
  const y = empty(engine, [rows, out]);
  withWeightPanels(weight, "columns", (panels) => {
    multiply(y, x, panels, { bias: bias?.address ?? 0, activation, add: false });
  });
  return record(y, [x, weight, bias], (dy) => {
    if (x.traced) inputGradient(x, weight, dy);
    if (weight.traced) weightGradient(weight, x, dy);
    if (bias?.traced) biasGradient(bias, dy);
  });
}

/** What happens to a product on its way out. */
interface Finish {
  /** address of the bias; 0 for none */
  readonly bias: number;
  readonly activation: Activation;
  /** whether y is added to, not written */
  readonly add: boolean;
}

/** y (rows, columns) = or += x (rows, inner) times the matrix (inner, columns) in `panels`. */
function multiply(y: Tensor, x: Tensor, panels: number, { bias, activation, add }: Finish): void {
  const { engine } = x;
  const { kernels } = engine;
  const [rows = 0, inner = 0] = x.shape;
  const columns = y.shape[1] ?? 0;
  withScratch(engine, kernels.gemmScratchBytes(), (scratch) => {
    // biome-ignore format: in the order of the kernel's own list
    kernels.gemm(
      y.address, columns, x.address, inner, panels, rows, columns, inner,
      bias, ACTIVATIONS[activation], Number(add), scratch, 0, panelCount(columns),
    );
  });
}

/** dx = or += dy W */
function inputGradient(x: Tensor, weight: Tensor, dy: Tensor): void {
  withWeightPanels(weight, "rows", (panels) => {
    const { grad, add } = gradTarget(x);
    multiply(grad, dy, panels, { bias: 0, activation: "none", add });
  });
}

/** dW = or += dyᵀ x */
function weightGradient(weight: Tensor, x: Tensor, dy: Tensor): void {
  const { engine } = x;
  const { kernels } = engine;
  const [rows = 0, inner = 0] = x.shape;
  const out = weight.shape[0] ?? 0;
  withPanels(x, "rows", (panels) => {
    withScratch(engine, kernels.gemmScratchBytes(), (scratch) => {
      const { grad, add } = gradTarget(weight);
      // biome-ignore format: in the order of the kernel's own list
      kernels.gemmTransposed(
        grad.address, inner, dy.address, out, panels, out, inner, rows,
        Number(add), scratch, 0, panelCount(inner),
      );
    });
  });
}

/** db = or += the sum of the rows of dy */
function biasGradient(bias: Tensor, dy: Tensor): void {
  const [rows = 0, out = 0] = dy.shape;
  const { grad, add } = gradTarget(bias);
  dy.engine.kernels.columnSums(grad.address, dy.address, rows, out, Number(add), 0, out);
}
