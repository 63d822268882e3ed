/**
 * Pieces read by the kernel of assembly/tokenizer/pieces.ts. It is not the compute module: less than six kilobytes that
 * this file carries.
 */
import bytes from "../../build/pieces.wasm";
import { EncodedPieces } from "./encoded-pieces.js";
import type { instantiate } from "./kernels.js";
import type { MergeIds } from "./merge-ids.js";
import type { PiecePool } from "./piece-pool.js";
import { PieceTable, placesFor, tagsBeside } from "./piece-table.js";

type Exports = Awaited<ReturnType<typeof instantiate>>;

/** Bytes that tables in a kernel's memory may have. */
const MOST = 1 << 30;

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

/** Reads pieces that are found as a whole. Their tables stay in the kernel's memory. */
export class PieceKernel {
  /**
   * A kernel with empty tables; null where there cannot be one.
   *
   * @param pieces how many to make room for
   * @param bytes how many bytes of UTF-8 they have together
   */
  static of(module: WebAssembly.Module | null, pieces: number, bytes: number): PieceKernel | null {
    if (16 * pieces + bytes > MOST) return null;
    return withKernel(module, (kernel) => {
      const places = placesFor(pieces);
      if (kernel.makeRoom(pieces, bytes, places, tagsBeside(pieces)))
        return new PieceKernel(kernel, pieces, bytes, places);
      throw new RangeError(`${pieces} pieces of ${bytes} bytes`);
    });
  }

  readonly pieces: EncodedPieces;
  readonly table: PieceTable;
  /** The last entry, or merge, has been read: the bracket behind it follows. */
  closed = false;
  private readonly text: Uint8Array;
  /** The text of the pieces. */
  private readonly bytes: Uint8Array;

  private constructor(
    private readonly kernel: Exports,
    private readonly room: number,
    bytes: number,
    places: number,
  ) {
    const { memory, TEXT, WINDOW } = kernel;
    const numbers = (table: { readonly value: number }, count: number): Int32Array =>
      new Int32Array(memory.buffer, table.value, count);
    this.text = new Uint8Array(memory.buffer, TEXT.value, WINDOW.value);
    this.bytes = new Uint8Array(memory.buffer, kernel.bytes.value, bytes);
    this.pieces = new EncodedPieces(this.bytes, numbers(kernel.ends, room));
    this.table = new PieceTable(this.pieces, numbers(kernel.heads, places), numbers(kernel.next, room));
  }

  /** Read entries of JSON with the ids that come next, `"piece":12,`; returns how many bytes, 0 when others must read on. */
  readEntries(json: Uint8Array, at: number): number {
    const { kernel, pieces, table, room } = this;
    const { size, used } = pieces;
    const text = json.subarray(at, at + this.text.length);
    if (this.closed || this.moved || size >= room || used + text.length > this.bytes.length) return 0;
    this.text.set(text);
    const count = kernel.readEntries(text.length, size, used, room - size);
    pieces.size += count;
    if (count > 0) pieces.used = pieces.ends[pieces.size - 1]!;
    table.longest = Math.max(table.longest, kernel.longest.value);
    this.closed = kernel.closed.value === 1;
    return kernel.bytesRead.value;
  }

  /**
   * Read merges, `"left right",` or `["left","right"],`, once all pieces are there; returns how many bytes, 0 when others
   * must read on.
   */
  readMerges(json: Uint8Array, at: number, into: MergeIds): number {
    const { kernel } = this;
    if (this.closed || this.moved) return 0;
    const text = json.subarray(at, at + this.text.length);
    this.text.set(text);
    const count = kernel.readMerges(text.length);
    into.append(new Int32Array(kernel.memory.buffer, kernel.beside.value, 3 * count));
    this.closed = kernel.closed.value === 1;
    return kernel.bytesRead.value;
  }

  /** Others have moved what found no room any more. */
  private get moved(): boolean {
    const { pieces, table, room } = this;
    return pieces.bytes !== this.bytes || table.texts !== pieces || pieces.size > room;
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
    const { memory, TEXT, UNITS, WINDOW } = kernel;
    this.text = new Uint8Array(memory.buffer, TEXT.value, WINDOW.value);
    this.units = new Uint16Array(memory.buffer, UNITS.value, WINDOW.value);
  }

  /** Read entries of JSON with their scores, `["piece",-9.5],`; returns how many bytes, 0 when others must read on. */
  readScores(json: Uint8Array, at: number, scores: Float64Array): number {
    const { kernel, pool } = this;
    const most = Math.min(this.room, scores.length) - pool.size;
    if (most <= 0) return 0;
    const text = json.subarray(at, at + this.text.length);
    this.text.set(text);
    const count = kernel.readScores(text.length, pool.used, most);
    if (count === 0) return 0;
    scores.set(new Float64Array(kernel.memory.buffer, kernel.SCORES.value, count), pool.size);
    pool.append(
      this.units.subarray(0, kernel.unitsRead.value),
      new Int32Array(kernel.memory.buffer, kernel.ENDS.value, count),
    );
    return kernel.bytesRead.value;
  }
}
