/** Incremental decoding: a model reads the prompts, then one chosen token per row and step, with cached keys and values. */

import { type Batch, collate, type Sample } from "../data/sample.js";
import type { Source } from "../nn/attention.js";
import { DecoderCache } from "../nn/kv-cache.js";
import type { LmHead } from "../objectives/masked-lm.js";
import { encodeInSteps } from "../objectives/objective.js";
import { ArgumentError } from "../options.js";
import { Scope, unscoped } from "../tensor/scope.js";
import { atOnce, type Steps } from "../tensor/steps.js";
import { empty, type Tensor } from "../tensor/tensor.js";

/** A model in the middle of generating rows of text. Dispose it to free its cache. */
export interface Writer extends Disposable {
  /** number of rows */
  readonly rows: number;
  /** the longest sequence that the model reads, prompt included */
  readonly maxLength: number;
  /** ids before the first new token of each row: the prompt, or the decoder's start token */
  readonly prompts: readonly Int32Array[];
  /** ids that an encoder has read, one row for each prompt; absent for decoder-only models */
  readonly sources?: readonly Int32Array[];
  /** @returns scores (vocabulary) after each prompt; the caller may change them */
  begin(): Float32Array[];
  /**
   * Continue with a selection of the previous rows (in any order, with repetitions) and one more token each.
   *
   * @returns scores (vocabulary) after each token; the caller may change them
   */
  next(rows: Int32Array, ids: Int32Array): Float32Array[];
  /** {@link begin} and {@link next}, interrupted within the layers. Absent where nothing interrupts them. */
  readonly inSteps?: {
    begin(): Steps<Float32Array[]>;
    next(rows: Int32Array, ids: Int32Array): Steps<Float32Array[]>;
  };
}

/** The engine that a writer computes with, and how its cache keeps keys and values. */
export interface WriterOptions {
  readonly engine: DecoderCache["engine"];
  /** f32 by default; `f16` halves the cache's memory, and scores differ in their last digits */
  readonly cacheDtype?: DecoderCache["dtype"];
}

/** A decoder-only model. */
export interface CausalModel extends LmHead {
  readonly maxLength: number;
  encode(batch: Batch, trace?: undefined, cache?: DecoderCache): Tensor;
  encodeSteps?(batch: Batch, trace?: undefined, cache?: DecoderCache): Steps<Tensor>;
}

/** An encoder-decoder. */
export interface Seq2SeqModel extends LmHead {
  readonly maxLength: number;
  encode(batch: Batch): Tensor;
  encodeSteps?(batch: Batch): Steps<Tensor>;
  decode(batch: Batch, source: Source, trace?: undefined, cache?: DecoderCache): Tensor;
  decodeSteps?(batch: Batch, source: Source, trace?: undefined, cache?: DecoderCache): Steps<Tensor>;
}

function sampleOfIds(ids: Int32Array, first: number): Sample {
  const none = new Uint8Array(ids.length);
  const positions = ids.map((_, i) => first + i);
  return { ids, positions, segments: none, special: none, words: positions, labels: {} };
}

/** Scores at the last token of each row, copied out of the engine's memory. */
function lastScores(model: LmHead, hidden: Tensor, { starts, rows }: Batch): Float32Array[] {
  const scores = model.tokenScores(
    hidden,
    starts.slice(1, rows + 1).map((end) => end - 1),
  );
  const width = scores.shape[1]!;
  const { data } = scores;
  return Array.from({ length: rows }, (_, row) => data.slice(row * width, (row + 1) * width));
}

/** The scores after the prompts, in as many steps as the writer takes. */
export function* beginInSteps(writer: Writer): Steps<Float32Array[]> {
  return writer.inSteps ? yield* writer.inSteps.begin() : writer.begin();
}

/** The scores after one more token of each row, likewise. */
export function* nextInSteps(writer: Writer, rows: Int32Array, ids: Int32Array): Steps<Float32Array[]> {
  return writer.inSteps ? yield* writer.inSteps.next(rows, ids) : writer.next(rows, ids);
}

/** Rows of known lengths, read step by step into a cache. */
class CachedWriter implements Writer {
  readonly maxLength: number;
  readonly prompts: readonly Int32Array[];
  readonly #cache: DecoderCache;
  readonly #read: (batch: Batch, cache: DecoderCache) => Steps<Float32Array[]>;
  readonly #release: () => void;
  #lengths: number[] = [];

