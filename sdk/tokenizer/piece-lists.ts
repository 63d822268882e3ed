/**
 * Pieces in lists by how they begin: a list has all pieces that agree in their first units, and is split by the unit that
 * follows, only when somebody asks.
 */
import type { PiecePool } from "./piece-pool.js";
import { AT_ONCE } from "./portions.js";

/** What a list is split into: the piece that ends there, id + 1 or 0, and the lists of the others by their next units. */
interface Split {
  ended: number;
  readonly units: number[];
  readonly lists: number[];
}

/** Lists of a pool's pieces, linked in the order of their ids: a list is the id + 1 of its first piece, 0 when empty. */
export class PieceLists {
  /** The list of all pieces. */
  all = 0;
  /** Units of the longest piece. */
  longest = 0;
  /** Upper bound on the number of distinct prefixes. */
  readonly most: number;
  /** By id: the id + 1 of the piece that follows in its list, or 0. */
  private readonly next: Int32Array;
  /** Of the lists that are being made, by unit: the id + 1 of the first piece and of the last. */
  private readonly firsts = new Int32Array(1 << 16);
  private readonly lasts = new Int32Array(1 << 16);

  constructor(readonly pool: PiecePool) {
    this.most = pool.used;
    this.next = new Int32Array(pool.size);
    for (let to = pool.size; to > 0; to -= AT_ONCE) this.linkSome(Math.max(0, to - AT_ONCE), to);
  }

  private linkSome(from: number, to: number): void {
    const { begins, ends } = this.pool;
    const { next } = this;
    let { all, longest } = this;
    for (let id = to - 1; id >= from; id--) {
      const begin = begins[id]!;
      if (begin < 0) continue;
      next[id] = all;
      all = id + 1;
      if (ends[id]! - begin > longest) longest = ends[id]! - begin;
    }
    this.all = all;
    this.longest = longest;
  }

  /** Split a list whose pieces agree in `depth` units; each list is split at most once. Of equal pieces the last one counts. */
  split(list: number, depth: number): Split {
    const into: Split = { ended: 0, units: [], lists: [] };
    while (list > 0) list = this.splitSome(list, depth, into);
    const { firsts } = this;
    for (const unit of into.units) {
      into.lists.push(firsts[unit]!);
      firsts[unit] = 0;
    }
    return into;
  }

  /** Returns what is left of the list. */
  private splitSome(list: number, depth: number, into: Split): number {
    const { next, firsts, lasts } = this;
    const { begins, ends, units } = this.pool;
    for (let left = AT_ONCE; list > 0 && left > 0; left--) {
      const piece = list;
      const at = begins[piece - 1]! + depth;
      list = next[piece - 1]!;
      if (at === ends[piece - 1]) {
        into.ended = piece;
        continue;
      }
      const unit = units[at]!;
      if (firsts[unit] === 0) {
        firsts[unit] = piece;
        into.units.push(unit);
      } else next[lasts[unit]! - 1] = piece;
      lasts[unit] = piece;
      next[piece - 1] = 0;
    }
    return list;
  }
}
