/** Merges of byte-pair encoding as a hash table: a pair of ids to its rank and to the id of the joined piece. */

const ENTRY = 4; // left, right, rank, joined

export class MergeTable {
  private readonly entries: Int32Array;
  private readonly mask: number;

  /** @param merges left, right and joined id of each merge, three numbers each, in order of rank */
  constructor(merges: Int32Array) {
    const count = merges.length / 3;
    const size = 1 << Math.max(4, Math.ceil(Math.log2(2 * count + 1)));
    this.entries = new Int32Array(ENTRY * size).fill(-1);
    this.mask = size - 1;
    for (let rank = 0; rank < count; rank++) {
      const left = merges[3 * rank]!;
      const right = merges[3 * rank + 1]!;
      const at = this.place(left, right);
      // A pair given twice keeps its later rank, as in the reference.
      this.entries[at] = left;
      this.entries[at + 1] = right;
      this.entries[at + 2] = rank;
      this.entries[at + 3] = merges[3 * rank + 2]!;
    }
  }

  /** The entry of the pair, or -1. */
  find(left: number, right: number): number {
    const at = this.place(left, right);
    return this.entries[at] === -1 ? -1 : at;
  }

  rank(at: number): number {
    return this.entries[at + 2]!;
  }

  joined(at: number): number {
    return this.entries[at + 3]!;
  }

  private place(left: number, right: number): number {
    const { entries, mask } = this;
    const mixed = Math.imul(left, 0x9e3779b1) ^ Math.imul(right + 1, 0x85ebca6b);
    for (let slot = (mixed ^ (mixed >>> 15)) & mask; ; slot = (slot + 1) & mask) {
      const at = ENTRY * slot;
      if (entries[at] === -1 || (entries[at] === left && entries[at + 1] === right)) return at;
    }
  }
}
