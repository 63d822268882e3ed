/** The texts of a vocabulary's pieces by id, stored one after another in a single array of UTF-16 units. */
import { decodeUnits, grown } from "../text/buffers.js";

export class PiecePool {
  /** All ids are below this. Some may have no piece, in files edited by hand. */
  size = 0;
  /** Number of ids with a piece. */
  count = 0;
  units: Uint16Array;
  /** Number of units taken. */
  used = 0;
  /** Units of the longest piece. */
  longest = 0;
  /** By id: where its piece begins and ends in `units`; a begin of -1 means no piece. */
  begins: Int32Array;
  ends: Int32Array;

  /** @param expected pieces to make room for; the arrays grow as needed, and room that is never written takes no memory */
  constructor(expected: number, units = 5.25 * expected) {
    this.units = new Uint16Array(Math.ceil(units));
    this.begins = new Int32Array(expected).fill(-1);
    this.ends = new Int32Array(expected);
  }

  has(id: number): boolean {
    return Number.isInteger(id) && id < this.size && this.begins[id]! >= 0;
  }

  /** The piece of an id, or undefined. */
  piece(id: number): string | undefined {
    return this.has(id) ? decodeUnits(this.units, this.begins[id]!, this.ends[id]!) : undefined;
  }

  /** Make room for `length` more units. */
  reserve(length: number): void {
    const needed = this.used + length;
    if (needed > this.units.length)
      this.units = grown(this.units, new Uint16Array(Math.max(needed, 2 * this.units.length)));
  }

  /** Write a string from `used` on and return the unit after it. The piece is kept once it is placed. */
  write(text: string): number {
    this.reserve(text.length);
    for (let i = 0; i < text.length; i++) this.units[this.used + i] = text.charCodeAt(i);
    return this.used + text.length;
  }

  /** Give units [begin, end), which the caller has written, the id `id`. */
  place(begin: number, end: number, id: number): void {
    if (id >= this.begins.length) this.widen(id + 1);
    if (this.begins[id] === -1) this.count++;
    this.begins[id] = begin;
    this.ends[id] = end;
    this.used = end;
    this.longest = Math.max(this.longest, end - begin);
    if (id >= this.size) this.size = id + 1;
  }

  private widen(size: number): void {
    const old = this.begins.length;
    const length = Math.max(size, 2 * old);
    this.begins = grown(this.begins, new Int32Array(length)).fill(-1, old);
    this.ends = grown(this.ends, new Int32Array(length));
  }
}
