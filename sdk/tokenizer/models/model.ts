/** What every model offers: words in, pieces out. */
import { grown } from "../text/normalized-string.js";
import type { Vocabulary } from "../vocabulary/vocabulary.js";

export interface Model {
  readonly vocabulary: Vocabulary;
  /** Id of the unknown token, or -1 when the model has none. */
  readonly unknown: number;
  /** Append the pieces of the word `units[start, end)` to `out`, with places counted from `start`. */
  encode(units: Uint16Array, start: number, end: number, out: Pieces): void;
  /** The `model` part of a tokenizer.json, without its tables. */
  settings(): Record<string, unknown>;
  /** The tables of that part: vocab, and merges where there are any. */
  tables(): Record<string, unknown>;
  /** Numbers that go with the pieces: scores by id, or ids of merges. */
  readonly scores?: Float64Array;
  readonly merges?: Int32Array;
}

/** Pieces of a word: ids and the units [start, end) of the word that each covers. */
export class Pieces {
  ids = new Int32Array(64);
  starts = new Int32Array(64);
  ends = new Int32Array(64);
  length = 0;

  push(id: number, start: number, end: number): void {
    const at = this.length++;
    if (at === this.ids.length) {
      this.ids = grown(this.ids, new Int32Array(2 * at));
      this.starts = grown(this.starts, new Int32Array(2 * at));
      this.ends = grown(this.ends, new Int32Array(2 * at));
    }
    this.ids[at] = id;
    this.starts[at] = start;
    this.ends[at] = end;
  }
}
