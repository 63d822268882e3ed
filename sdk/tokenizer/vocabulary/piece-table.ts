/**
 * Whole pieces to ids: a hash table over typed arrays with one chain per bucket, the piece added last in front.
 *
 *   entry (32 bits):  tag | id + 1          0 ends a chain
 *
 * An id + 1 takes the low bits that ids below the table's capacity need; the tag is the hash's bits above those. Equal tags
 * are almost always equal pieces, so a lookup that fails reads no text.
 */
import type { PiecePool } from "./piece-pool.js";

/** Tables of more buckets give two pieces to each: longer chains cost less than touching more pages for the first time. */
const MANY = 1 << 16;

export const NO_UNITS = /* @__PURE__ */ new Uint16Array(0);

/** The hash of no units; see {@link extendHash}. */
export const EMPTY_HASH = 0x811c9dc5 | 0;

/** The hash of some units and one more (FNV-1a over UTF-16 units): a word's prefixes are hashed in one pass. */
export function extendHash(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, 0x01000193);
}

function hashUnits(units: Uint16Array, start: number, end: number): number {
  let hash = EMPTY_HASH;
  for (let i = start; i < end; i++) hash = extendHash(hash, units[i]!);
  return hash;
}

/** The last of equal pieces with different ids is found. */
export class PieceTable {
  /** By bucket: its first entry. */
  private buckets: Int32Array;
  /** By id: the entry after it in its bucket. */
  private next: Int32Array;
  /** Number of buckets - 1. */
  private mask: number;
  /** The bits of an entry that are its tag. */
  private tags: number;

  /** An empty table of the pool's pieces. @param expected ids to make room for; the table grows as needed */
  constructor(
    private readonly pool: PiecePool,
    expected: number,
  ) {
    this.buckets = new Int32Array(bucketsFor(expected));
    this.next = new Int32Array(expected);
    this.mask = this.buckets.length - 1;
    this.tags = tagsAbove(expected);
  }

  /** All pieces of a pool, in the order of their ids. */
  static of(pool: PiecePool): PieceTable {
    const table = new PieceTable(pool, pool.begins.length);
    for (let id = 0; id < pool.size; id++) if (pool.begins[id]! >= 0) table.add(id);
    return table;
  }

  /** Add the piece `id`, which must not be in the table. */
  add(id: number): void {
    if (id >= this.next.length) this.widen(id + 1);
    const { pool } = this;
    this.insert(id, hashUnits(pool.units, pool.begins[id]!, pool.ends[id]!));
  }

  /** Add the piece `id`, for which there is room, with the hash of its units. */
  insert(id: number, hash: number): void {
    const { buckets } = this;
    const bucket = (hash ^ (hash >>> 15)) & this.mask;
    this.next[id] = buckets[bucket]!;
    buckets[bucket] = (hash & this.tags) | (id + 1);
  }

  /** Take the piece `id` out. */
  remove(id: number): void {
    const { buckets, next, tags, pool } = this;
    const hash = hashUnits(pool.units, pool.begins[id]!, pool.ends[id]!);
    const bucket = (hash ^ (hash >>> 15)) & this.mask;
    const entry = (hash & tags) | (id + 1);
    if (buckets[bucket] === entry) {
      buckets[bucket] = next[id]!;
      return;
    }
    let before = idOf(buckets[bucket]!, tags);
    while (next[before] !== entry) before = idOf(next[before]!, tags);
    next[before] = next[id]!;
  }

  /** The id of the piece units[start, end), or -1. */
  find(units: Uint16Array, start: number, end: number): number {
    return this.seek(hashUnits(units, start, end), units, start, end);
  }

  /** The id of the piece that is `prefix` followed by units[start, end), whose hash the caller has; or -1. */
  seek(hash: number, units: Uint16Array, start: number, end: number, prefix: Uint16Array = NO_UNITS): number {
    const { next, tags } = this;
    for (let entry = this.buckets[(hash ^ (hash >>> 15)) & this.mask]!; entry !== 0; ) {
      const id = idOf(entry, tags);
      if (((entry ^ hash) & tags) === 0 && this.matches(id, units, start, end, prefix)) return id;
      entry = next[id]!;
    }
    return -1;
  }

  private matches(id: number, units: Uint16Array, start: number, end: number, prefix: Uint16Array): boolean {
    const { pool } = this;
    const text = pool.units;
    let at = pool.begins[id]!;
    if (pool.ends[id]! - at !== prefix.length + end - start) return false;
    for (let i = 0; i < prefix.length; i++, at++) if (text[at] !== prefix[i]) return false;
    for (let i = start; i < end; i++, at++) if (text[at] !== units[i]) return false;
    return true;
  }

  /** Make room for ids below `size`, with as many buckets. */
  private widen(size: number): void {
    const { buckets, next, tags } = this;
    const length = Math.max(size, 2 * next.length);
    this.next = new Int32Array(length);
    this.tags = tagsAbove(length);
    this.buckets = new Int32Array(bucketsFor(length));
    this.mask = this.buckets.length - 1;
    for (const first of buckets) {
      const ids: number[] = [];
      for (let entry = first; entry !== 0; entry = next[ids.at(-1)!]!) ids.push(idOf(entry, tags));
      for (const id of ids.reverse()) this.add(id);
    }
  }
}

/** One bucket for each piece, or for two of many; a power of two. */
function bucketsFor(pieces: number): number {
  const buckets = 1 << Math.max(6, Math.ceil(Math.log2(pieces * 0.8)));
  return buckets > MANY ? buckets / 2 : buckets;
}

/** The bits above those that id + 1 takes for ids below `size`. */
function tagsAbove(size: number): number {
  return -1 << (32 - Math.clz32(size));
}

function idOf(entry: number, tags: number): number {
  return (entry & ~tags) - 1;
}
