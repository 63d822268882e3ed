/** Sums and products by element, and columns of a matrix. */

import { launch } from "../../engine/launch.js";
import { aNumber, checkArgument, given } from "../../options.js";
import { expectOneEngine, expectShape, ShapeError } from "../check.js";
import { gradOf, gradTarget, handOn, record } from "../tape.js";
import { empty, type Tensor, zeros } from "../tensor.js";

function expectSameShape(op: string, a: Tensor, b: Tensor): void {
  expectShape(op, "b", b, a.shape, "It has the shape of a; nothing is broadcast.");
  expectOneEngine(op, a, b);
}

/** dx = or += factor * dz; where x is the first to ask, it is handed the gradient of z itself. */
function pass(z: Tensor, dz: Tensor, x: Tensor, factor: number): void {
  if (!x.traced) return;
  if (handOn(z, x)) {
    if (factor !== 1) launch(x.engine, "scale", x.size, dz.address, dz.address, factor);
    return;
  }
  const { grad, add } = gradTarget(x);
  if (add) launch(x.engine, "addScaled", x.size, grad.address, dz.address, factor);
  else launch(x.engine, "scale", x.size, grad.address, dz.address, factor);
}

/**
 * a + b, by element; both of one shape.
 *
 * @throws {ShapeError} if the shapes differ
 * @example
 * add(tensor(engine, [1, 2]), tensor(engine, [3, 4])).toArray(); // [4, 6]
 */
export function add(a: Tensor, b: Tensor): Tensor {
  expectSameShape("add", a, b);
  const z = empty(a.engine, a.shape);
  launch(a.engine, "add", a.size, z.address, a.address, b.address);
  return record(z, [a, b], (dz) => {
    pass(z, dz, a, 1);
    pass(z, dz, b, 1);
  });
}

/**
 * a - b, by element; both of one shape.
 *
 * @throws {ShapeError} if the shapes differ
 * @example
 * subtract(tensor(engine, [3, 4]), tensor(engine, [1, 2])).toArray(); // [2, 2]
 */
export function subtract(a: Tensor, b: Tensor): Tensor {
  expectSameShape("subtract", a, b);
  const z = empty(a.engine, a.shape);
  launch(a.engine, "subtract", a.size, z.address, a.address, b.address);
  return record(z, [a, b], (dz) => {
    pass(z, dz, a, 1);
    pass(z, dz, b, -1);
  });
}

/**
 * a * b, by element; both of one shape.
 *
 * @throws {ShapeError} if the shapes differ
 * @example
 * multiply(tensor(engine, [1, 2]), tensor(engine, [3, 4])).toArray(); // [3, 8]
 */
export function multiply(a: Tensor, b: Tensor): Tensor {
  expectSameShape("multiply", a, b);
  const z = empty(a.engine, a.shape);
  launch(a.engine, "multiply", a.size, z.address, a.address, b.address);
  return record(z, [a, b], (dz) => {
    if (a.traced) launch(a.engine, "multiplyAdd", a.size, gradOf(a).address, dz.address, b.address);
    if (b.traced) launch(a.engine, "multiplyAdd", a.size, gradOf(b).address, dz.address, a.address);
  });
}

/**
 * factor * a, by element.
 *
 * @example
 * scale(tensor(engine, [1, 2]), 0.5).toArray(); // [0.5, 1]
 */
export function scale(a: Tensor, factor: number): Tensor {
  checkArgument("scale", "factor", factor, aNumber);
  const z = empty(a.engine, a.shape);
  launch(a.engine, "scale", a.size, z.address, a.address, factor);
  return record(z, [a], (dz) => pass(z, dz, a, factor));
}

/**
 * Columns [first, end) of x (rows, width), as a tensor of their own: (rows, end - first).
 *
 * @throws {ShapeError} if the range is empty or beyond the width
 * @example
 * columns(tensor(engine, [1, 2, 3, 4, 5, 6], [2, 3]), 1, 3).toArray(); // [2, 3, 5, 6]
 */
export function columns(x: Tensor, first: number, end: number): Tensor {
  expectShape("columns", "x", x, ["rows", "width"]);
  const [rows = 0, stride = 0] = x.shape;
  if (!(Number.isInteger(first) && Number.isInteger(end) && 0 <= first && first < end && end <= stride))
    throw new ShapeError(`columns: [${given(first)}, ${given(end)}) is not within the ${stride} columns of x`);
  const width = end - first;
  const y = empty(x.engine, [rows, width]);
  launch(x.engine, "takeColumns", rows, y.address, x.address, stride, first, width);
  return record(y, [x], (dy) =>
    launch(x.engine, "takeColumnsBackward", rows, gradOf(x).address, dy.address, stride, first, width),
  );
}

/** Matrices (rows, width) of equally many rows side by side: (rows, sum of the widths). */
export function joinColumns(parts: readonly Tensor[]): Tensor {
  const [first] = parts;
  if (!first) throw new ShapeError("joinColumns: nothing to join");
  const [rows = 0] = first.shape;
  for (const part of parts) expectShape("joinColumns", "part", part, [rows, "width"]);
  expectOneEngine("joinColumns", first, ...parts);
  const firsts: number[] = [];
  let stride = 0;
  for (const { shape } of parts) {
    firsts.push(stride);
    stride += shape[1]!;
  }
  const z = zeros(first.engine, [rows, stride]);
  // The backward pass of takeColumns adds a narrow matrix to columns of a wide one, here to zeros.
  for (const [i, x] of parts.entries())
    launch(x.engine, "takeColumnsBackward", rows, z.address, x.address, stride, firsts[i]!, x.shape[1]!);
  return record(z, parts, (dz) => {
    for (const [i, x] of parts.entries()) {
      if (!x.traced) continue;
      const own = empty(x.engine, x.shape);
      launch(x.engine, "takeColumns", rows, own.address, dz.address, stride, firsts[i]!, x.shape[1]!);
      launch(x.engine, "addScaled", x.size, gradOf(x).address, own.address, 1);
    }
  });
}
