/**
 * Pieces by id as files have them: in UTF-8, one after another in the order of their ids. That is quickly read, and enough
 * to find pieces as a whole; {@link EncodedPieces.spelt} gives the same pieces in UTF-16 units.
 */
import { grown } from "./aligned.js";
import type { JsonScanner } from "./json-scan.js";
import { hashBytes } from "./piece-hash.js";
import { PiecePool } from "./piece-pool.js";
import { AT_ONCE } from "./portions.js";
import { decodeUTF8, isWritten, skipUTF8 } from "./utf8.js";

export class EncodedPieces {
  /** No pieces yet. More room than is expected is taken as needed. */
  static withRoom(pieces: number, bytes: number): EncodedPieces {
    return new EncodedPieces(new Uint8Array(bytes), new Int32Array(pieces));
  }

  /** Ids below this have a piece, or are holes. */
  size = 0;
  /** Bytes of all pieces. */
  used = 0;
  private readonly holes = new Set<number>();

  /** @param ends for each id where its piece ends in `bytes`; it begins where the one before it ends */
  constructor(
    public bytes: Uint8Array,
    public ends: Int32Array,
  ) {}

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

  /** Read a string into the bytes from `used` on; it ends at the byte returned, and is kept once it is placed. */
  scanString(scanner: JsonScanner): number {
    for (const start = scanner.at; ; scanner.at = start) {
      const end = scanner.stringTo(this.bytes, this.used);
      if (end >= 0) return end;
      this.bytes = grown(this.bytes, new Uint8Array(2 * this.bytes.length + 64));
    }
  }

  /** Give bytes [used, end), which the caller has written, an id that is beyond all others; between them there are holes. */
  place(end: number, id: number): void {
    if (id >= this.ends.length) this.ends = grown(this.ends, new Int32Array(Math.max(id + 1, 2 * this.ends.length)));
    for (; this.size < id; this.size++) {
      this.holes.add(this.size);
      this.ends[this.size] = this.used;
    }
    this.ends[this.size++] = end;
    this.used = end;
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
