/**
 * Front coding: pieces in order of their units, each without what it shares with the one before it. Piece i of the order
 * has the id ids[i] and is the first shared[i] units of piece i - 1, then the next rest[i] of `units`.
 *
 *   id  piece        shared  units
 *   41  token             0  token
 *   17  tokenize          5  ize
 *   90  tokens            5  s
 */
import { expect, TokenizerError } from "./errors.js";
import { PiecePool } from "./piece-pool.js";
import { EMPTY_HASH, PieceTable } from "./piece-table.js";
import { AT_ONCE } from "./portions.js";

/** Units of a piece at most: what is shared, and what is not, is counted in one byte. */
export const LONGEST = 255;

export interface FrontCoded {
  readonly ids: Int32Array;
  readonly shared: Uint8Array;
  readonly rest: Uint8Array;
  readonly units: Uint16Array;
}

/** Of equal pieces the one that was added last, which is the one that is found, comes last. */
export function frontCode(pool: PiecePool): FrontCoded {
  const ids = sortedIds(pool);
  const shared = new Uint8Array(ids.length);
  const rest = new Uint8Array(ids.length);
  const units: number[] = [];
  for (let i = 0; i < ids.length; i++) {
    const [begin, end] = [pool.begins[ids[i]!]!, pool.ends[ids[i]!]!];
    shared[i] = i === 0 ? 0 : sharedUnits(pool, ids[i - 1]!, ids[i]!);
    expect(
      end - begin <= LONGEST,
      `compact form: pieces of more than ${LONGEST} units are not supported, got ${end - begin}`,
    );
    rest[i] = end - begin - shared[i]!;
    for (let at = begin + shared[i]!; at < end; at++) units.push(pool.units[at]!);
  }
  return { ids, shared, rest, units: Uint16Array.from(units) };
}

/** Ids in order of their pieces' units; those of equal pieces in the order of their adding, as they stand in the pool. */
function sortedIds({ begins, ends, units, size }: PiecePool): Int32Array {
  const ids: number[] = [];
  for (let id = 0; id < size; id++) if (begins[id]! >= 0) ids.push(id);
  ids.sort((a, b) => {
    let [i, j] = [begins[a]!, begins[b]!];
    for (; i < ends[a]! && j < ends[b]!; i++, j++) if (units[i] !== units[j]) return units[i]! - units[j]!;
    return ends[a]! - i - (ends[b]! - j) || begins[a]! - begins[b]!;
  });
  return Int32Array.from(ids);
}

function sharedUnits({ begins, ends, units }: PiecePool, a: number, b: number): number {
  const most = Math.min(ends[a]! - begins[a]!, ends[b]! - begins[b]!);
  let length = 0;
  while (length < most && units[begins[a]! + length] === units[begins[b]! + length]) length++;
  return length;
}

/**
 * Pieces that have been checked, because the tables may come from anywhere, and that can be spelt. A small file cannot ask
 * for much memory: gaps between ids and what pieces share are bounded by the numbers of pieces and units.
 */
export class CheckedPieces {
  /** Ids are below this. */
  size = 0;
  readonly count: number;
  /** Units of all pieces together. */
  private total = 0;
  private rests = 0;
  private before = 0;
  /** For every {@link AT_ONCE}th piece where its own units begin. */
  private readonly begins: Int32Array;

  constructor(readonly coded: FrontCoded) {
    const { ids, units } = coded;
    this.count = ids.length;
    this.begins = new Int32Array(Math.ceil(ids.length / AT_ONCE));
    const given = new Uint8Array(1024 + 2 * ids.length);
    for (let first = 0; first < ids.length; first += AT_ONCE) this.checkSome(first, given);
    expect(
      this.rests === units.length,
      `compact tokenizer: pieces of ${units.length} units were expected, got ${this.rests}`,
    );
    // Pieces have some six units, and share half of them at most; thirty times what the file has would be a bomb.
    expect(
      this.total <= 4096 + 8 * ids.length + 4 * units.length,
      `compact tokenizer: ${ids.length} pieces and ${units.length} units would be spelt into ${this.total} units, which is too many. Is the file damaged? Such a vocabulary can be kept as tokenizer.json`,
    );
  }

  private checkSome(first: number, given: Uint8Array): void {
    const { ids, shared, rest } = this.coded;
    const last = Math.min(ids.length, first + AT_ONCE);
    let { size, total, rests, before } = this;
    this.begins[first / AT_ONCE] = rests;
    for (let i = first; i < last; i++) {
      const id = ids[i]!;
      if (given[id] !== 0) this.fail(i, `the id ${id} is out of range or has a piece already`);
      given[id] = 1;
      if (id >= size) size = id + 1;
      const same = shared[i]!;
      const own = rest[i]!;
      if (same > before) this.fail(i, `it shares ${same} units with a piece of ${before}`);
      before = same + own;
      if (before > LONGEST) this.fail(i, `it has ${before} units, more than ${LONGEST}`);
      rests += own;
      total += before;
    }
    this.size = size;
    this.total = total;
    this.rests = rests;
    this.before = before;
  }

  private fail(piece: number, message: string): never {
    throw new TokenizerError(`compact tokenizer: piece ${piece}: ${message}. Is the file damaged?`);
  }

  /** Nodes of a trie of all pieces: one for each unit that is not shared, and the root. */
  get nodes(): number {
    return this.coded.units.length + 1;
  }

  /** Where the units that piece i does not share begin. */
  restOf(i: number): number {
    const first = i - (i % AT_ONCE);
    let at = this.begins[first / AT_ONCE]!;
    for (let before = first; before < i; before++) at += this.coded.rest[before]!;
    return at;
  }

  spell(): PiecePool {
    const pool = new PiecePool(this.size, this.total);
    this.fill(pool);
    return pool;
  }

  /** The pieces, and the table of them as a whole. */
  spellTable(): { pool: PiecePool; table: PieceTable } {
    const pool = new PiecePool(this.size, this.total);
    const table = new PieceTable(pool, this.size);
    this.fill(pool, table);
    return { pool, table };
  }

  private fill(pool: PiecePool, table?: PieceTable): void {
    const place = { read: 0, before: 0 };
    for (let first = 0; first < this.count; first += AT_ONCE) spellSome(this.coded, first, place, pool, table);
    pool.count = this.count;
    pool.size = this.size;
  }
}

/** @param place where the next rest is read, and where the piece before it begins in the pool */
function spellSome(
  { ids, shared, rest, units: rests }: FrontCoded,
  first: number,
  place: { read: number; before: number },
  pool: PiecePool,
  table: PieceTable | undefined,
): void {
  const { units, begins, ends } = pool;
  const last = Math.min(ids.length, first + AT_ONCE);
  let { read, before } = place;
  let { used } = pool;
  for (let i = first; i < last; i++) {
    const begin = used;
    let hash = EMPTY_HASH;
    for (const stop = before + shared[i]!; before < stop; before++) {
      const unit = units[before]!;
      units[used++] = unit;
      hash = Math.imul(hash ^ unit, 0x01000193);
    }
    for (const stop = read + rest[i]!; read < stop; read++) {
      const unit = rests[read]!;
      units[used++] = unit;
      hash = Math.imul(hash ^ unit, 0x01000193);
    }
    before = begin;
    const id = ids[i]!;
    begins[id] = begin;
    ends[id] = used;
    if (table !== undefined) table.link(id, hash, used - begin);
  }
  place.read = read;
  place.before = before;
  pool.used = used;
}
