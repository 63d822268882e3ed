/**
 * Entries of a vocabulary that are written plainly, `"piece":12,` with ids that count up, by the kernel of
 * assembly/tokenizer/entries.ts. It is not the compute module: a kilobyte that this file carries.
 */
import bytes from "../../build/entries.wasm";
import type { JsonScanner } from "./json-scan.js";
import type { instantiate } from "./kernels.js";
import type { PiecePool } from "./piece-pool.js";
import type { PieceTable } from "./piece-table.js";

type Kernel = Awaited<ReturnType<typeof instantiate>>;

const PAGE = 1 << 16;
/** Entries that are read elsewhere at most before the kernel is asked again. */
const LONGEST_PAUSE = 1 << 10;

let compiled: WebAssembly.Module | null | undefined;

export class PlainEntries {
  /** The compiled kernel; null where nothing may be compiled while a program runs, as in some edge workers. */
  static kernel(): WebAssembly.Module | null {
    if (compiled === undefined) {
      try {
        compiled = new WebAssembly.Module(bytes);
      } catch {
        compiled = null; // what runs instead gives the same tables, only later
      }
    }
    return compiled;
  }

  private readonly kernel: Kernel;
  /** Ids below this have room in the tables as they are now. */
  private readonly room: number;
  private readonly mask: number;
  private readonly text: Uint8Array;
  private readonly heads: Int32Array;
  /** A file in another order would ask the kernel in vain for each of its entries. */
  private pause = 0;
  private nextPause = 1;

  constructor(
    kernel: WebAssembly.Module,
    private readonly scanner: JsonScanner,
    private readonly pool: PiecePool,
    private readonly table: PieceTable,
  ) {
    this.kernel = new WebAssembly.Instance(kernel).exports as unknown as Kernel;
    this.room = pool.begins.length;
    const { places } = table;
    this.mask = places - 1;
    const { memory, TEXT, HEADS } = this.kernel;
    const missing = HEADS.value + 4 * places - memory.buffer.byteLength;
    memory.grow(Math.max(0, Math.ceil(missing / PAGE)));
    this.text = new Uint8Array(memory.buffer, TEXT.value);
    this.heads = this.numbers(HEADS, places);
    table.moveHeads(this.heads);
  }

  /** Read all up to one that is not plain or is the last one. */
  read(): void {
    if (this.pause > 0) {
      this.pause--;
      return;
    }
    let some = false;
    while (this.readSome()) some = true;
    this.nextPause = some ? 1 : Math.min(LONGEST_PAUSE, 2 * this.nextPause);
    this.pause = this.nextPause - 1;
  }

  private readSome(): boolean {
    const { kernel, scanner, pool, table } = this;
    if (pool.size >= this.room) return false;
    const text = scanner.bytes.subarray(scanner.at, scanner.at + kernel.WINDOW.value);
    this.text.set(text);
    const count = kernel.readEntries(text.length, pool.size, pool.used, this.room - pool.size, this.mask);
    if (count === 0) return false;
    scanner.at += kernel.bytesRead.value;
    table.append(pool.size, this.numbers(kernel.HASHES, count), this.numbers(kernel.NEXT, count), kernel.longest.value);
    const units = new Uint16Array(kernel.memory.buffer, kernel.UNITS.value, kernel.unitsRead.value);
    pool.append(units, this.numbers(kernel.ENDS, count));
    return true;
  }

  private numbers(table: { readonly value: number }, count: number): Int32Array {
    return new Int32Array(this.kernel.memory.buffer, table.value, count);
  }

  /** Nothing more will be read: what the kernel's memory has belongs to the table. */
  end(): void {
    if (this.table.places === this.heads.length) this.table.moveHeads(this.heads.slice());
  }
}
