/** Reductions of each sequence's tokens to one vector, and norms of rows. */
import { launch } from "../../engine/launch.js";
import { expectInts, expectShape, ShapeError } from "../check.js";
import { gradOf, gradTarget, handOn, record } from "../tape.js";
import { empty, intTensor, type Tensor } from "../tensor.js";

function expectStarts(op: string, x: Tensor, starts: Int32Array): number {
  expectShape(op, "x", x, ["tokens", "width"]);
  expectInts(op, "starts", starts);
  const tokens = x.shape[0]!;
  const rows = starts.length - 1;
  if (rows < 1 || starts[0] !== 0 || starts[rows] !== tokens)
    throw new ShapeError(`${op}: starts must run from 0 to the ${tokens} tokens of x, got ${starts.join(", ")}`);
  for (let row = 0; row < rows; row++)
    if (starts[row + 1]! <= starts[row]!) throw new ShapeError(`${op}: sequence ${row} has no tokens`);
  return rows;
}

/**
 * The mean of each sequence's tokens.
 *
 * @param x (tokens, width)
 * @param starts (rows + 1) where each sequence begins
 * @returns (rows, width)
 * @throws {ShapeError} if a sequence has no tokens
 * @example
 * segmentMean(tensor(engine, [1, 3, 8], [3, 1]), Int32Array.of(0, 2, 3)).toArray(); // [2, 8]
 */
export function segmentMean(x: Tensor, starts: Int32Array): Tensor {
  const rows = expectStarts("segmentMean", x, starts);
  const width = x.shape[1]!;
  const { engine } = x;
  const y = empty(engine, [rows, width]);
  const bounds = intTensor(engine, starts);
  launch(engine, "segmentMean", rows, y.address, x.address, bounds.address, width);
  return record(y, [x], (dy) => {
    const { grad, add } = gradTarget(x);
    launch(engine, "segmentMeanBackward", rows, grad.address, dy.address, bounds.address, width, Number(add));
  });
}

/**
 * The largest value of each column over each sequence's tokens: (rows, width).
 *
 * @throws {ShapeError} if a sequence has no tokens
 * @example
 * segmentMax(tensor(engine, [1, 3, 8], [3, 1]), Int32Array.of(0, 2, 3)).toArray(); // [3, 8]
 */
export function segmentMax(x: Tensor, starts: Int32Array): Tensor {
  const rows = expectStarts("segmentMax", x, starts);
  const width = x.shape[1]!;
  const { engine } = x;
  const y = empty(engine, [rows, width]);
  const place = empty(engine, [rows, width], "i32");
  const bounds = intTensor(engine, starts);
  launch(engine, "segmentMax", rows, y.address, place.address, x.address, bounds.address, width);
  return record(y, [x], (dy) =>
    launch(engine, "segmentMaxBackward", rows, gradOf(x).address, dy.address, place.address, width),
  );
}

/**
 * Each row divided by its Euclidean length, so that the dot product of two rows is their cosine.
 *
 * @param x (rows, width)
 * @example
 * normalizeRows(tensor(engine, [3, 4], [1, 2])).toArray(); // [0.6, 0.8]
 */
export function normalizeRows(x: Tensor): Tensor {
  expectShape("normalizeRows", "x", x, ["rows", "width"]);
  const [rows = 0, width = 0] = x.shape;
  const { engine } = x;
  const y = empty(engine, x.shape);
  const length = empty(engine, [rows]);
  launch(engine, "normalizeRows", rows, y.address, length.address, x.address, width);
  return record(y, [x], (dy) => {
    const { grad, add } = handOn(y, x) ? { grad: dy, add: false } : gradTarget(x);
    // biome-ignore format: in the order of the kernel's own list
    launch(
      engine, "normalizeRowsBackward", rows,
      grad.address, dy.address, y.address, length.address, width, Number(add),
    );
  });
}

/** Σ x², in double precision. Not finite if an element is not: one check finds a broken gradient. */
export function sumOfSquares(x: Tensor): number {
  return x.engine.kernels.sumOfSquares(x.address, 0, x.size);
}
