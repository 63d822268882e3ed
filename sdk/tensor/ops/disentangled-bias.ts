/** DeBERTa's attention bias: content-to-position and position-to-content scores. */

import { launch } from "../../engine/launch.js";
import { ArgumentError } from "../../options.js";
import { expectShape } from "../check.js";
import { gradOf, record } from "../tape.js";
import { intTensor, type Tensor, zeros } from "../tensor.js";

/** Scores of one head: of each token against each entry of a table of distances. */
export interface DistanceScores {
  /** (tokens, entries) */
  readonly scores: Tensor;
  readonly head: number;
  /** whether the tokens are the keys; otherwise they are the queries */
  readonly byKey: boolean;
}

export interface DisentangledBiasOptions {
  /** (sequences + 1) queries and keys of sequence i are the tokens [starts[i], starts[i + 1]) */
  readonly starts: Int32Array;
  readonly heads: number;
  /** factor applied to all scores */
  readonly factor: number;
  /** the entry for the distance query - key */
  readonly entry: (distance: number) => number;
}

/**
 * The sum of all parts, each at the entry that the distance of query and key belongs to.
 *
 * @returns (elements): (queries, keys) for each head of each sequence, one after the other, as attention takes it
 */
export function disentangledBias(parts: readonly DistanceScores[], options: DisentangledBiasOptions): Tensor {
  const [first] = parts;
  if (!first) throw new ArgumentError("disentangledBias: there are no scores to add up");
  const { engine } = first.scores;
  const { starts, heads, factor, entry } = options;
  const tokens = starts.at(-1)!;
  const columns = first.scores.shape[1] ?? 0;
  for (const { scores } of parts) expectShape("disentangledBias", "scores", scores, [tokens, columns]);
  const rows = starts.length - 1;
  const offsets = new Int32Array(rows + 1);
  let longest = 1;
  for (let row = 0; row < rows; row++) {
    const length = starts[row + 1]! - starts[row]!;
    offsets[row + 1] = offsets[row]! + heads * length * length;
    longest = Math.max(longest, length);
  }
  const zero = longest - 1;
  const entries = Int32Array.from({ length: 2 * zero + 1 }, (_, i) => entry(i - zero));
  const stranger = entries.find((column) => !(column >= 0 && column < columns));
  if (stranger !== undefined)
    throw new ArgumentError(`disentangledBias: entry ${stranger} is not one of the table's ${columns}`);
  const [e, s, o] = [entries, starts, offsets].map((values) => intTensor(engine, values)) as [Tensor, Tensor, Tensor];
  const bias = zeros(engine, [offsets[rows]!]);
  const run = (
    kernel: "gatherDistances" | "gatherDistancesBackward",
    to: number,
    from: number,
    { head, byKey }: DistanceScores,
  ): void =>
    launch(engine, kernel, rows, to, from, columns, e.address, zero, s.address, o.address, head, factor, Number(byKey));
  for (const part of parts) run("gatherDistances", bias.address, part.scores.address, part);
  return record(
    bias,
    parts.map(({ scores }) => scores),
    (dbias) => {
      for (const part of parts) {
        if (!part.scores.traced) continue;
        run("gatherDistancesBackward", gradOf(part.scores).address, dbias.address, part);
      }
    },
  );
}
