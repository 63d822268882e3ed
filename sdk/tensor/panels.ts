/**
 * Weights in the layout of the matrix product (assembly/pack.ts), packed once for each version of a weight: once for
 * all of inference, once a step in training.
 */
import { PANEL } from "../engine/abi.js";
import { launch } from "../engine/launch.js";
import { withScratch } from "../engine/scratch.js";
import { Scope } from "./scope.js";
import { Storage, type Tensor } from "./tensor.js";

/** How many panels hold `columns` columns. */
export const panelCount = (columns: number): number => Math.ceil(columns / PANEL);

/** Bytes of the panels of an (inner, columns) matrix. */
export const panelBytes = (inner: number, columns: number): number => panelCount(columns) * PANEL * inner * 4;

/** `rows`: the right-hand matrix as it is stored; `columns`: its transpose. */
export type Form = "rows" | "columns";

/**
 * Run `f` with the address of the panels of a weight (or of its transpose).
 * The panels of what no scope owns are kept until its version changes; those of intermediate values go at once.
 */
export function withWeightPanels<T>(weight: Tensor, form: Form, f: (panels: number) => T): T {
  const { storage, engine, offset, shape } = weight;
  if (Scope.owns(storage)) return withPanels(weight, form, f);
  const key = `panels ${form} ${offset} ${shape}`;
  let entry = storage.derived.get(key);
  if (!entry) {
    entry = { version: -1, storage: new Storage(engine, bytesOf(weight, form) / 4) };
    storage.derived.set(key, entry);
  }
  if (entry.version !== storage.version) {
    pack(weight, form, entry.storage.address);
    entry.version = storage.version;
  }
  return f(entry.storage.address);
}

/** Run `f` with the address of the panels of a matrix (or of its transpose), packed for this call. */
export function withPanels<T>(matrix: Tensor, form: Form, f: (panels: number) => T): T {
  return withScratch(matrix.engine, bytesOf(matrix, form), (panels) => {
    pack(matrix, form, panels);
    return f(panels);
  });
}

function bytesOf(matrix: Tensor, form: Form): number {
  const [rows = 0, width = 0] = matrix.shape;
  return form === "rows" ? panelBytes(rows, width) : panelBytes(width, rows);
}

/** Write the panels of `matrix` (rows, width), or of its transpose, to `panels`. */
function pack(matrix: Tensor, form: Form, panels: number): void {
  const [rows = 0, width = 0] = matrix.shape;
  const { engine, address } = matrix;
  if (form === "rows") launch(engine, "packRows", panelCount(width), panels, address, width, rows, width);
  else launch(engine, "packColumns", panelCount(rows), panels, address, width, width, rows);
}
