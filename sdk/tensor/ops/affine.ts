/** Linear maps: the matrix product, its bias and its gradients. */
import { launch, launchWithScratch } from "../../engine/launch.js";
import { expectOneEngine, expectShape } from "../check.js";
import { panelCount, withPanels, withWeightPanels } from "../panels.js";
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
  return linearMap(x, weight, bias, activation, OUT_BY_INNER);
}

/**
 * y = activation(x W + b), with the weight as GPT-2's files have it.
 *
 * @param x (rows, inner)
 * @param weight (inner, out)
 * @param bias (out), or null for none
 * @returns (rows, out)
 * @throws {ShapeError} when the shapes do not belong together
 */
export function affineTransposed(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  activation: Activation = "none",
): Tensor {
  return linearMap(x, weight, bias, activation, INNER_BY_OUT);
}

/** How a weight lies in memory: which of its axes is which, and which panels each product needs. */
interface Layout {
  readonly inner: 0 | 1;
  readonly forward: "columns" | "rows";
  readonly backward: "columns" | "rows";
}

const OUT_BY_INNER: Layout = { inner: 1, forward: "columns", backward: "rows" };
const INNER_BY_OUT: Layout = { inner: 0, forward: "rows", backward: "columns" };

function linearMap(x: Tensor, weight: Tensor, bias: Tensor | null, activation: Activation, layout: Layout): Tensor {
  if (activation !== "none" && isTraced(x, weight, bias))
    return activateLast(linearMap(x, weight, bias, "none", layout), activation);
  expectShape("affine", "x", x, ["rows", "inner"]);
  const [rows = 0, inner = 0] = x.shape;
  if (layout.inner === 1) expectShape("affine", "weight", weight, ["out", inner], "It is (out, inner), as wide as x.");
  else expectShape("affine", "weight", weight, [inner, "out"], "It is (inner, out), as high as x is wide.");
  const out = weight.shape[1 - layout.inner] ?? 0;
  if (bias) expectShape("affine", "bias", bias, [out], "It has an element for each output.");
  expectOneEngine("affine", x, weight, bias);

  const { engine } = x;
  const y = empty(engine, [rows, out]);
  withWeightPanels(weight, layout.forward, (panels) => {
    multiply(y, x, panels, { bias: bias?.address ?? 0, activation, add: false });
  });
  return record(y, [x, weight, bias], (dy) => {
    if (x.traced) inputGradient(x, weight, dy, layout);
    if (weight.traced) {
      if (layout.inner === 1) weightGradient(weight, dy, x);
      else weightGradient(weight, x, dy);
    }
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
  const [rows = 0, inner = 0] = x.shape;
  const columns = y.shape[1] ?? 0;
  // biome-ignore format: in the order of the kernel's own list
  launchWithScratch(
    engine, "gemm", panelCount(columns), engine.kernels.gemmScratchBytes(),
    y.address, columns, x.address, inner, panels, rows, columns, inner, bias, ACTIVATIONS[activation], Number(add),
  );
}

/** dx = or += dy W, or dy Wᵀ where W is (inner, out) */
function inputGradient(x: Tensor, weight: Tensor, dy: Tensor, { backward }: Layout): void {
  withWeightPanels(weight, backward, (panels) => {
    const { grad, add } = gradTarget(x);
    multiply(grad, dy, panels, { bias: 0, activation: "none", add });
  });
}

/** dW = or += aᵀ b: (a's columns, b's columns), a sum over rows. */
function weightGradient(weight: Tensor, a: Tensor, b: Tensor): void {
  const { engine } = a;
  const [rows = 0, height = 0] = a.shape;
  const width = b.shape[1] ?? 0;
  withPanels(b, "rows", (panels) => {
    const { grad, add } = gradTarget(weight);
    // biome-ignore format: in the order of the kernel's own list
    launchWithScratch(
      engine, "gemmTransposed", panelCount(width), engine.kernels.gemmScratchBytes(),
      grad.address, width, a.address, height, panels, height, width, rows, Number(add),
    );
  });
}

/** db = or += the sum of the rows of dy */
function biasGradient(bias: Tensor, dy: Tensor): void {
  const [rows = 0, out = 0] = dy.shape;
  const { grad, add } = gradTarget(bias);
  launch(dy.engine, "columnSums", out, grad.address, dy.address, rows, out, Number(add));
}
