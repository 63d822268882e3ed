/** Sums and products by element, and columns of a matrix. */
import { expectOneEngine, expectShape, ShapeError } from "../check.js";
import { gradOf, gradTarget, handOn, record } from "../tape.js";
import { empty, type Tensor } from "../tensor.js";

function expectSameShape(op: string, a: Tensor, b: Tensor): void {
  expectShape(op, "b", b, a.shape, "It has the shape of a; nothing is broadcast.");
  expectOneEngine(op, a, b);
}

/** dx = or += factor * dz; where x is the first to ask, it is handed the gradient of z itself. */
function pass(z: Tensor, dz: Tensor, x: Tensor, factor: number): void {
  if (!x.traced) return;
  const { kernels } = x.engine;
  if (handOn(z, x)) {
    if (factor !== 1) kernels.scale(dz.address, dz.address, factor, 0, x.size);
    return;
  }
  const { grad, add } = gradTarget(x);
  if (add) kernels.addScaled(grad.address, dz.address, factor, 0, x.size);
  else kernels.scale(grad.address, dz.address, factor, 0, x.size);
}

/** a + b, by element; both of one shape. */
export function add(a: Tensor, b: Tensor): Tensor {
  expectSameShape("add", a, b);
  const z = empty(a.engine, a.shape);
  a.engine.kernels.add(z.address, a.address, b.address, 0, a.size);
  return record(z, [a, b], (dz) => {
    pass(z, dz, a, 1);
    pass(z, dz, b, 1);
  });
}

/** a - b, by element; both of one shape. */
export function subtract(a: Tensor, b: Tensor): Tensor {
  expectSameShape("subtract", a, b);
  const z = empty(a.engine, a.shape);
  a.engine.kernels.subtract(z.address, a.address, b.address, 0, a.size);
  return record(z, [a, b], (dz) => {
    pass(z, dz, a, 1);
    pass(z, dz, b, -1);
  });
}

/** a * b, by element; both of one shape. */
export function multiply(a: Tensor, b: Tensor): Tensor {
  expectSameShape("multiply", a, b);
  const { kernels } = a.engine;
  const z = empty(a.engine, a.shape);
  kernels.multiply(z.address, a.address, b.address, 0, a.size);
  return record(z, [a, b], (dz) => {
    if (a.traced) kernels.multiplyAdd(gradOf(a).address, dz.address, b.address, 0, a.size);
    if (b.traced) kernels.multiplyAdd(gradOf(b).address, dz.address, a.address, 0, a.size);
  });
}

/** factor * a */
export function scale(a: Tensor, factor: number): Tensor {
  const z = empty(a.engine, a.shape);
  a.engine.kernels.scale(z.address, a.address, factor, 0, a.size);
  return record(z, [a], (dz) => pass(z, dz, a, factor));
}

/** Columns [first, end) of x (rows, width), as a tensor of their own: (rows, end - first). */
export function columns(x: Tensor, first: number, end: number): Tensor {
  expectShape("columns", "x", x, ["rows", "width"]);
  const [rows = 0, stride = 0] = x.shape;
  if (!(0 <= first && first < end && end <= stride))
    throw new ShapeError(`columns: [${first}, ${end}) is not within the ${stride} columns of x`);
  const width = end - first;
  const { kernels } = x.engine;
  const y = empty(x.engine, [rows, width]);
  kernels.takeColumns(y.address, x.address, stride, first, width, 0, rows);
  return record(y, [x], (dy) =>
    kernels.takeColumnsBackward(gradOf(x).address, dy.address, stride, first, width, 0, rows),
  );
}
