/** Concatenation of rows. */
import type { Engine } from "../../engine/engine.js";
import { empty, type Tensor } from "../tensor.js";

/** Rows [begin, end) of a tensor (rows, width). */
export interface RowRange {
  readonly from: Tensor;
  readonly begin: number;
  readonly end: number;
}

/**
 * The rows of all ranges, one after the other. A copy without a gradient: what a decoder keeps between two calls.
 *
 * @returns (sum of the lengths, width)
 */
export function concatenateRows(engine: Engine, ranges: readonly RowRange[]): Tensor {
  const rows = ranges.reduce((sum, { begin, end }) => sum + end - begin, 0);
  const width = ranges[0]?.from.shape[1] ?? 0;
  const joined = empty(engine, [rows, width]);
  const bytes = new Uint8Array(engine.memory.buffer);
  const rowBytes = width * 4;
  let to = joined.address;
  for (const { from, begin, end } of ranges) {
    bytes.copyWithin(to, from.address + begin * rowBytes, from.address + end * rowBytes);
    to += (end - begin) * rowBytes;
  }
  return joined;
}
