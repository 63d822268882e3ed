/**
 * Pieces and their ids, both ways.
 *
 *   vocabulary.find("##ing")   // 2075
 *   vocabulary.piece(2075)     // "##ing"
 */
import { TokenizerError } from "./errors.js";
import { type FrontCoded, SortedPieces } from "./front-coding.js";
import { appendPieces, expectEnough, type LengthCoded, piecesOf } from "./length-coding.js";
import { LinkedPieces } from "./piece-lists.js";
import { PiecePool } from "./piece-pool.js";
import { PieceTable } from "./piece-table.js";
import { Trie } from "./trie.js";

export class Vocabulary {
  private pieces: PiecePool | SortedPieces;
  private whole: PieceTable | undefined;
  private beginnings: Trie | undefined;
  /** Ids that are not in order must stay below this, so that a small file cannot ask for a large table. */
  private readonly widest: number;

  /**
   * @param pieces how many are expected; more are taken as needed
   * @param most how many there can be at most
   * @param units how many units they are expected to have together
   */
  constructor(pieces = 64, most = pieces, units?: number) {
    this.pieces = new PiecePool(pieces, units);
    this.widest = 1024 + most;
  }

  static of(pieces: Iterable<string>): Vocabulary {
    const vocabulary = new Vocabulary();
    for (const piece of pieces) vocabulary.add(piece, vocabulary.size);
    return vocabulary;
  }

  /** Pieces of the compact form, to be found as a whole. */
  static ofLengths(coded: LengthCoded): Vocabulary {
    const { lengths, text, ids } = coded;
    expectEnough(lengths, text);
    const vocabulary = new Vocabulary(lengths.length, lengths.length, text.length);
    const { pool, table } = vocabulary;
    if (ids === null) appendPieces(coded, pool, table);
    else {
      let i = 0;
      for (const piece of piecesOf(coded)) vocabulary.add(piece, ids[i++]!);
    }
    return vocabulary;
  }

  /** Pieces of the compact form, to be found by their beginnings. They are spelt when a text of one is asked for. */
  static ofSorted(coded: FrontCoded): Vocabulary {
    const vocabulary = new Vocabulary(0);
    vocabulary.pieces = new SortedPieces(coded);
    return vocabulary;
  }

  /** The pieces by id. */
  get pool(): PiecePool {
    if (this.pieces instanceof SortedPieces) this.pieces = this.pieces.pool;
    return this.pieces;
  }

  /** All ids are below this. */
  get size(): number {
    return this.pieces.size;
  }

  /** How many pieces there are. */
  get count(): number {
    return this.pieces.count;
  }

  add(piece: string, id: number): void {
    const { pool } = this;
    const begin = pool.used;
    pool.reserve(piece.length);
    for (let i = 0; i < piece.length; i++) pool.units[begin + i] = piece.charCodeAt(i);
    this.place(begin, begin + piece.length, id);
  }

  /** Give the units [begin, end) of the pool, which the caller has written, the id `id`. */
  place(begin: number, end: number, id: number): void {
    const { pool } = this;
    if (!(Number.isInteger(id) && id >= 0 && (id <= pool.size || id < this.widest)))
      throw new TokenizerError(
        `vocabulary: ids must be whole numbers without wide gaps, got ${id} after ${pool.count} pieces`,
      );
    this.beginnings?.enterAll();
    if (pool.has(id)) this.whole?.remove(id);
    pool.place(begin, end, id);
    this.whole?.addFrom(id, id + 1);
    this.beginnings?.set(pool.units, begin, end, id);
  }

  /** All pieces by their whole text, made when first asked for. */
  get table(): PieceTable {
    if (this.whole === undefined) {
      const { pool } = this;
      this.whole = new PieceTable(pool, pool.begins.length);
      this.whole.addFrom(0, pool.size);
    }
    return this.whole;
  }

  /** All pieces by their beginnings, made when first asked for. */
  get trie(): Trie {
    if (this.beginnings === undefined) {
      const { pieces } = this;
      this.beginnings = Trie.ofPieces(pieces instanceof SortedPieces ? pieces : new LinkedPieces(pieces));
    }
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
    return this.pool.piece(id);
  }
}
