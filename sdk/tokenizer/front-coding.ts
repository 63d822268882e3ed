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
import type { PieceLists, Split } from "./piece-lists.js";
import { PiecePool } from "./piece-pool.js";
import { AT_ONCE } from "./portions.js";

/** Units of a piece at most: what is shared, and what is not, is counted in one byte. */
const LONGEST = 255;

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
 * Pieces that have been checked, because the tables may come from anywhere. They are lists, each of which is the place of
 * its first piece in the order, from 1, and they can be spelt. A small file cannot ask for much memory: gaps between ids and
 * what pieces share are bounded by the numbers of pieces and units.
 */
export class SortedPieces implements PieceLists {
  /** Ids are below this. */
  size = 0;
  readonly count: number;
  longest = 0;
  /** Units of all pieces together. */
  private total = 0;
  private rests = 0;
  private before = 0;
  /** For every {@link AT_ONCE}th piece where its own units begin. */
  private readonly begins: Int32Array;
  private spelt: PiecePool | undefined;

  constructor(private readonly coded: FrontCoded) {
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
    let { size, longest, total, rests, before } = this;
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
      if (before > longest) longest = before;
      rests += own;
      total += before;
    }
    if (longest > LONGEST) this.fail(first, `it or one that follows has ${longest} units, more than ${LONGEST}`);
    this.size = size;
    this.longest = longest;
    this.total = total;
    this.rests = rests;
    this.before = before;
  }

  private fail(piece: number, message: string): never {
    throw new TokenizerError(`compact tokenizer: piece ${piece}: ${message}. Is the file damaged?`);
  }

  get all(): number {
    return Math.min(1, this.count);
  }

  /** What is not shared begins nothing that has been there. */
  get most(): number {
    return this.coded.units.length;
  }

  split(list: number, depth: number): Split {
    const into = { ended: 0, units: [], lists: [] };
    if (list === 0) return into;
    const place = { piece: list - 1, at: this.restOf(list - 1) };
    while (this.splitSome(list - 1, depth, place, into));
    return into;
  }

  /** Where the units that piece i does not share begin. */
  private restOf(i: number): number {
    const first = i - (i % AT_ONCE);
    let at = this.begins[first / AT_ONCE]!;
    for (let before = first; before < i; before++) at += this.coded.rest[before]!;
    return at;
  }

  /** Look at some more pieces; says whether the next one may belong to the list. */
  private splitSome(first: number, depth: number, place: { piece: number; at: number }, into: Split): boolean {
    const { ids, shared, rest, units } = this.coded;
    let { piece, at } = place;
    for (const last = Math.min(ids.length, piece + AT_ONCE); piece < last; at += rest[piece++]!) {
      const same = shared[piece]!;
      // The first piece is in the list; the others are as long as they share as much with the one before them.
      if (piece > first) {
        if (same > depth) continue;
        if (same < depth) break;
      }
      const own = depth - same;
      if (own === rest[piece]) into.ended = ids[piece]! + 1;
      else {
        into.units.push(units[at + own]!);
        into.lists.push(piece + 1);
      }
    }
    const more = piece === place.piece + AT_ONCE;
    place.piece = piece;
    place.at = at;
    return more;
  }

  /** The pieces, spelt when they are first asked for. */
  get pool(): PiecePool {
    if (this.spelt === undefined) {
      const pool = new PiecePool(this.size, this.total);
      const place = { read: 0, before: 0 };
      for (let first = 0; first < this.count; first += AT_ONCE) spellSome(this.coded, first, place, pool);
      pool.count = this.count;
      pool.size = this.size;
      this.spelt = pool;
    }
    return this.spelt;
  }
}

/** @param place where the next rest is read, and where the piece before it begins in the pool */
function spellSome(
  { ids, shared, rest, units: rests }: FrontCoded,
  first: number,
  place: { read: number; before: number },
  pool: PiecePool,
): void {
  const { units, begins, ends } = pool;
  const last = Math.min(ids.length, first + AT_ONCE);
  let { read, before } = place;
  let { used } = pool;
  for (let i = first; i < last; i++) {
    const begin = used;
    for (const stop = before + shared[i]!; before < stop; before++) units[used++] = units[before]!;
    for (const stop = read + rest[i]!; read < stop; read++) units[used++] = rests[read]!;
    before = begin;
    begins[ids[i]!] = begin;
    ends[ids[i]!] = used;
  }
  place.read = read;
  place.before = before;
  pool.used = used;
}
