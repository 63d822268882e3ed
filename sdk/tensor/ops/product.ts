/** Matrix products of packed operands, on which linear layers and `matmul` are built. */
import { TRANSPOSED_ROWS } from "../../engine/abi.js";
import { launch, launchWithScratch } from "../../engine/launch.js";
import { withScratch } from "../../engine/scratch.js";
import { formatCode } from "../compact-panels.js";
import { dotKind } from "../dot-kind.js";
import type { Panels } from "../matrix.js";
import { type Packed, pack, panelBytes, panelCount } from "../panels.js";
import { gradTarget } from "../tape.js";
import type { Differentiable, Tensor } from "../tensor.js";
import { ACTIVATIONS, type Activation } from "./activation.js";

/** The epilogue of a product. */
export interface Finish {
  /** address of the bias; 0 for none */
  readonly bias: number;
  readonly activation: Activation;
  /** whether y is added to, not written */
  readonly add: boolean;
}

/** y (rows, columns) = or += x (rows, inner) times the matrix (inner, columns) in `panels`. */
export function multiply(y: Tensor, x: Tensor, panels: Panels, finish: Finish): void {
  x.engine.countProduct?.(x.size * (y.shape[1] ?? 0));
  if (panels.dtype === "q8") multiplyQ8(y, x, panels, finish);
  else if (panels.dtype === "f32") multiplyF32(y, x, panels.address, finish);
  else multiplyExpanded(y, x, { ...panels, code: formatCode(panels.dtype) }, finish);
}

function multiplyF32(y: Tensor, x: Tensor, address: number, { bias, activation, add }: Finish): void {
  const { engine } = x;
  const [rows = 0, inner = 0] = x.shape;
  const columns = y.shape[1] ?? 0;
  // biome-ignore format: in the order of the kernel's own list
  launchWithScratch(
    engine, "gemm", engine.kernels.gemmUnits(rows, columns), engine.kernels.gemmScratchBytes(),
    y.address, columns, x.address, inner, address, rows, columns, inner, bias, ACTIVATIONS[activation], Number(add),
  );
}

/** Panels of a weight in fewer bits than f32. */
interface Compact {
  readonly address: number;
  readonly panel: number;
}

/** x is quantized by row and block, then multiplied in whole numbers. */
function multiplyQ8(y: Tensor, x: Tensor, { address, panel }: Compact, { bias, activation, add }: Finish): void {
  const { engine } = x;
  const { kernels } = engine;
  const [rows = 0, inner = 0] = x.shape;
  const columns = y.shape[1] ?? 0;
  const kind = dotKind(engine);
  withScratch(engine, kernels.quantizedBytes(rows, inner, kind), (quantized) => {
    launch(engine, "quantizeRows", rows, quantized, x.address, rows, inner, kind);
    // biome-ignore format: in the order of the kernel's own list
    launchWithScratch(
      engine, "gemmQ8", kernels.gemmUnits(rows, columns), kernels.gemmQ8ScratchBytes(),
      y.address, quantized, address, panel, rows, columns, inner, kind, bias, ACTIVATIONS[activation], Number(add),
    );
  });
}

/** The weight is expanded to f32 a block at a time. */
function multiplyExpanded(
  y: Tensor,
  x: Tensor,
  { address, panel, code }: Compact & { readonly code: number },
  { bias, activation, add }: Finish,
): void {
  const { engine } = x;
  const [rows = 0, inner = 0] = x.shape;
  const columns = y.shape[1] ?? 0;
  // biome-ignore format: in the order of the kernel's own list
  launchWithScratch(
    engine, "gemmExpanded", panelCount(columns), engine.kernels.gemmExpandedScratchBytes(),
    y.address, x.address, address, panel, rows, columns, inner, code, bias, ACTIVATIONS[activation], Number(add),
  );
}

/** The gradient of x in y = x B: dx = or += dy Bᵀ, with Bᵀ in `panels`. */
export function inputGradient(x: Differentiable, dy: Tensor, panels: Panels): void {
  const { grad, add } = gradTarget(x);
  multiply(grad, dy, panels, { bias: 0, activation: "none", add });
}

/** The gradient of a weight: dW = or += aᵀ b, (a's columns, b's columns), a sum over rows. */
export function weightGradient(weight: Differentiable, a: Tensor, b: Tensor): void {
  const { engine } = a;
  const [rows = 0, height = 0] = a.shape;
  const width = b.shape[1] ?? 0;
  withPanels(b, { inner: rows, columns: width, transposed: false }, (panels) => {
    const { grad, add } = gradTarget(weight);
    // biome-ignore format: in the order of the kernel's own list
    launchWithScratch(
      engine, "gemmTransposed", Math.ceil(height / TRANSPOSED_ROWS), engine.kernels.gemmScratchBytes(),
      grad.address, width, a.address, height, panels.address, height, width, rows, Number(add),
    );
  });
}

/** Run `f` with the panels of a matrix whose values by row are those of `t`, packed for this call. */
export function withPanels<T>(t: Tensor, of: Packed, f: (panels: Panels) => T): T {
  return withScratch(t.engine, panelBytes(of), (address) => {
    pack(t.engine, address, t.address, of);
    return f({ dtype: "f32", address });
  });
}
