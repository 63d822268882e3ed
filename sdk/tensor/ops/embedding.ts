/** Rows of tables by index: embeddings, and chosen rows of a tensor. */

import { launch } from "../../engine/launch.js";
import { ArgumentError } from "../../options.js";
import { expectInts, expectOneEngine, expectShape, ShapeError } from "../check.js";
import { Matrix } from "../matrix.js";
import { gradOf, isTraced, record } from "../tape.js";
import { empty, intTensor, type Tensor } from "../tensor.js";

/** A table to look rows up in: a tensor, or a weight in any layout. */
export type Table = Tensor | Matrix;

/** Require every index to name a row: kernels do not check. */
function expectIndices(op: string, index: Int32Array, table: Table): void {
  const entries = table.shape[0]!;
  for (let i = 0; i < index.length; i++) {
    const id = index[i]!;
    if (id >= 0 && id < entries) continue;
    throw new ArgumentError(
      `${op}: index ${id} at place ${i} is not in [0, ${entries}). Do tokenizer and model belong together, or is the sequence too long?`,
    );
  }
}

/** One table, which of its rows are wanted, and a row that does not learn from it. */
export type Lookup = readonly [table: Table, index: Int32Array, still?: number];

/**
 * The sum of rows of several tables: BERT's token + position + segment embeddings.
 *
 * @param lookups tables (entries, width) of one width, each with an index of one length
 * @returns (index.length, width)
 * @throws {ArgumentError} naming an index that no row belongs to
 * @example
 * embeddingSum([[tensor(engine, [1, 2], [1, 2]), Int32Array.of(0)], [tensor(engine, [3, 4], [1, 2]), Int32Array.of(0)]]).toArray(); // [4, 6]
 */
export function embeddingSum(lookups: readonly Lookup[]): Tensor {
  const [table, index] = lookups[0]!;
  const width = table.shape[1]!;
  const rows = index.length;
  const { engine } = table;
  const y = empty(engine, [rows, width]);
  const places = lookups.map(([t, i], n) => {
    expectShape("embedding", `table ${n}`, t, ["entries", width], "All tables are of one width.");
    expectOneEngine("embedding", table, t);
    if (i.length !== rows) throw new ShapeError(`embedding: index ${n} has ${i.length} entries, the first has ${rows}`);
    expectIndices("embedding", i, t);
    if (t instanceof Matrix && isTraced(t)) t.expectTrainable();
    return intTensor(engine, i);
  });
  for (const [n, [t]] of lookups.entries()) {
    gather(y, t, places[n]!, n > 0);
  }
  return record(
    y,
    lookups.map(([t]) => t),
    (dy) => {
      for (const [n, [t, index, still]] of lookups.entries()) {
        if (!t.traced) continue;
        const learned =
          still === undefined
            ? places[n]!
            : intTensor(
                engine,
                index.map((i) => (i === still ? -1 : i)),
              );
        launch(engine, "gatherBackward", width, gradOf(t).address, dy.address, learned.address, rows, width);
      }
    },
  );
}

/** y = or += the rows of `table` that `index` names. */
function gather(y: Tensor, table: Table, index: Tensor, add: boolean): void {
  const { engine } = y;
  const [rows = 0, width = 0] = y.shape;
  const entries = table instanceof Matrix ? table.entries() : ({ layout: "rows", address: table.address } as const);
  const { layout, address } = entries;
  if ("panel" in entries) {
    const kernel = entries.layout === "q8" ? "gatherQ8" : "gatherF16";
    launch(engine, kernel, rows, y.address, address, entries.panel, index.address, width, Number(add));
  } else if (layout === "panels")
    launch(engine, "gatherPanels", rows, y.address, address, index.address, width, Number(add));
  else launch(engine, add ? "gatherAdd" : "gather", rows, y.address, address, index.address, width);
}

/**
 * Rows of an embedding table: (index.length, width).
 *
 * @param still an entry that does not learn from being looked up, as PyTorch's padding_idx
 * @example
 * embedding(tensor(engine, [1, 2, 3, 4], [2, 2]), Int32Array.of(1, 0)).toArray(); // [3, 4, 1, 2]
 */
export function embedding(table: Table, index: Int32Array, still?: number): Tensor {
  return embeddingSum([still === undefined ? [table, index] : [table, index, still]]);
}

/**
 * The rows of x that `index` names, in its order; a row may be named more than once.
 *
 * @param x (rows, width)
 * @returns (index.length, width)
 * @example
 * gatherRows(tensor(engine, [1, 2, 3, 4], [2, 2]), Int32Array.of(1, 1)).toArray(); // [3, 4, 3, 4]
 */
export function gatherRows(x: Tensor, index: Int32Array): Tensor {
  expectShape("gatherRows", "x", x, ["rows", "width"]);
  expectInts("gatherRows", "index", index);
  return embeddingSum([[x, index]]);
}
