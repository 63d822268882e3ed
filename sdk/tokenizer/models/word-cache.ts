/**
 * A cache of words and their pieces: text repeats itself, so most words need no model. One open-addressing hash table over
 * typed arrays. A full table evicts its older half, which bounds memory and time.
 */
import type { Model } from "../steps.js";
import { Pieces } from "../steps.js";
import { grown } from "../text/buffers.js";

/** Longer words are rare and would fill the table. */
const LONGEST = 48;
const ENTRY = 4; // hash, where the word begins in `keys`, its length + 64 * pieces, where its pieces begin in `pieces`
const PIECE = 3; // id, start, end

export class WordCache {
  private slots: Int32Array;
  private entries: Int32Array;
  private keys: Uint16Array;
  private pieces: Int32Array;
  private count = 0;
  private keysUsed = 0;
  private piecesUsed = 0;
  private readonly work = new Pieces();
  private scratch = new Int32Array(PIECE * 256);
  /** The pieces found last: `found[at …]`, {@link PIECE} numbers each. */
  found: Int32Array;
  at = 0;

  /** @param capacity words to remember: a power of two */
  constructor(
    private readonly model: Model,
    private readonly capacity = 1 << 16,
  ) {
    this.slots = new Int32Array(2 * 1024);
    this.entries = new Int32Array(ENTRY * 1024);
    this.keys = new Uint16Array(8 * 1024);
    this.pieces = new Int32Array(PIECE * 2 * 1024);
    this.found = this.pieces;
  }

  /** Number of pieces of the word `units[start, end)`. They are in `found` from `at` on until the next call. */
  look(units: Uint16Array, start: number, end: number): number {
    const length = end - start;
    if (length > LONGEST) return this.encode(units, start, end);
    let hash = length;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ units[i]!, 0x01000193);
    hash ^= hash >>> 15;
    const { slots, entries, keys } = this;
    const mask = slots.length - 1;
    let slot = hash & mask;
    for (; ; slot = (slot + 1) & mask) {
      const entry = slots[slot]! - 1;
      if (entry < 0) break;
      const at = ENTRY * entry;
      if (entries[at] !== hash) continue;
      const info = entries[at + 2]!;
      if ((info & 63) !== length) continue;
      let key = entries[at + 1]!;
      let i = start;
      while (i < end && keys[key] === units[i]) {
        key++;
        i++;
      }
      if (i < end) continue;
      this.found = this.pieces;
      this.at = entries[at + 3]!;
      return info >> 6;
    }
    return this.remember(units, start, end, hash);
  }

  /** A word that is too long to remember. */
  private encode(units: Uint16Array, start: number, end: number): number {
    const { work } = this;
    work.length = 0;
    this.model.encode(units, start, end, work);
    if (PIECE * work.length > this.scratch.length) this.scratch = new Int32Array(2 * PIECE * work.length);
    this.copy(this.scratch, 0);
    this.found = this.scratch;
    this.at = 0;
    return work.length;
  }

  /** Copy the pieces of `work`. */
  private copy(to: Int32Array, at: number): void {
    const { ids, starts, ends, length } = this.work;
    for (let i = 0; i < length; i++, at += PIECE) {
      to[at] = ids[i]!;
      to[at + 1] = starts[i]!;
      to[at + 2] = ends[i]!;
    }
  }

  private remember(units: Uint16Array, start: number, end: number, hash: number): number {
    const { work } = this;
    work.length = 0;
    this.model.encode(units, start, end, work);
    const count = work.length;
    if (this.count === this.capacity) this.forget();
    if (2 * this.count >= this.slots.length) this.widen();
    const length = end - start;
    if (this.keysUsed + length > this.keys.length) this.keys = grown(this.keys, new Uint16Array(2 * this.keys.length));
    while (this.piecesUsed + PIECE * count > this.pieces.length)
      this.pieces = grown(this.pieces, new Int32Array(2 * this.pieces.length));
    const at = ENTRY * this.count;
    this.entries[at] = hash;
    this.entries[at + 1] = this.keysUsed;
    this.entries[at + 2] = length + 64 * count;
    this.entries[at + 3] = this.piecesUsed;
    for (let i = 0; i < length; i++) this.keys[this.keysUsed + i] = units[start + i]!;
    this.copy(this.pieces, this.piecesUsed);
    this.found = this.pieces;
    this.at = this.piecesUsed;
    this.keysUsed += length;
    this.piecesUsed += PIECE * count;
    this.count++;
    this.insert(this.count, hash);
    return count;
  }

  private insert(number: number, hash: number): void {
    const mask = this.slots.length - 1;
    let slot = hash & mask;
    while (this.slots[slot] !== 0) slot = (slot + 1) & mask;
    this.slots[slot] = number;
  }

  private widen(): void {
    this.slots = new Int32Array(2 * this.slots.length);
    this.entries = grown(this.entries, new Int32Array(2 * this.entries.length));
    for (let i = 0; i < this.count; i++) this.insert(i + 1, this.entries[ENTRY * i]!);
  }

  /** Evict the older half of the words. */
  private forget(): void {
    const { entries, keys, pieces } = this;
    const first = Math.ceil(this.count / 2);
    const keysFrom = first < this.count ? entries[ENTRY * first + 1]! : this.keysUsed;
    const piecesFrom = first < this.count ? entries[ENTRY * first + 3]! : this.piecesUsed;
    entries.copyWithin(0, ENTRY * first, ENTRY * this.count);
    keys.copyWithin(0, keysFrom, this.keysUsed);
    pieces.copyWithin(0, piecesFrom, this.piecesUsed);
    this.count -= first;
    this.keysUsed -= keysFrom;
    this.piecesUsed -= piecesFrom;
    this.slots.fill(0);
    for (let i = 0; i < this.count; i++) {
      entries[ENTRY * i + 1]! -= keysFrom;
      entries[ENTRY * i + 3]! -= piecesFrom;
      this.insert(i + 1, entries[ENTRY * i]!);
    }
  }
}

export { PIECE };
