/** Models that write, one token a row at a time: prompts first, then whatever was chosen. */

import { type Batch, collate, type Sample } from "../data/sample.js";
import type { Source } from "../nn/attention.js";
import { DecoderCache } from "../nn/cache.js";
import type { LmHead } from "../objectives/masked-lm.js";
import { ArgumentError } from "../options.js";
import { Scope, unscoped } from "../tensor/scope.js";
import { empty, type Tensor } from "../tensor/tensor.js";

/** Scores of what comes next, a row each. Disposing it gives what it keeps back. */
export interface Writer extends Disposable {
  /** how many rows are being written */
  readonly rows: number;
  /** the longest sequence that the model reads, prompt included */
  readonly positions: number;
  /** ids before the first token of each row: the prompt, or the decoder's start */
  readonly prompts: readonly Int32Array[];
  /** @returns scores (vocabulary) after each prompt */
  begin(): Float32Array[];
  /**
   * Go on with these rows, of those that were written before, and with these tokens.
   *
   * @returns scores (vocabulary) after each token
   */
  next(rows: Int32Array, ids: Int32Array): Float32Array[];
}

/** A model that reads from left to right. */
export interface Continues extends LmHead {
  readonly positions: number;
  encode(batch: Batch, trace?: undefined, cache?: DecoderCache): Tensor;
}

/** An encoder with a decoder. */
export interface RewritesFrom extends LmHead {
  readonly positions: number;
  encode(batch: Batch): Tensor;
  decode(batch: Batch, source: Source, trace?: undefined, cache?: DecoderCache): Tensor;
}

function sampleOfIds(ids: Int32Array, first: number): Sample {
  const none = new Uint8Array(ids.length);
  const positions = ids.map((_, i) => first + i);
  return { ids, positions, segments: none, special: none, words: positions, labels: {} };
}

/** The scores after the last token of each row, copied out of the engine's memory. */
function lastScores(model: LmHead, hidden: Tensor, { starts, rows }: Batch): Float32Array[] {
  const scores = model.tokenScores(
    hidden,
    starts.slice(1, rows + 1).map((end) => end - 1),
  );
  const width = scores.shape[1]!;
  const { data } = scores;
  return Array.from({ length: rows }, (_, row) => data.slice(row * width, (row + 1) * width));
}

/** What both kinds of writers share: rows of known lengths, read piece by piece into a cache. */
class CachedWriter implements Writer {
  readonly positions: number;
  readonly prompts: readonly Int32Array[];
  readonly #cache: DecoderCache;
  readonly #read: (batch: Batch, cache: DecoderCache) => Float32Array[];
  readonly #release: () => void;
  #lengths: number[] = [];

  constructor(
    cache: DecoderCache,
    positions: number,
    prompts: readonly Int32Array[],
    read: (batch: Batch, cache: DecoderCache) => Float32Array[],
    release: () => void = () => {},
  ) {
    const empty = prompts.findIndex((ids) => ids.length === 0);
    if (prompts.length === 0 || empty >= 0)
      throw new ArgumentError(
        prompts.length === 0 ? "there is no prompt" : `prompt ${empty} has no tokens to go on from`,
      );
    this.#cache = cache;
    this.positions = positions;
    this.prompts = prompts;
    this.#read = read;
    this.#release = release;
  }

  get rows(): number {
    return this.#lengths.length || this.prompts.length;
  }

  begin(): Float32Array[] {
    this.#lengths = this.prompts.map(() => 0);
    return this.#step(this.prompts);
  }

  next(rows: Int32Array, ids: Int32Array): Float32Array[] {
    const same = rows.length === this.#lengths.length && rows.every((row, i) => row === i);
    if (!same) this.#cache.reorder(rows);
    this.#lengths = Array.from(rows, (row) => this.#lengths[row]!);
    return this.#step(Array.from(ids, (id) => Int32Array.of(id)));
  }

  #step(ids: readonly Int32Array[]): Float32Array[] {
    using _ = new Scope();
    const batch = collate(ids.map((own, row) => sampleOfIds(own, this.#lengths[row]!)));
    const scores = this.#read(batch, this.#cache);
    this.#lengths = this.#lengths.map((length, row) => length + ids[row]!.length);
    return scores;
  }

  [Symbol.dispose](): void {
    this.#cache[Symbol.dispose]();
    this.#release();
  }
}

/**
 * Write on from prompts.
 *
 * @example
 * using writer = continuing({ engine }, gpt.model, [ids]);
 * for (const [id] of greedy(writer, { most: 20, ends: [eos] })) console.log(id);
 */
export function continuing(
  { engine }: { readonly engine: DecoderCache["engine"] },
  model: Continues,
  prompts: readonly Int32Array[],
): Writer {
  return new CachedWriter(new DecoderCache(engine), model.positions, prompts, (batch, cache) =>
    lastScores(model, model.encode(batch, undefined, cache), batch),
  );
}

/**
 * Write from sources, beginning each with the decoder's start.
 *
 * @param sources as many rows as there are `starts`
 * @param starts the decoder's first ids of each row
 */
export function rewriting(
  { engine }: { readonly engine: DecoderCache["engine"] },
  model: RewritesFrom,
  sources: Batch,
  starts: readonly Int32Array[],
): Writer {
  if (starts.length !== sources.rows)
    throw new ArgumentError(`${sources.rows} sources need as many starts, got ${starts.length}`);
  const cache = new DecoderCache(engine);
  let kept: Tensor | null = null;
  const encoded = (): Tensor => {
    if (kept) return kept;
    using _ = new Scope();
    const states = model.encode(sources);
    const copy = unscoped(() => empty(engine, states.shape));
    copy.data.set(states.data);
    kept = copy;
    return copy;
  };
  return new CachedWriter(
    cache,
    model.positions,
    starts,
    (batch) => {
      // Rows that go on from one source stand side by side: they are its queries.
      const each = batch.rows / sources.rows;
      const queryStarts = Int32Array.from({ length: sources.rows + 1 }, (_, i) => batch.starts[i * each]!);
      const source = { hidden: encoded(), starts: sources.starts, queryStarts };
      return lastScores(model, model.decode(batch, source, undefined, cache), batch);
    },
    () => kept?.storage[Symbol.dispose](),
  );
}
