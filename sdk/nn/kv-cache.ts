/** The key-value cache of a decoder: keys and values of every layer for the tokens read so far. */
import type { Engine } from "../engine/engine.js";
import { type CacheDtype, KeyBlocks } from "../tensor/key-blocks.js";
import type { Tensor } from "../tensor/tensor.js";

/** One layer of a cache. */
export interface CachedLayer {
  readonly cache: DecoderCache;
  readonly layer: number;
}

/** Keys and values (tokens, heads * dim) of the same tokens. */
export interface KeysAndValues {
  readonly key: Tensor;
  readonly value: Tensor;
}

/**
 * Keys and values by layer, of rows of any lengths. The cache owns them: dispose it when the text is written.
 *
 * @example
 * using cache = new DecoderCache(engine);
 * gpt.model.encode(batch, undefined, cache); // keeps the prompt's keys and values
 * gpt.model.encode(next, undefined, cache); // attends to the prompt without reading it again
 */
export class DecoderCache implements Disposable {
  readonly engine: Engine;
  readonly #own = new Map<number, KeyBlocks>();
  readonly #source = new Map<number, KeyBlocks>();

  /** @param dtype how keys and values are kept */
  constructor(
    engine: Engine,
    readonly dtype: CacheDtype = "f32",
  ) {
    this.engine = engine;
  }

  /** Where each row's keys begin, end to end, once `starts` more tokens have been added. */
  keyStarts(starts: Int32Array): Int32Array {
    const kept = this.#own.get(0)?.lengths ?? [];
    let before = 0;
    return starts.map((start, row) => {
      const begin = start + before;
      before += kept[row] ?? 0;
      return begin;
    });
  }

  /** A layer's keys and values of the tokens read so far; none at first. */
  own(layer: number, heads: number, width: number): KeyBlocks {
    return this.#made(this.#own, layer, heads, width);
  }

  /** A layer's keys and values of the source: `make` is called the first time and its result kept. */
  source(layer: number, heads: number, width: number, starts: Int32Array, make: () => KeysAndValues): KeyBlocks {
    const kept = this.#made(this.#source, layer, heads, width);
    if (kept.lengths.length === 0) {
      const { key, value } = make();
      kept.append(key, value, starts);
    }
    return kept;
  }

  /** Row i continues from row `rows[i]`. */
  reorder(rows: Int32Array): void {
    for (const kept of this.#own.values()) kept.reorder(rows);
  }

  #made(layers: Map<number, KeyBlocks>, layer: number, heads: number, width: number): KeyBlocks {
    const { engine, dtype } = this;
    let kept = layers.get(layer);
    if (!kept) layers.set(layer, (kept = new KeyBlocks(engine, { heads, dim: width / heads, dtype })));
    return kept;
  }

  [Symbol.dispose](): void {
    for (const layers of [this.#own, this.#source]) {
      for (const kept of layers.values()) kept[Symbol.dispose]();
      layers.clear();
    }
  }
}
