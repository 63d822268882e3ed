/**
 * Pieces and their ids, both ways. All pieces stand in one array of UTF-16 units, one after another.
 *
 *   vocabulary.find("##ing")   // 2075
 *   vocabulary.piece(2075)     // "##ing"
 */
import { decodeUnits, grown } from "./aligned.js";
import { TokenizerError } from "./errors.js";
import type { JsonScanner } from "./json-scan.js";
import { PieceTable } from "./piece-table.js";
import { Trie } from "./trie.js";

/** Numbers that may be left unused. */
const WASTE = 1 << 16;

export class Vocabulary {
  /** Ids below this may have a piece; holes are possible in files made by hand. */
  size = 0;
  /** How many pieces there are. */
  count = 0;
  units: Uint16Array;
  used = 0;
  /** For each id where its piece begins and ends in `units`; -1 for a hole. */
  begins: Int32Array;
  ends: Int32Array;
  private whole: PieceTable | undefined;
  private beginnings: Trie | undefined;
  /** Ids that are not in order must stay below this, so that a small file cannot ask for a large table. */
  private readonly widest: number;

  /**
   * @param pieces how many are expected; more are taken as needed
   * @param most how many there can be at most
   */
  constructor(pieces = 64, most = pieces) {
    this.widest = 1024 + most;
    this.units = new Uint16Array(8 * pieces);
    this.begins = new Int32Array(pieces).fill(-1);
    this.ends = new Int32Array(pieces).fill(-1);
  }

  static of(pieces: Iterable<string>): Vocabulary {
    const vocabulary = new Vocabulary();
    for (const piece of pieces) vocabulary.add(piece, vocabulary.size);
    return vocabulary;
  }

  /** A vocabulary from its tables: piece `id` is units[begins[id], ends[id]), or a hole where that is negative. */
  static made(units: Uint16Array, begins: Int32Array, ends: Int32Array, count: number): Vocabulary {
    const vocabulary = new Vocabulary(0);
    vocabulary.units = units;
    vocabulary.used = units.length;
    vocabulary.begins = begins;
    vocabulary.ends = ends;
    vocabulary.size = begins.length;
    vocabulary.count = count;
    return vocabulary;
  }

  add(piece: string, id: number): void {
    const begin = this.used;
    this.reserve(piece.length);
    for (let i = 0; i < piece.length; i++) this.units[begin + i] = piece.charCodeAt(i);
    this.place(begin, begin + piece.length, id);
  }

  /** Make room for `length` more units. */
  reserve(length: number): void {
    const needed = this.used + length;
    if (needed > this.units.length)
      this.units = grown(this.units, new Uint16Array(Math.max(needed, 2 * this.units.length)));
  }

  /** Read a string into the units from `used` on; it ends at the unit returned, and is kept once it is placed. */
  scanString(scanner: JsonScanner): number {
    for (const start = scanner.at; ; scanner.at = start) {
      const end = scanner.stringTo(this.units, this.used);
      if (end >= 0) return end;
      this.reserve(this.units.length);
    }
  }

  /** Give units [begin, end), which the caller has written, the id `id`. */
  place(begin: number, end: number, id: number): void {
    if (!(Number.isInteger(id) && id >= 0 && (id <= this.size || id < this.widest)))
      throw new TokenizerError(
        `vocabulary: ids must be whole numbers without wide gaps, got ${id} after ${this.count} pieces`,
      );
    if (id >= this.begins.length) this.widen(id + 1);
    if (this.begins[id] === -1) this.count++;
    else this.whole?.remove(id);
    this.begins[id] = begin;
    this.ends[id] = end;
    this.used = end;
    if (id >= this.size) this.size = id + 1;
    this.whole?.addFrom(id, id + 1);
    this.beginnings?.set(this.units, begin, end, id);
  }

  private widen(size: number): void {
    const length = Math.max(size, 2 * this.begins.length);
    const old = this.begins.length;
    this.begins = grown(this.begins, new Int32Array(length)).fill(-1, old);
    this.ends = grown(this.ends, new Int32Array(length)).fill(-1, old);
  }

  /** All pieces by their whole text, made when first asked for. */
  get table(): PieceTable {
    if (this.whole === undefined) {
      this.whole = new PieceTable(this, this.begins.length);
      this.whole.addFrom(0, this.size);
    }
    return this.whole;
  }

  /** All pieces by their beginnings, made when first asked for. */
  get trie(): Trie {
    if (this.beginnings === undefined) {
      const trie = new Trie(Math.max(64, Math.ceil(this.used * 0.38)));
      trie.setAll(this.units, this.begins.subarray(0, this.size), this.ends);
      this.beginnings = trie;
    }
    return this.beginnings;
  }

  /** Make the trie of pieces that stand in their order; see {@link Trie.setSorted}. */
  sorted(ids: Int32Array, shared: Uint8Array, rest: Uint8Array, nodes: number): void {
    this.beginnings = new Trie(nodes + 1);
    this.beginnings.setSorted(this.units, shared, rest, ids);
  }

  /** The id of the piece units[start, end) of some text, or -1. */
  idOf(units: Uint16Array, start: number, end: number): number {
    // A trie that exists anyway saves the memory of a table.
    if (this.beginnings === undefined || this.whole !== undefined) return this.table.find(units, start, end);
    const node = this.beginnings.find(units, start, end);
    return node < 0 ? -1 : this.beginnings.value(node);
  }

  /** The id of a piece, or -1. */
  find(piece: string): number {
    const units = new Uint16Array(piece.length);
    for (let i = 0; i < piece.length; i++) units[i] = piece.charCodeAt(i);
    return this.idOf(units, 0, units.length);
  }

  /** The piece of an id, or undefined. */
  piece(id: number): string | undefined {
    const begin = id >= 0 && id < this.size ? this.begins[id]! : -1;
    return begin < 0 ? undefined : decodeUnits(this.units, begin, this.ends[id]!);
  }

  /** Give back the room that was not needed, where it is worth copying the rest. */
  trim(): void {
    if (this.units.length - this.used > WASTE) this.units = this.units.slice(0, this.used);
    if (this.begins.length - this.size > WASTE) {
      this.begins = this.begins.slice(0, this.size);
      this.ends = this.ends.slice(0, this.size);
    }
  }
}
