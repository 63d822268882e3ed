/**
 * A trie over UTF-16 units in one hash table: the entry of (node, unit) is the child itself, so a step costs one look at
 * memory. Walking a word from the left visits every piece that begins it, which is what Unigram asks for.
 *
 * Node 0 is the root, node n > 0 stands in entry n - 1. A child stands in one of the few entries after its parent if one
 * was free, so that most steps stay within a line of the processor's cache; else where its hash says. Nodes get other
 * numbers when the table grows, so nobody may keep one across {@link Trie.set}. An entry is two 32-bit numbers:
 *
 *   parent (21 bits) · unit, upper 11 bits
 *   unit, lower 5 bits · value + 1 (27 bits; 0 for none)
 */
import { TokenizerError } from "./errors.js";
import type { FrontCoded } from "./front-coding.js";
import { AT_ONCE } from "./portions.js";

const FREE = -1; // as a first number: parent 2^21 - 1, which is more than there can be
const MOST = (1 << 21) - 2;
const LOW = 27; // where the lower bits of the unit begin
const VALUE = (1 << LOW) - 1;
/** Share of the table that may be taken. */
const FULL = 0.7;
/** How many entries after its parent a child may stand in. */
const NEAR = 3;

export class Trie {
  private table: Int32Array;
  private capacity: number;
  /** Entries per number of 32 bits: a hash times this is a place. */
  private scale: number;
  private count = 0;
  private rootValue = -1;

  /** @param expected how many nodes to make room for; more are taken as needed */
  constructor(expected = 256) {
    this.capacity = roomFor(expected);
    this.scale = this.capacity / 2 ** 32;
    this.table = new Int32Array(2 * this.capacity).fill(FREE);
  }

  /** The child of `node` by `unit`, or 0. */
  child(node: number, unit: number): number {
    const slot = this.seek(node, unit);
    return this.table[2 * slot] === FREE ? 0 : slot + 1;
  }

  /**
   * The entry of the child of `node` by `unit`, or the free one that it would get. Entries are never given back, so a
   * free entry on the way says that the child cannot stand further on.
   */
  private seek(node: number, unit: number): number {
    const { table, capacity } = this;
    const key = (node << 11) | (unit >> 5);
    const low = unit & 31;
    if (node > 0 && node + NEAR <= capacity)
      for (let slot = node; slot < node + NEAR; slot++) {
        const first = table[2 * slot];
        if (first === FREE || (first === key && table[2 * slot + 1]! >>> LOW === low)) return slot;
      }
    for (let slot = ((mix(node, unit) >>> 0) * this.scale) | 0; ; ) {
      const first = table[2 * slot];
      if (first === FREE || (first === key && table[2 * slot + 1]! >>> LOW === low)) return slot;
      if (++slot === capacity) slot = 0;
    }
  }

  /** The id stored at a node, or -1. */
  value(node: number): number {
    return node === 0 ? this.rootValue : (this.table[2 * node - 1]! & VALUE) - 1;
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
    const keys = begins.length;
    for (let key = 0; key < keys; ) {
      // Room first, so that the table is not exchanged inside the loop.
      const longest = Math.max(64, ends[key]! - begins[key]!);
      this.makeRoom(longest);
      const { table } = this;
      const most = Math.floor(FULL * this.capacity) - longest;
      let count = this.count;
      for (; key < keys && count <= most; key++) {
        const begin = begins[key]!;
        const end = ends[key]!;
        if (begin < 0) continue;
        if (end - begin > longest) break;
        let node = 0;
        for (let i = begin; i < end; i++) {
          const unit = units[i]!;
          const slot = this.seek(node, unit);
          if (table[2 * slot] === FREE) {
            table[2 * slot] = (node << 11) | (unit >> 5);
            table[2 * slot + 1] = (unit & 31) << LOW;
            count++;
          }
          node = slot + 1;
        }
        if (node === 0) this.rootValue = value + key;
        else table[2 * node - 1] = (table[2 * node - 1]! & ~VALUE) | (value + key + 1);
      }
      this.count = count;
    }
  }

