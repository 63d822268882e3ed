/**
 * Whole pieces to ids: a hash table over typed arrays, whose entries of one place are chained, the last one first. The
 * hash of a piece is computed unit by unit from the left, so that the hashes of all beginnings of a word come in one pass.
 */
import { grown } from "./aligned.js";
import type { PiecePool } from "./piece-pool.js";
import { AT_ONCE } from "./portions.js";

/** The hash of the empty piece. */
export const EMPTY_HASH = 0x811c9dc5 | 0;

/** The hash of a piece that is one unit longer (Fowler, Noll and Vo's, over UTF-16 units). */
export function hashOn(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, 0x01000193);
}

/** Of equal pieces the one that was added last is found. */
export class PieceTable {
  /** Units of the longest piece. */
  longest = 0;
  /** For each place of the table the id + 1 of the last piece there, or 0; see `placeOf` for the place of a hash. */
  private heads: Int32Array;
  private mask: number;
  /** By id: the id + 1 of the piece before it in its place, or 0. */
  private next: Int32Array;
  /** By id: the hash of the piece. */
  private hashes: Int32Array;

  /** An empty table. @param expected how many ids to make room for; more are taken as needed */
  constructor(
    private readonly pool: PiecePool,
    expected: number,
  ) {
    const places = 1 << Math.max(6, Math.ceil(Math.log2(expected * 0.8)));
    this.heads = new Int32Array(places);
    this.mask = places - 1;
    this.next = new Int32Array(expected);
    this.hashes = new Int32Array(expected);
  }

  /** How many chains there are. */
  get places(): number {
    return this.heads.length;
  }

  /** Keep the heads in another array, which has as many places and the same heads. */
  moveHeads(heads: Int32Array): void {
    this.heads = heads;
  }

  /** Add pieces from the id `first` on, for which there is room and which have been chained already. */
  append(first: number, hashes: Int32Array, next: Int32Array, longest: number): void {
    this.hashes.set(hashes, first);
    this.next.set(next, first);
    if (longest > this.longest) this.longest = longest;
  }

  /** Add the pieces [from, to) of the pool, which must not be in the table. */
  addFrom(from: number, to: number): void {
    if (to > this.next.length) this.widen(to);
    for (let first = from; first < to; first += AT_ONCE) this.addSome(first, Math.min(to, first + AT_ONCE));
  }

  private addSome(from: number, to: number): void {
    const { begins, ends, units } = this.pool;
    for (let id = from; id < to; id++) {
      const begin = begins[id]!;
      if (begin < 0) continue;
      const end = ends[id]!;
      let hash = EMPTY_HASH;
      for (let i = begin; i < end; i++) hash = Math.imul(hash ^ units[i]!, 0x01000193);
      this.link(id, hash, end - begin);
    }
  }

  /** Add the piece `id`, for which there is room and whose hash and number of units are known. */
  link(id: number, hash: number, length: number): void {
    const { heads } = this;
    const place = placeOf(hash, this.mask);
    this.hashes[id] = hash;
    this.next[id] = heads[place]!;
    heads[place] = id + 1;
    if (length > this.longest) this.longest = length;
  }

  /** Take the piece `id` out. */
  remove(id: number): void {
    const { heads, next } = this;
    const place = placeOf(this.hashes[id]!, this.mask);
    if (heads[place] === id + 1) {
      heads[place] = next[id]!;
      return;
    }
    let before = heads[place]! - 1;
    while (next[before] !== id + 1) before = next[before]! - 1;
    next[before] = next[id]!;
  }

  /** The id of the piece units[start, end), or -1. */
  find(units: Uint16Array, start: number, end: number): number {
    let hash = EMPTY_HASH;
    for (let i = start; i < end; i++) hash = hashOn(hash, units[i]!);
    return this.seek(hash, units, start, end, 0);
  }

  /** The id of the piece whose hash is known; its first `skip` units are taken on trust, the others are units[start, end). */
  seek(hash: number, units: Uint16Array, start: number, end: number, skip: number): number {
    const { hashes, next, pool } = this;
    let id = this.heads[placeOf(hash, this.mask)]! - 1;
    for (; id >= 0; id = next[id]! - 1) {
      if (hashes[id] !== hash) continue;
      if (same(pool.units, pool.begins[id]! + skip, pool.ends[id]!, units, start, end)) break;
    }
    return id;
  }

  /** Make room for ids below `size`, and as many places. */
  private widen(size: number): void {
    const length = Math.max(size, 2 * this.next.length);
    this.next = grown(this.next, new Int32Array(length));
    this.hashes = grown(this.hashes, new Int32Array(length));
    const old = this.heads;
    this.heads = new Int32Array(2 * old.length);
    this.mask = this.heads.length - 1;
    for (const head of old) for (const id of this.chain(head).reverse()) this.link(id, this.hashes[id]!, 0);
  }

  /** The ids of a place, the last one first. */
  private chain(head: number): number[] {
    const ids: number[] = [];
    for (let id = head - 1; id >= 0; id = this.next[id]! - 1) ids.push(id);
    return ids;
  }
}

/** Where a hash stands. The products that make it leave its low bits worse mixed than its high ones. */
function placeOf(hash: number, mask: number): number {
  return (hash ^ (hash >>> 15)) & mask;
}

function same(a: Uint16Array, begin: number, end: number, b: Uint16Array, start: number, stop: number): boolean {
  if (end - begin !== stop - start) return false;
  for (let i = begin, j = start; i < end; i++, j++) if (a[i] !== b[j]) return false;
  return true;
}
