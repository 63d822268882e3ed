/**
 * Pieces by id as files have them: in UTF-8, one after another in the order of their ids. That is quickly read, and enough
 * to find pieces as a whole; {@link EncodedPieces.spelt} gives the same pieces in UTF-16 units.
 */
import { grown } from "./aligned.js";
import { hashBytes } from "./piece-hash.js";
import { PiecePool, wasteful } from "./piece-pool.js";
import { AT_ONCE } from "./portions.js";
import { decodeUTF8, encodeUTF8, isWritten, skipUTF8 } from "./utf8.js";

export class EncodedPieces {
  /** Ids below this have a piece, or are holes. */
  size = 0;
  bytes: Uint8Array;
  used = 0;
  /** For each id where its piece ends in `bytes`; it begins where the one before it ends. */
  ends: Int32Array;
  private readonly holes = new Set<number>();

  /**
   * @param pieces how many are expected; more are taken as needed
   * @param bytes how many bytes they are expected to have together
   */
  constructor(pieces: number, bytes: number) {
    this.bytes = new Uint8Array(bytes);
    this.ends = new Int32Array(pieces);
  }

  /** How many pieces there are. */
  get count(): number {
    return this.size - this.holes.size;
  }

  has(id: number): boolean {
    return id >= 0 && id < this.size && !this.holes.has(id);
  }

  private begin(id: number): number {
    return id === 0 ? 0 : this.ends[id - 1]!;
  }

  /** The piece of an id, or undefined. */
  piece(id: number): string | undefined {
    return this.has(id) ? TEXT.decode(this.bytes.subarray(this.begin(id), this.ends[id]!)) : undefined;
  }

  hash(id: number): number {
    return hashBytes(this.bytes, this.begin(id), this.ends[id]!);
  }

  /** No piece has more units than its length. */
  length(id: number): number {
    return this.ends[id]! - this.begin(id);
  }

  /** Whether the piece without its first `skip` units is units[start, end). */
  matches(id: number, skip: number, units: Uint16Array, start: number, end: number): boolean {
    const begin = this.begin(id);
    const at = skip === 0 ? begin : skipUTF8(this.bytes, begin, skip);
    return isWritten(units, start, end, this.bytes, at, this.ends[id]!);
  }

  /** Add pieces behind the last id, for which there is room: their bytes, and where each of them ends. */
  append(bytes: Uint8Array, ends: Int32Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.used);
    this.ends.set(ends, this.size);
    this.used += bytes.length;
    this.size += ends.length;
  }

  /** Add a piece of whole characters, with an id that is beyond all others; between them there are holes. */
  add(units: Uint16Array, start: number, end: number, id: number): void {
    if (id >= this.ends.length) this.ends = grown(this.ends, new Int32Array(Math.max(id + 1, 2 * this.ends.length)));
    for (; this.size < id; this.size++) {
      this.holes.add(this.size);
      this.ends[this.size] = this.used;
    }
    this.reserve(3 * (end - start));
    this.used = encodeUTF8(units, start, end, this.bytes, this.used);
    this.ends[this.size++] = this.used;
  }

  private reserve(length: number): void {
    const needed = this.used + length;
    if (needed > this.bytes.length)
      this.bytes = grown(this.bytes, new Uint8Array(Math.max(needed, 2 * this.bytes.length)));
  }

  /** Give back the room that was not needed, where it is worth copying the rest. */
  trim(): void {
    if (wasteful(this.used, this.bytes.length)) this.bytes = this.bytes.slice(0, this.used);
    if (wasteful(this.size, this.ends.length)) this.ends = this.ends.slice(0, this.size);
  }

  /** The same pieces in UTF-16 units. */
  spelt(): PiecePool {
    const pool = new PiecePool(this.size, this.used);
    for (let first = 0; first < this.size; first += AT_ONCE) this.spellSome(first, pool);
    return pool;
  }

  private spellSome(first: number, pool: PiecePool): void {
    for (let id = first; id < Math.min(this.size, first + AT_ONCE); id++) {
      if (this.holes.has(id)) continue;
      const end = decodeUTF8(this.bytes, this.begin(id), this.ends[id]!, pool.units, pool.used);
      pool.place(pool.used, end, id);
    }
  }
}

const TEXT = new TextDecoder("utf-8", { ignoreBOM: true });
