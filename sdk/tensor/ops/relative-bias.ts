/** Attention bias by the distance between key and query, as learned by T5 and MPNet. */

import { launchWithScratch } from "../../engine/launch.js";
import { ArgumentError } from "../../options.js";
import { expectShape } from "../check.js";
import { gradOf, record } from "../tape.js";
import { empty, intTensor, type Tensor } from "../tensor.js";

export interface RelativeBiasOptions {
  /** (sequences + 1) Query tokens [starts[i], starts[i + 1]) are sequence i. */
  readonly starts: Int32Array;
  /** The same for keys; by default those of the queries. A sequence's last query is aligned with its last key. */
  readonly keyStarts?: Int32Array;
  /** The row of the table for the distance key - query. */
  readonly bucket: (distance: number) => number;
}

/**
 * b[i][j] = table[bucket(j - i)][head], as {@link attention} takes it.
 *
 * @param table (buckets, heads)
 * @returns (elements): (queries, keys) for each head of each sequence, one after the other
 *
 * @example
 * const bias = relativeBias(table, { starts: Int32Array.of(0, 3, 5), bucket: (distance) => Math.min(Math.abs(distance), 31) });
 * attention(q, k, v, { heads: 2, starts: Int32Array.of(0, 3, 5), bias });
 */
export function relativeBias(table: Tensor, options: RelativeBiasOptions): Tensor {
  expectShape("relativeBias", "table", table, ["buckets", "heads"]);
  const { engine } = table;
  const [entries = 0, heads = 0] = table.shape;
  const { starts, keyStarts = starts, bucket } = options;
  const rows = starts.length - 1;
  const offsets = new Int32Array(rows + 1);
  let longest = 0;
  for (let row = 0; row < rows; row++) {
    const queries = starts[row + 1]! - starts[row]!;
    const keys = keyStarts[row + 1]! - keyStarts[row]!;
    if (keys < queries)
      throw new ArgumentError(
        `relativeBias: sequence ${row} has ${queries} queries and ${keys} keys; every query needs a place`,
      );
    offsets[row + 1] = offsets[row]! + heads * queries * keys;
    longest = Math.max(longest, keys);
  }
  // Distances from 1 - longest to longest - 1.
  const zero = Math.max(0, longest - 1);
  const distances = 2 * zero + 1;
  const buckets = Int32Array.from({ length: distances }, (_, i) => bucket(i - zero));
  const stranger = buckets.find((b) => !(b >= 0 && b < entries));
  if (stranger !== undefined)
    throw new ArgumentError(`relativeBias: bucket ${stranger} is not one of the table's ${entries}`);
  const bias = empty(engine, [offsets[rows]!]);
  const tables = [buckets, starts, keyStarts, offsets].map((values) => intTensor(engine, values));
  const run = (kernel: "relativeBias" | "relativeBiasBackward", to: Tensor, from: Tensor): void => {
    const [b, s, k, o] = tables.map((t) => t.address) as [number, number, number, number];
    // biome-ignore format: in the order of the kernel's own list
    launchWithScratch(
      engine, kernel, heads, distances * 4,
      to.address, from.address, b, zero, distances, s, k, o, rows, heads,
    );
  };
  run("relativeBias", bias, table);
  return record(bias, [table], (dbias) => run("relativeBiasBackward", gradOf(table), dbias));
}
