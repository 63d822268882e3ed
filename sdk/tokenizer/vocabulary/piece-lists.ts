/**
 * The pieces of a pool in lists by prefix: a list holds all pieces with the same first units, in order of ids, and is split
 * by the next unit on request. A list is the id + 1 of its first piece.
 */
import type { PiecePool } from "./piece-pool.js";

/** A list split: the piece that ends there as id + 1, or 0, and the lists of the others by their next unit. */
interface Split {
  readonly ended: number;
  readonly children: Map<number, number>;
}

export class PieceLists {
  /** By id: number of ids between it and the next piece of its list. Zeros make list 1 the list of all pieces. */
  private readonly gaps: Int32Array;
  /** By unit: the last piece, as id + 1, of the list that `link` is building. */
  private readonly lasts = new Int32Array(1 << 16);

  constructor(private readonly pool: PiecePool) {
    this.gaps = new Int32Array(pool.size);
  }

  /** Split a list whose pieces have `depth` units in common; each is split at most once. The last of equal pieces counts. */
  split(list: number, depth: number): Split {
    const children = new Map<number, number>();
    const ended = this.link(list, depth, children);
    for (const unit of children.keys()) this.lasts[unit] = 0;
    return { ended, children };
  }

  /** Link the pieces with the same next unit; returns the piece without one. A function of this loop alone compiles sooner. */
  private link(list: number, depth: number, children: Map<number, number>): number {
    const { gaps, lasts } = this;
    const { begins, ends, size, units } = this.pool;
    let ended = 0;
    for (let next = list; next > 0 && next <= size; ) {
      const piece = next;
      const begin = begins[piece - 1]!;
      next = piece + 1 + gaps[piece - 1]!;
      if (begin < 0) continue;
      if (begin + depth === ends[piece - 1]) {
        ended = piece;
        continue;
      }
      const unit = units[begin + depth]!;
      const last = lasts[unit]!;
      if (last === 0) children.set(unit, piece);
      else gaps[last - 1] = piece - last - 1;
      lasts[unit] = piece;
      gaps[piece - 1] = -piece - 1;
    }
    return ended;
  }
}
