/** Pieces by id. All stand in one array of UTF-16 units, one after another. */
import { decodeUnits, grown } from "./aligned.js";
import type { JsonScanner } from "./json-scan.js";
import { hashUnits } from "./piece-hash.js";

export class PiecePool {
  /** Ids below this may have a piece; holes are possible in files made by hand. */
  size = 0;
  /** How many pieces there are. */
  count = 0;
  units: Uint16Array;
  used = 0;
  /** For each id where its piece begins and ends in `units`; -1 for a hole. */
  begins: Int32Array;
  ends: Int32Array;

  /**
   * @param pieces how many are expected; more are taken as needed
   * @param units how many units they are expected to have together
   */
  constructor(pieces: number, units = 5.25 * pieces) {
    this.units = new Uint16Array(Math.ceil(units));
    this.begins = new Int32Array(pieces).fill(-1);
    this.ends = new Int32Array(pieces);
  }

  has(id: number): boolean {
    return id >= 0 && id < this.size && this.begins[id]! >= 0;
  }

  /** The piece of an id, or undefined. */
  piece(id: number): string | undefined {
    return this.has(id) ? decodeUnits(this.units, this.begins[id]!, this.ends[id]!) : undefined;
  }

  /** Of the units of a piece; see piece-hash.ts. */
  hash(id: number): number {
    return hashUnits(this.units, this.begins[id]!, this.ends[id]!);
  }

  /** How many units a piece has. */
  length(id: number): number {
    return this.ends[id]! - this.begins[id]!;
  }

  /** Whether the piece without its first `skip` units is units[start, end). */
  matches(id: number, skip: number, units: Uint16Array, start: number, end: number): boolean {
    const begin = this.begins[id]! + skip;
    if (this.ends[id]! - begin !== end - start) return false;
    for (let i = begin, j = start; j < end; i++, j++) if (this.units[i] !== units[j]) return false;
    return true;
  }

  /** Make room for `length` more units. */
  reserve(length: number): void {
    const needed = this.used + length;
    if (needed > this.units.length)
      this.units = grown(this.units, new Uint16Array(Math.max(needed, 2 * this.units.length)));
  }

  /** Write a string to the units from `used` on; it ends at the unit returned, and is kept once it is placed. */
  write(text: string): number {
    this.reserve(text.length);
    for (let i = 0; i < text.length; i++) this.units[this.used + i] = text.charCodeAt(i);
    return this.used + text.length;
  }

  /** Read a string into the units from `used` on; it ends at the unit returned, and is kept once it is placed. */
  scanString(scanner: JsonScanner): number {
    for (const start = scanner.at; ; scanner.at = start) {
      const end = scanner.stringTo(this.units, this.used);
      if (end >= 0) return end;
      this.reserve(this.units.length + 1);
    }
  }

  /** Give units [begin, end), which the caller has written, the id `id`. */
  place(begin: number, end: number, id: number): void {
    if (id >= this.begins.length) this.widen(id + 1);
    if (this.begins[id] === -1) this.count++;
    this.begins[id] = begin;
    this.ends[id] = end;
    this.used = end;
    if (id >= this.size) this.size = id + 1;
  }

  /** Add pieces behind the last id, for which there is room: their units, and where each of them ends. */
  append(units: Uint16Array, ends: Int32Array): void {
    this.reserve(units.length);
    this.units.set(units, this.used);
    this.begins[this.size] = this.used;
    this.begins.set(ends.subarray(0, -1), this.size + 1);
    this.ends.set(ends, this.size);
    this.used += units.length;
    this.size += ends.length;
    this.count += ends.length;
  }

  private widen(size: number): void {
    const old = this.begins.length;
    const length = Math.max(size, 2 * old);
    this.begins = grown(this.begins, new Int32Array(length)).fill(-1, old);
    this.ends = grown(this.ends, new Int32Array(length));
  }

  /** Give back the room that was not needed, where it is worth copying the rest. */
  trim(): void {
    if (wasteful(this.used, this.units.length)) this.units = this.units.slice(0, this.used);
    if (wasteful(this.size, this.begins.length)) {
      this.begins = this.begins.slice(0, this.size);
      this.ends = this.ends.slice(0, this.size);
    }
  }
}

/** Whether so much of an array is left that copying what is used is worth it. What was never written costs no memory. */
function wasteful(used: number, length: number): boolean {
  return length - used > Math.max(1 << 16, used / 2);
}