  constructor(
    cache: DecoderCache,
    positions: number,
    prompts: readonly Int32Array[],
    read: (batch: Batch, cache: DecoderCache) => Steps<Float32Array[]>,
    release: () => void = () => {},
    readonly sources: readonly Int32Array[] = [],
  ) {
    const empty = prompts.findIndex((ids) => ids.length === 0);
    if (prompts.length === 0 || empty >= 0)
      throw new ArgumentError(
        prompts.length === 0 ? "there is no prompt" : `prompt ${empty} has no tokens to continue`,
      );
    this.#cache = cache;
    this.maxLength = positions;
    this.prompts = prompts;
    this.#read = read;
    this.#release = release;
  }

  get rows(): number {
    return this.#lengths.length || this.prompts.length;
  }

  begin(): Float32Array[] {
    return atOnce(this.inSteps.begin());
  }

  next(rows: Int32Array, ids: Int32Array): Float32Array[] {
    return atOnce(this.inSteps.next(rows, ids));
  }

  readonly inSteps = {
    begin: (): Steps<Float32Array[]> => {
      this.#lengths = this.prompts.map(() => 0);
      return this.#step(this.prompts);
    },
    next: (rows: Int32Array, ids: Int32Array): Steps<Float32Array[]> => this.#next(rows, ids),
  };

  #next(rows: Int32Array, ids: Int32Array): Steps<Float32Array[]> {
    const same = rows.length === this.#lengths.length && rows.every((row, i) => row === i);
    if (!same) this.#cache.reorder(rows);
    this.#lengths = Array.from(rows, (row) => this.#lengths[row]!);
    return this.#step(Array.from(ids, (id) => Int32Array.of(id)));
  }

  *#step(ids: readonly Int32Array[]): Steps<Float32Array[]> {
    using _ = new Scope();
    const batch = collate(ids.map((own, row) => sampleOfIds(own, this.#lengths[row]!)));
    const scores = yield* this.#read(batch, this.#cache);
    this.#lengths = this.#lengths.map((length, row) => length + ids[row]!.length);
    return scores;
  }

  [Symbol.dispose](): void {
    this.#cache[Symbol.dispose]();
    this.#release();
  }
}

/**
 * Continue prompts with a decoder-only model.
 *
 * @example
 * using writer = causalWriter({ engine }, gpt.model, [ids]);
 * for (const [id] of greedy(writer, { maxNewTokens: 20, eosIds: [eos] })) console.log(id);
 */
export function causalWriter(
  { engine, cacheDtype }: WriterOptions,
  model: CausalModel,
  prompts: readonly Int32Array[],
): Writer {
  return new CachedWriter(new DecoderCache(engine, cacheDtype), model.maxLength, prompts, function* (batch, cache) {
    const hidden = model.encodeSteps
      ? yield* model.encodeSteps(batch, undefined, cache)
      : model.encode(batch, undefined, cache);
    yield;
    return lastScores(model, hidden, batch);
  });
}

/**
 * Generate targets from sources with an encoder-decoder.
 *
 * @param sources one row for each of `starts`
 * @param starts the decoder's first ids of each row
 * @example
 * const { model } = freshModel(engine, freshConfig("bart", sizes), "seq2seq-lm", 1);
 * using writer = seq2seqWriter({ engine }, model, collate([sample]), [Int32Array.of(eos)]);
 * for (const [id] of greedy(writer, { maxNewTokens: 2, eosIds: [eos] })) console.log(id);
 */
export function seq2seqWriter(
  { engine, cacheDtype }: WriterOptions,
  model: Seq2SeqModel,
  sources: Batch,
  starts: readonly Int32Array[],
): Writer {
  if (starts.length !== sources.rows)
    throw new ArgumentError(`${sources.rows} sources need as many starts, got ${starts.length}`);
  const cache = new DecoderCache(engine, cacheDtype);
  let kept: Tensor | null = null;
  function* encoded(): Steps<Tensor> {
    if (kept) return kept;
    using _ = new Scope();
    const states = yield* encodeInSteps(model, sources);
    const copy = unscoped(() => empty(engine, states.shape));
    copy.data.set(states.data);
    kept = copy;
    return copy;
  }
  return new CachedWriter(
    cache,
    model.maxLength,
    starts,
    function* (batch) {
      // Beams of one source are adjacent rows: together they are its queries.
      const each = batch.rows / sources.rows;
      const queryStarts = Int32Array.from({ length: sources.rows + 1 }, (_, i) => batch.starts[i * each]!);
      const source = { hidden: yield* encoded(), starts: sources.starts, queryStarts };
      const hidden = model.decodeSteps
        ? yield* model.decodeSteps(batch, source, undefined, cache)
        : model.decode(batch, source, undefined, cache);
      yield;
      return lastScores(model, hidden, batch);
    },
    () => kept?.storage[Symbol.dispose](),
    starts.map((_, row) => sources.ids.slice(sources.starts[row]!, sources.starts[row + 1]!)),
  );
}
