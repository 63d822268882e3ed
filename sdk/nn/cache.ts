/** The key-value cache of a decoder: keys and values of every layer for the tokens read so far. */

import type { Engine } from "../engine/engine.js";
import { ArgumentError } from "../options.js";
import { concatenateRows, type RowRange } from "../tensor/ops/rows.js";
import { unscoped } from "../tensor/scope.js";
import type { Tensor } from "../tensor/tensor.js";

/** Keys and values (tokens, width), and where each row's begin. */
export interface KeysAndValues {
  readonly key: Tensor;
  readonly value: Tensor;
  /** (rows + 1) */
  readonly starts: Int32Array;
}

/**
 * Keys and values by layer; rows of any lengths, concatenated. The cache owns them: dispose it when the text is written.
 *
 * @example
 * using cache = new DecoderCache(engine);
 * gpt.model.encode(batch, undefined, cache); // keeps the prompt's keys and values
 * gpt.model.encode(next, undefined, cache); // attends to the prompt without reading it again
 */
export class DecoderCache implements Disposable {
  readonly engine: Engine;
  readonly #own = new Map<number, KeysAndValues>();
  readonly #source = new Map<number, KeysAndValues>();

  constructor(engine: Engine) {
    this.engine = engine;
  }

  /** Where each row's keys begin once `starts` more tokens have been added. */
  keyStarts(starts: Int32Array): Int32Array {
    const kept = this.#own.get(0)?.starts;
    return kept ? starts.map((start, row) => start + kept[row]!) : starts;
  }

  /** Append a layer's keys and values of new tokens to those of each row. */
  extend(layer: number, key: Tensor, value: Tensor, starts: Int32Array): KeysAndValues {
    const kept = this.#own.get(layer);
    if (kept && kept.starts.length !== starts.length)
      throw new ArgumentError(`the cache holds ${kept.starts.length - 1} rows, got ${starts.length - 1}`);
    const after = kept ? starts.map((start, row) => start + kept.starts[row]!) : starts;
    const longer = (old: Tensor | undefined, added: Tensor) =>
      this.#joined(starts.length - 1, (row) => [
        ...(kept && old ? [rangeOf(old, kept.starts, row)] : []),
        rangeOf(added, starts, row),
      ]);
    const next = { key: longer(kept?.key, key), value: longer(kept?.value, value), starts: after };
    this.#replace(this.#own, layer, next);
    return next;
  }

  /** A layer's keys and values of the source: made at the first call, kept for the others. */
  source(layer: number, starts: Int32Array, make: () => { key: Tensor; value: Tensor }): KeysAndValues {
    const kept = this.#source.get(layer);
    if (kept) return kept;
    const { key, value } = make();
    const copy = (t: Tensor) => this.#joined(starts.length - 1, (row) => [rangeOf(t, starts, row)]);
    const made = { key: copy(key), value: copy(value), starts };
    this.#source.set(layer, made);
    return made;
  }

  /** Row i continues from row `rows[i]`. */
  reorder(rows: Int32Array): void {
    for (const [layer, { key, value, starts }] of this.#own) {
      const after = new Int32Array(rows.length + 1);
      for (const [i, row] of rows.entries()) after[i + 1] = after[i]! + starts[row + 1]! - starts[row]!;
      const moved = (t: Tensor) => this.#joined(rows.length, (i) => [rangeOf(t, starts, rows[i]!)]);
      this.#replace(this.#own, layer, { key: moved(key), value: moved(value), starts: after });
    }
  }

  [Symbol.dispose](): void {
    for (const kept of [this.#own, this.#source]) {
      for (const { key, value } of kept.values()) for (const t of [key, value]) t.storage[Symbol.dispose]();
      kept.clear();
    }
  }

  #replace(kept: Map<number, KeysAndValues>, layer: number, next: KeysAndValues): void {
    const old = kept.get(layer);
    kept.set(layer, next);
    for (const t of old ? [old.key, old.value] : []) t.storage[Symbol.dispose]();
  }

  /** The ranges of all rows, end to end, in a tensor that stays. */
  #joined(rows: number, ranges: (row: number) => RowRange[]): Tensor {
    const all = Array.from({ length: rows }, (_, row) => ranges(row)).flat();
    return unscoped(() => concatenateRows(this.engine, all));
  }
}

/** The tokens of one row. */
function rangeOf(from: Tensor, starts: Int32Array, row: number): RowRange {
  return { from, begin: starts[row]!, end: starts[row + 1]! };
}
