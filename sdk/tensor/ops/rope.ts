/** Rotary position embeddings. */

import { launch } from "../../engine/launch.js";
import { ArgumentError } from "../../options.js";
import { expectShape } from "../check.js";
import { gradTarget, handOn, record } from "../tape.js";
import { empty, intTensor, type Tensor } from "../tensor.js";

/**
 * Rotate each pair of a head's dimensions by the angle of the token's position.
 *
 * @param x (tokens, heads * dim)
 * @param table (positions, dim) dim / 2 cosines, then dim / 2 sines, of each position
 * @param positions (tokens) a row of the table for each token
 * @returns (tokens, heads * dim)
 */
export function rotate(x: Tensor, table: Tensor, positions: Int32Array): Tensor {
  expectShape("rotate", "x", x, [positions.length, "width"], "It has a row for each position given.");
  expectShape("rotate", "table", table, ["positions", "dim"]);
  const { engine } = x;
  const [tokens = 0, width = 0] = x.shape;
  const [rows = 0, dim = 0] = table.shape;
  if (dim % 2 !== 0 || width % dim !== 0)
    throw new ArgumentError(`rotate: heads of ${dim} must be even and divide the width ${width}`);
  const stranger = positions.find((position) => !(position >= 0 && position < rows));
  if (stranger !== undefined) throw new ArgumentError(`rotate: position ${stranger} is not one of the table's ${rows}`);
  const place = intTensor(engine, positions);
  const heads = width / dim;
  const rotateInto = (to: number, from: number, sign: number) =>
    launch(engine, "rotate", tokens, to, from, table.address, place.address, heads, dim, sign);
  const y = empty(engine, x.shape);
  rotateInto(y.address, x.address, 1);
  return record(y, [x], (dy) => {
    // The inverse rotation is in place; a gradient that x already has is added to.
    rotateInto(dy.address, dy.address, -1);
    if (handOn(y, x)) return;
    const { grad, add } = gradTarget(x);
    if (add) launch(engine, "addScaled", x.size, grad.address, dy.address, 1);
    else launch(engine, "scale", x.size, grad.address, dy.address, 1);
  });
}
