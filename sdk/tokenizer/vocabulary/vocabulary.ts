/**
 * Pieces and their ids, both ways.
 *
 *   vocabulary.find("##ing")   // 2075
 *   vocabulary.piece(2075)     // "##ing"
 */
import { TokenizerError } from "../errors.js";
import { PiecePool } from "./piece-pool.js";
import { PieceTable } from "./piece-table.js";

/** Finds the id of the piece units[start, end), or -1. */
export interface PieceIndex {
  find(units: Uint16Array, start: number, end: number): number;
}

export class Vocabulary {
  private byText: PieceTable | undefined;
  private otherIndex: PieceIndex | undefined;
  /** Ids out of order must be below this, so that a small file cannot demand a large table. */
  private readonly widest: number;

  /** @param most upper bound on the number of pieces */
  constructor(
    readonly pool = new PiecePool(64),
    most = 64,
  ) {
    this.widest = 1024 + most;
  }

  static of(pieces: Iterable<string>): Vocabulary {
    const vocabulary = new Vocabulary();
    for (const piece of pieces) vocabulary.add(piece, vocabulary.size);
    return vocabulary;
  }

  /** All ids are below this. */
  get size(): number {
    return this.pool.size;
  }

  /** Number of pieces. */
  get count(): number {
    return this.pool.count;
  }

  has(id: number): boolean {
    return this.pool.has(id);
  }

  /** The piece of an id, or undefined. */
  piece(id: number): string | undefined {
    return this.pool.piece(id);
  }

  add(piece: string, id: number): void {
    this.place(this.pool.used, this.pool.write(piece), id);
  }

  /** Give units [begin, end) of the pool, which the caller has written, the id `id`. */
  place(begin: number, end: number, id: number): void {
    const { pool } = this;
    if (!(Number.isInteger(id) && id >= 0 && (id <= pool.size || id < this.widest)))
      throw new TokenizerError(
        `vocabulary: ids must be whole numbers without wide gaps, got ${id} after ${this.count} pieces`,
      );
    this.otherIndex = undefined;
    if (this.byText !== undefined && pool.has(id)) this.byText.remove(id);
    pool.place(begin, end, id);
    this.byText?.add(id);
  }

  /** All pieces by their text, built on first use. From then on, the last of equal pieces is found. */
  get table(): PieceTable {
    this.byText ??= PieceTable.of(this.pool);
    return this.byText;
  }

  /** Find pieces through an index that the model has anyway, which saves the memory of a table. */
  useIndex(index: PieceIndex): void {
    this.otherIndex = index;
  }

  /** The id of the piece units[start, end) of some text, or -1. */
  idOf(units: Uint16Array, start: number, end: number): number {
    return (this.byText ?? this.otherIndex ?? this.table).find(units, start, end);
  }

  /** The id of a piece, or -1. */
  find(piece: string): number {
    if (typeof piece !== "string") return -1;
    const units = new Uint16Array(piece.length);
    for (let i = 0; i < piece.length; i++) units[i] = piece.charCodeAt(i);
    return this.idOf(units, 0, units.length);
  }
}

/** {piece: id}, as model.vocab of a tokenizer.json. */
export function vocabularyJSON(vocabulary: Vocabulary): Record<string, number> {
  // Without a prototype, because a piece may be called __proto__.
  const json = Object.create(null) as Record<string, number>;
  for (let id = 0; id < vocabulary.size; id++) {
    const piece = vocabulary.piece(id);
    // A JSON object has one of equal pieces: the one that `find` returns.
    if (piece !== undefined) json[piece] = vocabulary.find(piece);
  }
  return json;
}
