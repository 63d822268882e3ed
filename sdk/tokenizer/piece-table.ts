/**
 * Whole pieces to ids: a hash table over typed arrays, whose entries of one place are chained, the last one first. An entry
 * is an id + 1 and, in the bits above, a tag: those bits of its piece's hash. 0 is none.
 */
import { hashUnits } from "./piece-hash.js";
import { AT_ONCE } from "./portions.js";

/** More places than this take long to be written to for the first time. */
const MANY = 1 << 16;

/** Where the pieces themselves are. */
export interface PieceTexts {
  has(id: number): boolean;
  hash(id: number): number;
  /** No piece has more units than its length. */
  length(id: number): number;
  /** Whether the piece without its first `skip` units is units[start, end). */
  matches(id: number, skip: number, units: Uint16Array, start: number, end: number): boolean;
}

/** Of equal pieces the one that was added last is found. */
export class PieceTable {
  /** An empty table. @param expected how many ids to make room for; more are taken as needed */
  static withRoom(texts: PieceTexts, expected: number): PieceTable {
    return new PieceTable(texts, new Int32Array(placesFor(expected)), new Int32Array(expected));
  }

  /** No piece has more units than this. */
  longest = 0;
  /** The number of places - 1. */
  private mask: number;
  /** The bits of an entry that are its tag. */
  private tags: number;

  /**
   * @param heads for each place the last entry there; see {@link placesFor} and `placeOf`
   * @param next by id: the entry before it in its place
   */
  constructor(
    public texts: PieceTexts,
    private heads: Int32Array,
    private next: Int32Array,
  ) {
    this.mask = heads.length - 1;
    this.tags = tagsBeside(next.length);
  }

  /** Add the pieces [from, to), which must not be in the table. */
  addFrom(from: number, to: number): void {
    if (to > this.next.length) this.widen(to);
    for (let first = from; first < to; first += AT_ONCE) this.addSome(first, Math.min(to, first + AT_ONCE));
  }

  private addSome(from: number, to: number): void {
    const { texts } = this;
    for (let id = from; id < to; id++) if (texts.has(id)) this.link(id);
  }

  /** Add the piece `id`, for which there is room. */
  private link(id: number): void {
    const { heads, texts } = this;
    const hash = texts.hash(id);
    const length = texts.length(id);
    const place = placeOf(hash, this.mask);
    this.next[id] = heads[place]!;
    heads[place] = (hash & this.tags) | (id + 1);
    if (length > this.longest) this.longest = length;
  }

  /** Take the piece `id` out. */
  remove(id: number): void {
    const { heads, next, tags } = this;
    const hash = this.texts.hash(id);
    const place = placeOf(hash, this.mask);
    const entry = (hash & tags) | (id + 1);
    if (heads[place] === entry) {
      heads[place] = next[id]!;
      return;
    }
    let before = idOf(heads[place]!, tags);
    while (next[before] !== entry) before = idOf(next[before]!, tags);
    next[before] = next[id]!;
  }

  /** The id of the piece units[start, end), or -1. */
  find(units: Uint16Array, start: number, end: number): number {
    return this.seek(hashUnits(units, start, end), units, start, end, 0);
  }

  /** The id of the piece whose hash is known; its first `skip` units are taken on trust, the others are units[start, end). */
  seek(hash: number, units: Uint16Array, start: number, end: number, skip: number): number {
    const { next, tags, texts } = this;
    for (let entry = this.heads[placeOf(hash, this.mask)]!; entry !== 0; ) {
      const id = idOf(entry, tags);
      if (((entry ^ hash) & tags) === 0 && texts.matches(id, skip, units, start, end)) return id;
      entry = next[id]!;
    }
    return -1;
  }

  /** Make room for ids below `size`, and as many places. */
  private widen(size: number): void {
    const { heads, next, tags } = this;
    const length = Math.max(size, 2 * next.length);
    this.next = new Int32Array(length);
    this.tags = tagsBeside(length);
    this.heads = new Int32Array(2 * heads.length);
    this.mask = this.heads.length - 1;
    for (const head of heads) {
      const ids: number[] = [];
      for (let entry = head; entry !== 0; entry = next[ids.at(-1)!]!) ids.push(idOf(entry, tags));
      for (const id of ids.reverse()) this.link(id);
    }
  }
}

/**
 * How many places a table of so many pieces has: one for each, or, where they are many, one for two. Pages that are written
 * to for the first time cost more then than longer chains do.
 */
export function placesFor(pieces: number): number {
  const places = 1 << Math.max(6, Math.ceil(Math.log2(pieces * 0.8)));
  return places > MANY ? places / 2 : places;
}

/** The tag of an entry: the bits above those that the ids below `size` and 1 take. */
export function tagsBeside(size: number): number {
  return -1 << (32 - Math.clz32(size));
}

function idOf(entry: number, tags: number): number {
  return (entry & ~tags) - 1;
}

/** Where a hash stands. */
function placeOf(hash: number, mask: number): number {
  return (hash ^ (hash >>> 15)) & mask;
}
