/**
 * Panels: the order in which the matrix product reads its right-hand matrix (assembly/product/pack.ts), and the way there and back.
 *
 * The panels of a matrix B (inner, columns) are [ceil(columns / 16)][inner][16]: a permutation of its elements, and zeros
 * up to whole panels.
 */
import { PANEL } from "../engine/abi.js";
import type { Engine } from "../engine/engine.js";
import { launch } from "../engine/launch.js";
import { BYTES } from "./tensor.js";

/** B as a kernel is told of it. */
export interface Packed {
  /** rows of B: the dimension that a product sums over */
  readonly inner: number;
  readonly columns: number;
  /** whether the values by row are those of Bᵀ, (columns, inner) */
  readonly transposed: boolean;
}

export const panelCount = (columns: number): number => Math.ceil(columns / PANEL);

/** Bytes of the panels of B. */
export const panelBytes = ({ inner, columns }: Packed): number => panelCount(columns) * PANEL * inner * BYTES.f32;

/** Write the panels of B, whose values by row begin at `rows`. */
export function pack(engine: Engine, panels: number, rows: number, { inner, columns, transposed }: Packed): void {
  const count = panelCount(columns);
  if (transposed) launch(engine, "packColumns", count, panels, rows, inner, inner, columns);
  else launch(engine, "packRows", count, panels, inner, rows, columns, inner, columns);
}

/**
 * Write the part of B's panels that belongs to some of its values by row.
 *
 * @param rows where those values are
 * @param first their first row; a multiple of 16
 * @param count of rows; a multiple of 16, or those up to the last
 */
export function packPart(engine: Engine, panels: number, rows: number, of: Packed, first: number, count: number): void {
  const { inner, columns, transposed } = of;
  if (transposed) {
    // Rows are columns of B: whole panels.
    const part = { inner, columns: count, transposed };
    pack(engine, panels + first * inner * BYTES.f32, rows, part);
  } else {
    const from = panels + first * PANEL * BYTES.f32;
    launch(engine, "packRows", panelCount(columns), from, inner, rows, columns, count, columns);
  }
}

/** Write the values by row that the panels were made of. */
export function unpack(engine: Engine, rows: number, panels: number, { inner, columns, transposed }: Packed): void {
  const count = panelCount(columns);
  if (transposed) launch(engine, "unpackColumns", count, rows, inner, panels, inner, columns);
  else launch(engine, "unpackRows", count, rows, columns, panels, inner, columns);
}
