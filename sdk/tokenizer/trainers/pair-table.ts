/** A count for each pair of numbers: open addressing over typed arrays, many times faster than a Map with joined keys. */
import { grown } from "../text/buffers.js";

export class PairTable {
  private slots = new Int32Array(1024);
  private lefts = new Int32Array(512);
  private rights = new Int32Array(512);
  counts = new Float64Array(512);
  length = 0;

  /** The number of the pair, assigned on first use. */
  index(left: number, right: number): number {
    const mask = this.slots.length - 1;
    let slot = mix(left, right) & mask;
    for (; ; slot = (slot + 1) & mask) {
      const index = this.slots[slot]! - 1;
      if (index < 0) break;
      if (this.lefts[index] === left && this.rights[index] === right) return index;
    }
    if (this.length === this.lefts.length) {
      this.widen();
      return this.index(left, right);
    }
    this.lefts[this.length] = left;
    this.rights[this.length] = right;
    this.slots[slot] = this.length + 1;
    return this.length++;
  }

  left(index: number): number {
    return this.lefts[index]!;
  }

  right(index: number): number {
    return this.rights[index]!;
  }

  private widen(): void {
    const size = 2 * this.lefts.length;
    this.lefts = grown(this.lefts, new Int32Array(size));
    this.rights = grown(this.rights, new Int32Array(size));
    this.counts = grown(this.counts, new Float64Array(size));
    this.slots = new Int32Array(2 * size);
    const mask = this.slots.length - 1;
    for (let i = 0; i < this.length; i++) {
      let slot = mix(this.lefts[i]!, this.rights[i]!) & mask;
      while (this.slots[slot] !== 0) slot = (slot + 1) & mask;
      this.slots[slot] = i + 1;
    }
  }
}

function mix(left: number, right: number): number {
  const mixed = Math.imul(left, 0x9e3779b1) ^ Math.imul(right + 1, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}
