/**
 * A pool's pieces in lists by their prefix: a list holds all pieces that agree in their first units, and is split by the
 * unit after those only on request. A list is the id + 1 of its first piece, 0 when empty; pieces are linked by id.
 */
import type { PiecePool } from "./piece-pool.js";

/** A list split: the piece that ends there as id + 1, or 0, and the lists of the others by their next unit. */
interface Split {
  ended: number;
  readonly units: number[];
  readonly lists: number[];
}

export class PieceLists {
  /** The list of all pieces. */
  all = 0;
  /** Units of the longest piece. */
  longest = 0;
  /** Upper bound on the number of distinct prefixes. */
  readonly most: number;
  /** By id: the id + 1 of the next piece of its list, or 0. */
  private readonly next: Int32Array;
  /** By unit: first and last piece, as id + 1, of the lists being made. */
  private readonly firsts = new Int32Array(1 << 16);
  private readonly lasts = new Int32Array(1 << 16);

  constructor(private readonly pool: PiecePool) {
    const { begins, ends, size, used } = pool;
    this.most = used;
    this.next = new Int32Array(size);
    for (let id = size - 1; id >= 0; id--) {
      const begin = begins[id]!;
      if (begin < 0) continue;
      this.next[id] = this.all;
      this.all = id + 1;
      this.longest = Math.max(this.longest, ends[id]! - begin);
    }
  }

  /** Split a list whose pieces agree in `depth` units; each list is split at most once. Of equal pieces the last one counts. */
  split(list: number, depth: number): Split {
    const { next, firsts, lasts } = this;
    const { begins, ends, units } = this.pool;
    const into: Split = { ended: 0, units: [], lists: [] };
    while (list > 0) {
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
    for (const unit of into.units) {
      into.lists.push(firsts[unit]!);
      firsts[unit] = 0;
    }
    return into;
  }
}
