/**
 * Pieces in lists by how they begin: a list has all pieces that agree in their first units, and is split by the unit that
 * follows, only when somebody asks.
 */
import type { PiecePool } from "./piece-pool.js";
import { AT_ONCE } from "./portions.js";

/** Numbers stand for lists, 0 for an empty one. */
export interface PieceLists {
  /** The list of all pieces. */
  readonly all: number;
  /** Units of the longest piece. */
  readonly longest: number;
  /** More than this many beginnings the pieces do not have. */
  readonly most: number;
  readonly pool: PiecePool;
  /** Split a list whose pieces agree in `depth` units; each is split once at most. Of equal pieces the last one counts. */
  split(list: number, depth: number): Split;
}

/** What a list is split into: the piece that ends there, id + 1 or 0, and the lists of the others by their next units. */
export interface Split {
  ended: number;
  readonly units: number[];
  readonly lists: number[];
}

/** Lists of a pool's pieces, which may stand in any order: a list is the id + 1 of its first piece, and all are linked. */
export class LinkedPieces implements PieceLists {
  all = 0;
  longest = 0;
  readonly most: number;
  /** By id: the id + 1 of the piece that follows in its list, or 0. */
  private readonly next: Int32Array;
  /** The lists that are being made, by unit. */
  private readonly heads = new Int32Array(1 << 16);

  constructor(readonly pool: PiecePool) {
    this.most = pool.used;
    this.next = new Int32Array(pool.size);
    for (let id = 0; id < pool.size; id += AT_ONCE) this.takeSome(id, Math.min(pool.size, id + AT_ONCE));
  }

  private takeSome(from: number, to: number): void {
    const { begins, ends } = this.pool;
    const { next } = this;
    let { all, longest } = this;
    for (let id = from; id < to; id++) {
      const begin = begins[id]!;
      if (begin < 0) continue;
      next[id] = all;
      all = id + 1;
      if (ends[id]! - begin > longest) longest = ends[id]! - begin;
    }
    this.all = all;
    this.longest = longest;
  }

  split(list: number, depth: number): Split {
    const into: Split = { ended: 0, units: [], lists: [] };
    while (list > 0) list = this.splitSome(list, depth, into);
    const { heads } = this;
    for (const unit of into.units) {
      into.lists.push(heads[unit]!);
      heads[unit] = 0;
    }
    return into;
  }

  /** Returns what is left of the list. */
  private splitSome(list: number, depth: number, into: Split): number {
    const { next, heads } = this;
    const { begins, ends, units } = this.pool;
    for (let left = AT_ONCE; list > 0 && left > 0; left--) {
      const id = list - 1;
      const at = begins[id]! + depth;
      list = next[id]!;
      if (at === ends[id]) {
        if (id >= into.ended) into.ended = id + 1;
        continue;
      }
      const unit = units[at]!;
      const head = heads[unit]!;
      if (head === 0) into.units.push(unit);
      next[id] = head;
      heads[unit] = id + 1;
    }
    return list;
  }
}
