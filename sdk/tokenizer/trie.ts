/**
 * A trie over UTF-16 units in two typed arrays: a node is a number, its children are found by hashing (node, unit).
 * Walking a word from the left visits every piece that begins it, which is what WordPiece and Unigram ask for.
 *
 * Node records are three numbers: parent, unit, value (an id, or -1). Node 0 is the root.
 */
import { grown } from "./aligned.js";

const PARENT = 0;
const UNIT = 1;
const VALUE = 2;
const RECORD = 3;

export class Trie {
  /** Nodes in order of creation, {@link RECORD} numbers each. */
  private records: Int32Array;
  /** Open addressing: node numbers, 0 for a free slot (the root is nobody's child). */
  private slots: Int32Array;
  private mask: number;
  private count = 1;

  /** @param expected how many nodes to make room for; more are taken as needed */
  constructor(expected = 64) {
    const size = 1 << Math.max(7, Math.ceil(Math.log2(expected * 1.5)));
    this.records = new Int32Array(RECORD * Math.max(64, expected));
    this.records[VALUE] = -1;
    this.slots = new Int32Array(size);
    this.mask = size - 1;
  }

  get nodes(): number {
    return this.count;
  }

  /** The child of `node` by `unit`, or 0. */
  child(node: number, unit: number): number {
    const { records, slots, mask } = this;
    for (let slot = place(node, unit) & mask; ; slot = (slot + 1) & mask) {
      const candidate = slots[slot]!;
      if (candidate === 0) return 0;
      if (records[RECORD * candidate + UNIT] === unit && records[RECORD * candidate + PARENT] === node)
        return candidate;
    }
  }

  /** The id stored at a node, or -1. */
  value(node: number): number {
    return this.records[RECORD * node + VALUE]!;
  }

  /** The node of units [start, end), or -1 when no key begins so. */
  find(units: Uint16Array, start: number, end: number): number {
    let node = 0;
    for (let at = start; at < end; at++) {
      node = this.child(node, units[at]!);
      if (node === 0) return -1;
    }
    return node;
  }

  /** Store `value` under units [start, end); a later value replaces an earlier one. */
  set(units: Uint16Array, start: number, end: number, value: number): void {
    this.setAll(units, Int32Array.of(start), Int32Array.of(end), value);
  }

  /**
   * Store the keys units[begins[i], ends[i]) with the values value + i; those with a negative begin are left out.
   * One loop over all, because the engine makes one long loop fast sooner than many calls of a short one.
   */
  setAll(units: Uint16Array, begins: Int32Array, ends: Int32Array, value = 0): void {
    const count = begins.length;
    for (let key = 0; key < count; ) {
      // Room first, so that no table is exchanged inside the loop.
      const longest = this.makeRoom(begins, ends, key);
      const { records, slots, mask } = this;
      const most = Math.min((records.length / RECORD) | 0, (slots.length * 0.75) | 0) - longest;
      let nodes = this.count;
      for (; key < count && nodes <= most; key++) {
        const begin = begins[key]!;
        const end = ends[key]!;
        if (begin < 0) continue;
        if (end - begin > longest) break;
        let node = 0;
        for (let at = begin; at < end; at++) {
          const unit = units[at]!;
          let slot = place(node, unit) & mask;
          let child = slots[slot]!;
          while (
            child !== 0 &&
            (records[RECORD * child + UNIT] !== unit || records[RECORD * child + PARENT] !== node)
          ) {
            slot = (slot + 1) & mask;
            child = slots[slot]!;
          }
          if (child === 0) {
            child = nodes++;
            slots[slot] = child;
            const record = RECORD * child;
            records[record + PARENT] = node;
            records[record + UNIT] = unit;
            records[record + VALUE] = -1;
          }
          node = child;
        }
        records[RECORD * node + VALUE] = value + key;
      }
      this.count = nodes;
    }
  }

  /** See to it that the key has room; returns the length up to which the next keys may go without another look. */
  private makeRoom(begins: Int32Array, ends: Int32Array, key: number): number {
    const longest = Math.max(64, ends[key]! - begins[key]!);
    while ((this.count + longest + 1) * 4 > this.slots.length * 3) this.rehash();
    while (RECORD * (this.count + longest + 1) > this.records.length)
      this.records = grown(this.records, new Int32Array(2 * this.records.length));
    return longest;
  }

  /** Give back the room that was not needed. */
  trim(): void {
    this.records = this.records.slice(0, RECORD * this.count);
  }

  private rehash(): void {
    this.slots = new Int32Array(2 * this.slots.length);
    this.mask = this.slots.length - 1;
    for (let node = 1; node < this.count; node++) {
      let slot = place(this.records[RECORD * node + PARENT]!, this.records[RECORD * node + UNIT]!) & this.mask;
      while (this.slots[slot] !== 0) slot = (slot + 1) & this.mask;
      this.slots[slot] = node;
    }
  }
}

/** A well mixed 32-bit number from a node and a unit. */
function place(node: number, unit: number): number {
  const mixed = Math.imul(node, 0x9e3779b1) ^ Math.imul(unit + 1, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}
