/**
 * Pieces appended to a pool and its table by the kernel of assembly/tokenizer/pieces.ts. It is not the compute module: three
 * kilobytes that this file carries.
 */
import bytes from "../../build/pieces.wasm";
import type { instantiate } from "./kernels.js";
import type { PiecePool } from "./piece-pool.js";
import type { PieceTable } from "./piece-table.js";

type Exports = Awaited<ReturnType<typeof instantiate>>;

const PAGE = 1 << 16;

let compiled: WebAssembly.Module | null | undefined;

export class PieceKernel {
  /** The compiled kernel; null where nothing may be compiled while a program runs, as in some edge workers. */
  static compiled(): WebAssembly.Module | null {
    if (compiled === undefined) {
      try {
        compiled = new WebAssembly.Module(bytes);
      } catch {
        compiled = null; // what runs instead gives the same tables, only later
      }
    }
    return compiled;
  }

  /**
   * A kernel for a pool, and for its table if there is one: until {@link end} the table's heads are in the kernel's memory.
   * Null without a module, and where there is no address space for another memory.
   */
  static of(module: WebAssembly.Module | null, pool: PiecePool, table: PieceTable | null = null): PieceKernel | null {
    if (module === null) return null;
    try {
      return new PieceKernel(module, pool, table);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      compiled = null; // asking again takes long, and address space seldom comes back
      return null;
    }
  }

  private readonly kernel: Exports;
  /** Ids below this have room in the tables as they are now. */
  private readonly room: number;
  private readonly mask: number;
  private readonly text: Uint8Array;
  private readonly units: Uint16Array;
  private readonly lengths: Uint8Array;
  private readonly heads: Int32Array;

  private constructor(
    module: WebAssembly.Module,
    private readonly pool: PiecePool,
    private readonly table: PieceTable | null,
  ) {
    this.kernel = new WebAssembly.Instance(module).exports as unknown as Exports;
    this.room = pool.begins.length;
    const places = table?.places ?? 0;
    this.mask = places - 1;
    const { memory, TEXT, UNITS, LENGTHS, WINDOW, HEADS } = this.kernel;
    const missing = HEADS.value + 4 * places - memory.buffer.byteLength;
    memory.grow(Math.max(0, Math.ceil(missing / PAGE)));
    this.text = new Uint8Array(memory.buffer, TEXT.value);
    this.units = new Uint16Array(memory.buffer, UNITS.value, WINDOW.value);
    this.lengths = new Uint8Array(memory.buffer, LENGTHS.value);
    this.heads = this.numbers(HEADS, places);
    table?.moveHeads(this.heads);
  }

  /** Read entries of JSON with the ids that come next, `"piece":12,`; returns how many bytes, 0 when others must read on. */
  readEntries(json: Uint8Array, at: number): number {
    const { kernel, pool } = this;
    if (pool.size >= this.room) return 0;
    const text = json.subarray(at, at + kernel.WINDOW.value);
    this.text.set(text);
    const count = kernel.readEntries(text.length, pool.size, pool.used, this.room - pool.size, this.mask);
    if (count === 0) return 0;
    this.append(count);
    return kernel.bytesRead.value;
  }

  /** Read entries of JSON with their scores, `["piece",-9.5],`; returns how many bytes, 0 when others must read on. */
  readScores(json: Uint8Array, at: number, scores: Float64Array): number {
    const { kernel, pool } = this;
    const most = Math.min(this.room, scores.length) - pool.size;
    if (most <= 0) return 0;
    const text = json.subarray(at, at + kernel.WINDOW.value);
    this.text.set(text);
    const count = kernel.readScores(text.length, pool.used, most);
    if (count === 0) return 0;
    scores.set(new Float64Array(kernel.memory.buffer, kernel.SCORES.value, count), pool.size);
    this.append(count);
    return kernel.bytesRead.value;
  }

  /** Append pieces whose text and lengths are given; says whether these belong together. */
  appendText(text: Uint8Array, lengths: Uint8Array): boolean {
    const { kernel, pool } = this;
    let at = 0;
    let first = 0;
    for (let count = 1; first < lengths.length && count > 0; first += count, at += kernel.bytesRead.value) {
      const someLengths = lengths.subarray(first, first + kernel.PIECES.value);
      const someText = text.subarray(at, at + kernel.WINDOW.value);
      this.lengths.set(someLengths);
      this.text.set(someText);
      count = kernel.enterPieces(someLengths.length, someText.length, pool.size, pool.used, this.mask);
      if (count > 0) this.append(count);
    }
    return first === lengths.length && at === text.length;
  }

  private append(count: number): void {
    const { kernel, pool, table } = this;
    const { HASHES, NEXT, longest } = kernel;
    table?.append(pool.size, this.numbers(HASHES, count), this.numbers(NEXT, count), longest.value);
    pool.append(this.units.subarray(0, kernel.unitsRead.value), this.numbers(kernel.ENDS, count));
  }

  private numbers(table: { readonly value: number }, count: number): Int32Array {
    return new Int32Array(this.kernel.memory.buffer, table.value, count);
  }

  /** Nothing more will be read: what the kernel's memory has belongs to the table. */
  end(): void {
    if (this.table?.places === this.heads.length) this.table.moveHeads(this.heads.slice());
  }
}
