/**
 * Pieces read by the kernel of assembly/tokenizer/pieces.ts. It is not the compute module: four kilobytes that this file
 * carries.
 */
import bytes from "../../build/pieces.wasm";
import type { EncodedPieces } from "./encoded-pieces.js";
import type { instantiate } from "./kernels.js";
import type { PiecePool } from "./piece-pool.js";
import type { PieceTable } from "./piece-table.js";

type Exports = Awaited<ReturnType<typeof instantiate>>;

const PAGE = 1 << 16;

let compiled: WebAssembly.Module | null | undefined;

/** The compiled kernel; null where nothing may be compiled while a program runs, as in some edge workers. */
export function compiledKernel(): WebAssembly.Module | null {
  if (compiled === undefined) {
    try {
      compiled = new WebAssembly.Module(bytes);
    } catch {
      compiled = null; // what runs instead gives the same tables, only later
    }
  }
  return compiled;
}

/** What `use` makes of a kernel; null without a module, and where there is no address space for another memory. */
function withKernel<T>(module: WebAssembly.Module | null, use: (kernel: Exports) => T): T | null {
  if (module === null) return null;
  try {
    return use(new WebAssembly.Instance(module).exports as unknown as Exports);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    compiled = null; // asking again takes long, and address space seldom comes back
    return null;
  }
}

/** Reads pieces for a hash table, whose heads are in the kernel's memory until {@link end}. */
export class PieceKernel {
  /** A kernel for pieces and their table, both empty; null where there cannot be one. */
  static of(module: WebAssembly.Module | null, pieces: EncodedPieces, table: PieceTable): PieceKernel | null {
    return withKernel(module, (kernel) => new PieceKernel(kernel, pieces, table));
  }

  /** The last entry of JSON has been read: the brace behind it follows. */
  closed = false;
  /** Ids below this have room in the tables as they are now. */
  private readonly room: number;
  private readonly text: Uint8Array;
  private readonly lengths: Uint8Array;
  private readonly heads: Int32Array;

  private constructor(
    private readonly kernel: Exports,
    private readonly pieces: EncodedPieces,
    private readonly table: PieceTable,
  ) {
    this.room = pieces.ends.length;
    const { memory, TEXT, LENGTHS, HEADS } = kernel;
    const missing = HEADS.value + 4 * table.places - memory.buffer.byteLength;
    memory.grow(Math.max(0, Math.ceil(missing / PAGE)));
    this.text = new Uint8Array(memory.buffer, TEXT.value);
    this.lengths = new Uint8Array(memory.buffer, LENGTHS.value);
    this.heads = numbers(kernel, HEADS, table.places);
    table.moveHeads(this.heads);
  }

  /** Read entries of JSON with the ids that come next, `"piece":12,`; returns how many bytes, 0 when others must read on. */
  readEntries(json: Uint8Array, at: number): number {
    const { kernel, pieces, table } = this;
    if (this.closed || pieces.size >= this.room || table.texts !== pieces) return 0;
    const text = json.subarray(at, at + kernel.WINDOW.value);
    this.text.set(text);
    const most = this.room - pieces.size;
    const mask = this.heads.length - 1;
    const count = kernel.readEntries(text.length, pieces.size, pieces.used, most, mask, table.tags);
    this.append(count, new Uint8Array(kernel.memory.buffer, kernel.OUT.value, kernel.written.value));
    this.closed = kernel.closed.value === 1;
    return kernel.bytesRead.value;
  }

  /** Enter pieces whose text and lengths are given, as many as can be here; returns how many bytes of each. */
  readLengths(text: Uint8Array, lengths: Uint8Array): { readonly text: number; readonly lengths: number } {
    const { kernel, pieces, table } = this;
    const read = { text: 0, lengths: 0 };
    for (let count = 1; count > 0; ) {
      const someLengths = lengths.subarray(read.lengths, read.lengths + kernel.PIECES.value);
      const someText = text.subarray(read.text, read.text + kernel.WINDOW.value);
      this.lengths.set(someLengths);
      this.text.set(someText);
      const mask = this.heads.length - 1;
      count = kernel.enterPieces(someLengths.length, someText.length, pieces.size, pieces.used, mask, table.tags);
      this.append(count, someText.subarray(0, kernel.bytesRead.value));
      read.text += kernel.bytesRead.value;
      read.lengths += kernel.lengthsRead.value;
    }
    return read;
  }

  private append(count: number, bytes: Uint8Array): void {
    const { kernel, pieces, table } = this;
    if (count === 0) return;
    table.append(pieces.size, numbers(kernel, kernel.NEXT, count), kernel.longest.value);
    pieces.append(bytes, numbers(kernel, kernel.ENDS, count));
  }

  /** Nothing more will be read: what the kernel's memory has belongs to the table. */
  end(): void {
    if (this.table.places === this.heads.length) this.table.moveHeads(this.heads.slice());
  }
}

/** Reads pieces with their scores. */
export class ScoreKernel {
  /** A kernel for a pool; null where there cannot be one. */
  static of(module: WebAssembly.Module | null, pool: PiecePool): ScoreKernel | null {
    return withKernel(module, (kernel) => new ScoreKernel(kernel, pool));
  }

  /** Ids below this have room in the tables as they are now. */
  private readonly room: number;
  private readonly text: Uint8Array;
  private readonly units: Uint16Array;

  private constructor(
    private readonly kernel: Exports,
    private readonly pool: PiecePool,
  ) {
    this.room = pool.begins.length;
    const { memory, TEXT, OUT, WINDOW } = kernel;
    this.text = new Uint8Array(memory.buffer, TEXT.value);
    this.units = new Uint16Array(memory.buffer, OUT.value, WINDOW.value);
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
    pool.append(this.units.subarray(0, kernel.written.value), numbers(kernel, kernel.ENDS, count));
    return kernel.bytesRead.value;
  }
}

function numbers({ memory }: Exports, table: { readonly value: number }, count: number): Int32Array {
  return new Int32Array(memory.buffer, table.value, count);
}
