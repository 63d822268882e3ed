/** One token after another: the best, or one by chance. */

import { argmax, softmax } from "../heads/probabilities.js";
import { ArgumentError } from "../options.js";
import type { Rng } from "../tensor/random.js";
import type { Rule } from "./rules.js";
import type { Writer } from "./writer.js";

export interface DecodeOptions {
  /** new tokens of a row at most */
  readonly most: number;
  /** ids that end a row */
  readonly ends: readonly number[];
  /** applied in this order to the scores of each row */
  readonly rules?: readonly Rule[];
}

export interface SampleOptions extends DecodeOptions {
  readonly rng: Rng;
}

/** What a row gets after its end. */
export const ENDED = -1;

/** Draw an index by its probability. */
function draw(probabilities: Float64Array, rng: Rng): number {
  let left = rng();
  let last = 0;
  for (const [i, p] of probabilities.entries()) {
    if (p === 0) continue;
    last = i;
    left -= p;
    if (left < 0) return i;
  }
  // What rounding left over belongs to the last token that can be drawn.
  return last;
}

/** Write with `choose`, yielding the newest id of every row; {@link ENDED} for rows that have ended. */
function* write(
  writer: Writer,
  options: DecodeOptions,
  choose: (scores: Float32Array) => number,
): Generator<Int32Array> {
  const { most, ends, rules = [] } = options;
  const written = writer.prompts.map((ids) => Array.from(ids));
  const longest = Math.max(...written.map((ids) => ids.length));
  if (longest + most > writer.positions + 1)
    throw new ArgumentError(
      `a prompt of ${longest} tokens and ${most} new ones do not fit the model's ${writer.positions} positions; write fewer, or cut the prompt`,
    );
  const open = written.map(() => true);
  const rows = Int32Array.from(written, (_, row) => row);
  let scores = most > 0 ? writer.begin() : [];
  for (let step = 0; step < most; step++) {
    const newest = Int32Array.from(written, (ids, row) => {
      if (!open[row]) return ENDED;
      for (const rule of rules) rule(scores[row]!, ids);
      const id = choose(scores[row]!);
      ids.push(id);
      open[row] = !ends.includes(id);
      return id;
    });
    yield newest;
    if (!open.includes(true) || step === most - 1) return;
    scores = writer.next(
      rows,
      newest.map((id) => (id === ENDED ? ends[0]! : id)),
    );
  }
}

/** The best token each time. */
export function greedy(writer: Writer, options: DecodeOptions): Generator<Int32Array> {
  return write(writer, options, argmax);
}

/** A token by chance each time, as probable as the model and the rules find it: same generator state, same text. */
export function sampled(writer: Writer, options: SampleOptions): Generator<Int32Array> {
  return write(writer, options, (scores) => draw(softmax(scores), options.rng));
}

/** All ids of each row, prompt included, from a generator of newest ids. */
export function collectRows(writer: Writer, newest: Iterable<Int32Array>): number[][] {
  const rows = writer.prompts.map((ids) => Array.from(ids));
  for (const ids of newest) for (const [row, id] of ids.entries()) if (id !== ENDED) rows[row]!.push(id);
  return rows;
}
