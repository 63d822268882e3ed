/**
 * Pieces and their ids, both ways.
 *
 *   vocabulary.find("##ing")   // 2075
 *   vocabulary.piece(2075)     // "##ing"
 */
import type { EncodedPieces } from "./encoded-pieces.js";
import { TokenizerError } from "./errors.js";
import { PieceLists } from "./piece-lists.js";
import { PiecePool } from "./piece-pool.js";
import { PieceTable } from "./piece-table.js";
import { Trie } from "./trie.js";
import { decodeUTF8 } from "./utf8.js";

export class Vocabulary {
  private beginnings: Trie | undefined;
  /** Ids that are not in order must stay below this, so that a small file cannot ask for a large table. */
  private readonly widest: number;

  /**
   * @param most how many pieces there can be at most
   * @param whole the table of all pieces by their whole text, if there is one; pieces in UTF-8 have one
   */
  constructor(
    private pieces: PiecePool | EncodedPieces = new PiecePool(64),
    most = 64,
    private whole?: PieceTable,
  ) {
    this.widest = 1024 + most;
  }

  static of(pieces: Iterable<string>): Vocabulary {
    const vocabulary = new Vocabulary();
    for (const piece of pieces) vocabulary.add(piece, vocabulary.size);
    return vocabulary;
  }

  /** The pieces by id in UTF-16 units; from then on they are kept so. */
  get pool(): PiecePool {
    if (this.pieces instanceof PiecePool) return this.pieces;
    const pool = this.pieces.spelt();
    if (this.whole !== undefined) this.whole.texts = pool;
    this.pieces = pool;
    return pool;
  }

  /** All ids are below this. */
  get size(): number {
    return this.pieces.size;
  }

  has(id: number): boolean {
    return this.pieces.has(id);
  }

  /** How many pieces there are. */
  get count(): number {
    return this.pieces.count;
  }

  add(piece: string, id: number): void {
    const { pool } = this;
    this.place(pool.used, pool.write(piece), id);
  }

  /** Give the bytes [used, end) of `from`, which the caller has written, the id `id`; they may be the pieces here. */
  placeEncoded(from: EncodedPieces, end: number, id: number): void {
    if (from === this.pieces && id >= from.size) {
      this.check(id);
      from.place(end, id);
      this.table.addFrom(id, id + 1);
      return;
    }
    const { pool } = this;
    pool.reserve(end - from.used);
    this.place(pool.used, decodeUTF8(from.bytes, from.used, end, pool.units, pool.used), id);
  }

  /** Give the units [begin, end) of the pool, which the caller has written, the id `id`. */
  place(begin: number, end: number, id: number): void {
    this.check(id);
    const { pool } = this;
    this.beginnings?.enterAll();
    if (pool.has(id)) this.whole?.remove(id);
    pool.place(begin, end, id);
    this.whole?.addFrom(id, id + 1);
    this.beginnings?.set(pool.units, begin, end, id);
  }

  private check(id: number): void {
    if (!(Number.isInteger(id) && id >= 0 && (id <= this.size || id < this.widest)))
      throw new TokenizerError(
        `vocabulary: ids must be whole numbers without wide gaps, got ${id} after ${this.count} pieces`,
      );
  }

  /** All pieces by their whole text, made when first asked for. */
  get table(): PieceTable {
    if (this.whole === undefined) {
      const { pool } = this;
      this.whole = PieceTable.withRoom(pool, pool.begins.length);
      this.whole.addFrom(0, pool.size);
    }
    return this.whole;
  }

  /** All pieces by their beginnings, made when first asked for. */
  get trie(): Trie {
    this.beginnings ??= Trie.ofPieces(new PieceLists(this.pool));
    return this.beginnings;
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
    return this.pieces.piece(id);
  }
}
