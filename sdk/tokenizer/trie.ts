/**
 * A trie over UTF-16 units in one hash table: the entry of (node, unit) is the child itself, so a step costs one look at
 * memory. Walking a word from the left visits every piece that begins it, which is what WordPiece and Unigram ask for.
 *
 * Node 0 is the root, node n > 0 stands in entry n - 1: parent, unit, value (an id, or -1). Nodes get other numbers when
 * the table grows, so nobody may keep one across {@link Trie.set}.
 */

const PARENT = 0;
const UNIT = 1;
const VALUE = 2;
const ENTRY = 3;
const FREE = -1;

export class Trie {
  private table: Int32Array;
  private mask: number;
  private count = 0;
  private rootValue = -1;

  /** @param expected how many nodes to make room for; more are taken as needed */
  constructor(expected = 64) {
    const capacity = 1 << Math.max(6, Math.ceil(Math.log2(expected / FULL)));
    this.table = new Int32Array(ENTRY * capacity).fill(FREE);
    this.mask = capacity - 1;
  }

  /** The child of `node` by `unit`, or 0. */
  child(node: number, unit: number): number {
    const { table, mask } = this;
    for (let slot = place(node, unit) & mask; ; slot = (slot + 1) & mask) {
      const at = ENTRY * slot;
      const parent = table[at];
      if (parent === node && table[at + UNIT] === unit) return slot + 1;
      if (parent === FREE) return 0;
    }
  }

  /** The id stored at a node, or -1. */
  value(node: number): number {
    return node === 0 ? this.rootValue : this.table[ENTRY * node - ENTRY + VALUE]!;
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
      const { table, mask } = this;
      const most = Math.floor(FULL * (mask + 1)) - longest;
      let count = this.count;
      for (; key < keys && count <= most; key++) {
        const begin = begins[key]!;
        const end = ends[key]!;
        if (begin < 0) continue;
        if (end - begin > longest) break;
        let node = 0;
        for (let i = begin; i < end; i++) {
          const unit = units[i]!;
          let slot = place(node, unit) & mask;
          let at = ENTRY * slot;
          while (table[at] !== FREE && (table[at] !== node || table[at + UNIT] !== unit)) {
            slot = (slot + 1) & mask;
            at = ENTRY * slot;
          }
          if (table[at] === FREE) {
            table[at] = node;
            table[at + UNIT] = unit;
            count++;
          }
          node = slot + 1;
        }
        if (node === 0) this.rootValue = value + key;
        else table[ENTRY * node - ENTRY + VALUE] = value + key;
      }
      this.count = count;
    }
  }

  /**
   * Fill an empty trie that has room for all with keys in order of their units: a key shares the nodes of the one before
   * it as far as both agree, so that nothing has to be looked up.
   *
   * @param shared how many units each key shares with the one before it
   */
  setSorted(units: Uint16Array, begins: Int32Array, ends: Int32Array, shared: Uint8Array, order: Int32Array): void {
    const path = new Int32Array(513); // no key is longer: a shared part and a rest of at most 255 units each
    const { table, mask } = this;
    for (let i = 0; i < order.length; i++) {
      const id = order[i]!;
      const begin = begins[id]!;
      const length = ends[id]! - begin;
      let node = path[shared[i]!]!;
      for (let depth = shared[i]!; depth < length; depth++) {
        const unit = units[begin + depth]!;
        let slot = place(node, unit) & mask;
        while (table[ENTRY * slot] !== FREE) slot = (slot + 1) & mask;
        table[ENTRY * slot] = node;
        table[ENTRY * slot + UNIT] = unit;
        path[depth + 1] = node = slot + 1;
      }
      this.count += length - shared[i]!;
      if (node === 0) this.rootValue = id;
      else table[ENTRY * node - ENTRY + VALUE] = id;
    }
  }

  private makeRoom(nodes: number): void {
    let capacity = this.mask + 1;
    while (this.count + nodes + 1 > FULL * capacity) capacity *= 2;
    if (capacity > this.mask + 1) this.rehash(capacity);
  }

  /** Move all nodes to a larger table, parents before their children. */
  private rehash(capacity: number): void {
    const old = this.table;
    const table = new Int32Array(ENTRY * capacity).fill(FREE);
    const moved = new Int32Array(old.length / ENTRY + 1);
    const mask = capacity - 1;
    const waiting: number[] = [];
    for (let start = 1; start < moved.length; start++) {
      for (let node = start; node > 0 && moved[node] === 0; node = old[ENTRY * node - ENTRY + PARENT]!) {
        if (old[ENTRY * node - ENTRY + PARENT] === FREE) break;
        waiting.push(node);
      }
      while (waiting.length > 0) {
        const node = waiting.pop()!;
        const at = ENTRY * node - ENTRY;
        const parent = moved[old[at + PARENT]!]!;
        let slot = place(parent, old[at + UNIT]!) & mask;
        while (table[ENTRY * slot] !== FREE) slot = (slot + 1) & mask;
        table[ENTRY * slot] = parent;
        table[ENTRY * slot + UNIT] = old[at + UNIT]!;
        table[ENTRY * slot + VALUE] = old[at + VALUE]!;
        moved[node] = slot + 1;
      }
    }
    this.table = table;
    this.mask = mask;
  }
}

/** Share of the table that may be taken. */
const FULL = 0.7;

/** A well mixed 32-bit number from a node and a unit. */
function place(node: number, unit: number): number {
  const mixed = Math.imul(node, 0x9e3779b1) ^ Math.imul(unit + 1, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}
