/**
 * Keys and values of one attention layer that are kept from call to call, in blocks of tokens (assembly/attention/cached-attention.ts).
 *
 * The blocks of a row are never moved: a longer row has more of them. Rows that have a beginning in common share its blocks,
 * and a block that is shared is copied before one of its rows writes to it.
 */
import { BLOCK_KEYS } from "../engine/abi.js";
import type { Engine } from "../engine/engine.js";
import { launch } from "../engine/launch.js";
import { expectShape } from "./check.js";
import { unscoped } from "./scope.js";
import { intTensor, Storage, type Tensor } from "./tensor.js";

/** How keys and values are kept: in 32 bits, or rounded to 16 (binary16), in half the memory. */
export type CacheDtype = "f32" | "f16";

/** Sizes of {@link KeyBlocks}. */
export interface KeyBlocksOptions {
  readonly heads: number;
  /** width of a head */
  readonly dim: number;
  /** f32 by default. In f16, numbers beyond 65519 become 65536. */
  readonly dtype?: CacheDtype;
}

/** A block of memory and how many rows it belongs to. */
interface Block {
  readonly storage: Storage;
  rows: number;
}

/**
 * Keys and values of one attention layer, in blocks that rows share (docs/decisions/023).
 *
 * @example
 * using kept = new KeyBlocks(engine, { heads: 12, dim: 64 });
 * kept.append(key, value, starts);
 * const mixed = cachedAttention(query, kept, { starts, causal: true });
 */
export class KeyBlocks implements Disposable {
  readonly engine: Engine;
  readonly heads: number;
  /** width of a head */
  readonly dim: number;
  readonly dtype: CacheDtype;
  #rows: Block[][] = [];
  #lengths: number[] = [];

  constructor(engine: Engine, { heads, dim, dtype = "f32" }: KeyBlocksOptions) {
    this.engine = engine;
    this.heads = heads;
    this.dim = dim;
    this.dtype = dtype;
  }

  /** The number of tokens of each row. */
  get lengths(): readonly number[] {
    return this.#lengths;
  }

  /**
   * Keep the keys and values of more tokens of each row.
   *
   * @param key (tokens, heads * dim)
   * @param value (tokens, heads * dim)
   * @param starts (rows + 1) where each row's tokens begin
   * @throws {RangeError} when there are more or fewer rows than before
   */
  append(key: Tensor, value: Tensor, starts: Int32Array): void {
    const { engine, heads, dim } = this;
    const rows = starts.length - 1;
    expectShape("append", "key", key, [starts[rows]!, heads * dim], "It has a row for each new token.");
    expectShape("append", "value", value, key.shape, "It has the shape of key.");
    if (this.#rows.length === 0) {
      this.#rows = Array.from({ length: rows }, () => []);
      this.#lengths = new Array<number>(rows).fill(0);
    }
    if (rows !== this.#rows.length)
      throw new RangeError(`append: there are keys of ${this.#rows.length} rows, got those of ${rows}`);
    for (let row = 0; row < rows; row++) this.#makeRoom(row, starts[row + 1]! - starts[row]!);
    const { address, perRow } = this.table();
    const [lengths, at] = [intTensor(engine, this.#lengths), intTensor(engine, starts)];
    // biome-ignore format: in the order of the kernel's own list
    launch(
      engine, "appendKeys", rows * heads,
      address, perRow, lengths.address, at.address, key.address, value.address, heads, dim, this.#half,
    );
    this.#lengths = this.#lengths.map((length, row) => length + starts[row + 1]! - starts[row]!);
  }

  /** Row i continues from row `from[i]`. Rows without a successor give their blocks back. */
  reorder(from: Int32Array): void {
    const before = this.#rows;
    this.#rows = Array.from(from, (row) => [...before[row]!]);
    this.#lengths = Array.from(from, (row) => this.#lengths[row]!);
    for (const block of this.#rows.flat()) block.rows++;
    for (const block of before.flat()) release(block);
  }

  /** The addresses of each row's blocks (rows, perRow), as the kernels read them, in the open scope. */
  table(): { readonly address: number; readonly perRow: number } {
    const perRow = Math.max(1, ...this.#rows.map((blocks) => blocks.length));
    const addresses = new Int32Array(this.#rows.length * perRow);
    for (const [row, blocks] of this.#rows.entries())
      for (const [i, { storage }] of blocks.entries()) addresses[row * perRow + i] = storage.address;
    return { address: intTensor(this.engine, addresses).address, perRow };
  }

  [Symbol.dispose](): void {
    for (const block of this.#rows.flat()) release(block);
    this.#rows = [];
    this.#lengths = [];
  }

  /** Blocks for `count` more tokens of a row, none of which another row has. */
  #makeRoom(row: number, count: number): void {
    if (count === 0) return;
    const blocks = this.#rows[row]!;
    const length = this.#lengths[row]!;
    const last = blocks.at(-1);
    if (last && last.rows > 1 && length % BLOCK_KEYS > 0) {
      const own = this.#block();
      new Uint8Array(this.engine.memory.buffer).copyWithin(
        own.storage.address,
        last.storage.address,
        last.storage.address + last.storage.bytes,
      );
      release(last);
      blocks[blocks.length - 1] = own;
    }
    while (blocks.length * BLOCK_KEYS < length + count) blocks.push(this.#block());
  }

  /** The kernels' flag for f16. */
  get #half(): 0 | 1 {
    return this.dtype === "f16" ? 1 : 0;
  }

  #block(): Block {
    const { engine, heads, dim } = this;
    const bytes = engine.kernels.keyBlockBytes(heads, dim, this.#half);
    const storage = unscoped(() => new Storage(engine, bytes, true));
    return { storage, rows: 1 };
  }
}

/** Release the block for one row. */
function release(block: Block): void {
  block.rows--;
  if (block.rows === 0) block.storage[Symbol.dispose]();
}
