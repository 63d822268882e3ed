/** Checks at an op's door: shapes, and that all tensors live on one engine. */
import { ArgumentError, checkArgument, given } from "../options.js";
import type { Differentiable } from "./tensor.js";

/** A shape contract was broken. The message names the op, the argument, both shapes, and the likely cause. */
export class ShapeError extends ArgumentError {
  override name = "ShapeError";
}

const show = (shape: readonly (number | string)[]): string => `[${shape.join(", ")}]`;

/** Require `t` to have `shape`; a string matches a dimension of any size. */
export function expectShape(
  op: string,
  argument: string,
  t: Pick<Differentiable, "shape">,
  shape: readonly (number | string)[],
  hint = "",
): void {
  if (!Array.isArray((t as Partial<typeof t> | null | undefined)?.shape))
    throw new ShapeError(`${op}: ${argument} must be a tensor of ${show(shape)}, got ${given(t)}`);
  const fits = t.shape.length === shape.length && shape.every((d, i) => typeof d === "string" || d === t.shape[i]);
  if (!fits)
    throw new ShapeError(`${op}: ${argument} must be ${show(shape)}, got ${show(t.shape)}${hint && `. ${hint}`}`);
}

/** Require an Int32Array: positions, ids or starts. */
export function expectInts(op: string, argument: string, value: unknown): void {
  checkArgument(op, argument, value, { expected: "an Int32Array", accepts: (given) => given instanceof Int32Array });
}

/** Anything in an engine's memory. */
type Placed = Pick<Differentiable, "engine">;

/** Require all tensors to be in one engine's memory. */
export function expectOneEngine(op: string, first: Placed, ...others: readonly (Placed | null)[]): void {
  for (const t of others) {
    if (t && t.engine !== first.engine)
      throw new ArgumentError(`${op}: its tensors belong to different engines; build model and inputs on the same one`);
  }
}
