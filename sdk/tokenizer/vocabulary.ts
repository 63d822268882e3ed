/**
 * Pieces and their ids, both ways.
 *
 *   vocabulary.find("##ing")   // 2075
 *   vocabulary.piece(2075)     // "##ing"
 */
import { TokenizerError } from "./errors.js";
import { CheckedPieces, type FrontCoded } from "./front-coding.js";
import { fromLengths, type LengthCoded } from "./length-coding.js";
import { PiecePool } from "./piece-pool.js";
import { PieceTable } from "./piece-table.js";
import { Trie } from "./trie.js";

export class Vocabulary {
  private pieces: PiecePool | CheckedPieces;
  private whole: PieceTable | undefined;
  private beginnings: Trie | undefined;
  /** Ids that are not in order must stay below this, so that a small file cannot ask for a large table. */
  private readonly widest: number;

  /**
   * @param pieces how many are expected; more are taken as needed
   * @param most how many there can be at most
   */
  constructor(pieces = 64, most = pieces) {
    this.pieces = new PiecePool(pieces);
    this.widest = 1024 + most;
  }

  static of(pieces: Iterable<string>): Vocabulary {
    const vocabulary = new Vocabulary();
    for (const piece of pieces) vocabulary.add(piece, vocabulary.size);
    return vocabulary;
  }

  /** Pieces that stand in the order of their units or of their ids, to be found as a whole. */
  static tableOf(coded: FrontCoded | LengthCoded): Vocabulary {
    const vocabulary = new Vocabulary(0);
    const { pool, table } = "ids" in coded ? new CheckedPieces(coded).spellTable() : fromLengths(coded);
    vocabulary.pieces = pool;
    vocabulary.whole = table;
    return vocabulary;
  }

  /** Pieces that stand in the order of their units, to be found by their beginnings. They are spelt when a text of one is asked for. */
  static trieOf(coded: FrontCoded): Vocabulary {
    const vocabulary = new Vocabulary(0);
    const pieces = new CheckedPieces(coded);
    vocabulary.pieces = pieces;
    vocabulary.beginnings = Trie.ofSorted(pieces);
    return vocabulary;
  }

  /** The pieces by id. */
  get pool(): PiecePool {
    if (this.pieces instanceof CheckedPieces) this.pieces = this.pieces.spell();
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
      const { units, used, begins, ends, size } = this.pool;
      this.beginnings = new Trie(Math.max(64, Math.ceil(used * 0.38)));
      this.beginnings.setAll(units, begins.subarray(0, size), ends);
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