  /**
   * Fill an empty trie that has room with keys in order of their units: a key shares the nodes of the one before it as far
   * as both agree, so that nothing has to be looked up. The ids are the values.
   */
  setSorted(keys: FrontCoded): void {
    const path = new Int32Array(511); // no key is longer: a shared part and a rest of at most 255 units each
    for (let first = 0; first < keys.ids.length; first += AT_ONCE) this.setSome(keys, first, path);
  }

  /** @param path the nodes of the key before these */
  private setSome({ ids, shared, rest, units }: FrontCoded, first: number, path: Int32Array): void {
    const { table } = this;
    const last = Math.min(ids.length, first + AT_ONCE);
    let at = this.count;
    for (let i = first; i < last; i++) {
      let depth = shared[i]!;
      let node = path[depth]!;
      for (const stop = at + rest[i]!; at < stop; at++) {
        const unit = units[at]!;
        const slot = this.free(node, unit);
        table[2 * slot] = (node << 11) | (unit >> 5);
        table[2 * slot + 1] = (unit & 31) << LOW;
        path[++depth] = node = slot + 1;
      }
      if (node === 0) this.rootValue = ids[i]!;
      else table[2 * node - 1] = (table[2 * node - 1]! & ~VALUE) | (ids[i]! + 1);
    }
    this.count = at; // every unit that is not shared has become a node
  }

  /** The free entry for a child of `node` by `unit` that is not there. */
  private free(node: number, unit: number): number {
    const { table, capacity } = this;
    if (node > 0 && node + NEAR <= capacity)
      for (let slot = node; slot < node + NEAR; slot++) if (table[2 * slot] === FREE) return slot;
    let slot = ((mix(node, unit) >>> 0) * this.scale) | 0;
    while (table[2 * slot] !== FREE) if (++slot === capacity) slot = 0;
    return slot;
  }

  private makeRoom(nodes: number): void {
    const needed = this.count + nodes + 1;
    if (needed > FULL * this.capacity) this.rehash(roomFor(Math.max(needed, 2 * this.count)));
  }

  /** Move all nodes to a larger table, parents before their children. */
  private rehash(capacity: number): void {
    const old = this.table;
    const moved = new Int32Array(this.capacity + 1);
    this.table = new Int32Array(2 * capacity).fill(FREE);
    this.capacity = capacity;
    this.scale = capacity / 2 ** 32;
    const waiting: number[] = [];
    for (let start = 1; start < moved.length; start++) {
      if (old[2 * start - 2] === FREE) continue;
      for (let node = start; node > 0 && moved[node] === 0; node = old[2 * node - 2]! >>> 11) waiting.push(node);
      while (waiting.length > 0) {
        const node = waiting.pop()!;
        const [first, second] = [old[2 * node - 2]!, old[2 * node - 1]!];
        moved[node] = this.put(moved[first >>> 11]!, ((first & 0x7ff) << 5) | (second >>> LOW), second & VALUE);
      }
    }
  }

  /** Enter a node that is not there yet, with its value + 1; returns its number. */
  private put(parent: number, unit: number, value: number): number {
    const { table } = this;
    const slot = this.free(parent, unit);
    table[2 * slot] = (parent << 11) | (unit >> 5);
    table[2 * slot + 1] = ((unit & 31) << LOW) | value;
    return slot + 1;
  }
}

function roomFor(nodes: number): number {
  const capacity = Math.max(64, Math.ceil(nodes / FULL) + 1);
  if (capacity > MOST)
    throw new TokenizerError(
      `vocabulary: its pieces need a table of ${capacity} places, but at most ${MOST} are supported`,
    );
  return capacity;
}

/** A well mixed 32-bit number from a node and a unit; its upper bits choose the place. */
function mix(node: number, unit: number): number {
  return Math.imul(Math.imul(node, 0x9e3779b1) ^ Math.imul(unit + 1, 0x85ebca6b), 0x2c1b3c6d);
}
