/** The product of two tensors that are computed: similarities, scores. For weights see affine.ts. */
import { expectOneEngine, expectShape } from "../check.js";
import { record } from "../tape.js";
import { empty, type Tensor } from "../tensor.js";
import { inputGradient, multiply, weightGradient, withPanels } from "./product.js";

/** Options of {@link matmul}. */
export interface MatmulOptions {
  /** multiply by bᵀ instead of b */
  readonly transposeB?: boolean;
}

/**
 * a b, or a bᵀ.
 *
 * @param a (rows, inner)
 * @param b (inner, columns); (columns, inner) with `transposeB`
 * @returns (rows, columns)
 * @throws {ShapeError} when the shapes do not belong together
 *
 * @example
 * matmul(tensor(engine, [1, 2], [1, 2]), tensor(engine, [3, 4, 5, 6], [2, 2])).data; // [13, 16]
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  const { transposeB = false } = options ?? {};
  expectShape("matmul", "a", a, ["rows", "inner"]);
  const [rows = 0, inner = 0] = a.shape;
  if (transposeB) expectShape("matmul", "b", b, ["columns", inner], "It is as wide as a.");
  else expectShape("matmul", "b", b, [inner, "columns"], "It has a row for each column of a.");
  expectOneEngine("matmul", a, b);
  const columns = b.shape[transposeB ? 0 : 1] ?? 0;
  const y = empty(a.engine, [rows, columns]);
  withPanels(b, { inner, columns, transposed: transposeB }, (panels) => {
    multiply(y, a, panels, { bias: 0, activation: "none", add: false });
  });
  return record(y, [a, b], (dy) => {
    if (a.traced) {
      const transposed = { inner: columns, columns: inner, transposed: !transposeB };
      withPanels(b, transposed, (panels) => inputGradient(a, dy, panels));
    }
    if (!b.traced) return;
    if (transposeB) weightGradient(b, dy, a);
    else weightGradient(b, a, dy);
  });
}
