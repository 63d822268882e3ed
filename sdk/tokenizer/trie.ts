/**
 * A trie over UTF-16 units in one hash table: the entry of (node, unit) is the child itself, so a step costs one look at
 * memory. Walking a word from the left visits every piece that begins it, which is what Unigram asks for.
 *
 * Node 0 is the root, node n > 0 stands in entry n - 1. A child stands in one of the few entries after its parent if one
 * was free, so that most steps stay within a line of the processor's cache; else where its hash says. Nodes get other
 * numbers when the table grows, so nobody may keep one across {@link Trie.set}. An entry is two 32-bit numbers:
 *
 *   parent + 1 (21 bits; 0 in a free entry) · unit, upper 11 bits
 *   unit, lower 5 bits · closed (1 bit) · listed (1 bit) · value + 1 (25 bits; 0 for none)
 *
 * Keys that stand in order need not be entered one by one: a node is closed when it is entered, and is opened when somebody
 * first comes to it, which enters its children, or lists them if they are many; those in a list are entered when somebody
 * comes to them. A text of one language comes to a small part of a vocabulary of a hundred.
 */
import { TokenizerError } from "./errors.js";
import { type CheckedPieces, LONGEST } from "./front-coding.js";
import { AT_ONCE } from "./portions.js";

/** Children that have not been entered: by which unit, in their order, and the first key that begins with each. */
interface List {
  readonly units: number[];
  readonly keys: number[];
}

/** A node that is being opened: `key` is looked at next, and its own units begin at `at`. */
interface Opening extends List {
  readonly depth: number;
  readonly first: number;
  key: number;
  at: number;
  value: number;
}

const FREE = 0;
const MOST = (1 << 21) - 2;
const LOW = 27; // where the lower bits of the unit begin
const REST = (1 << LOW) - 1;
/** The node's children have not been entered yet; instead of its value the entry has the first key that begins with it. */
const CLOSED = 1 << 26;
/** Some of the node's children have not been entered: they are in its list. */
const LISTED = 1 << 25;
const VALUE = LISTED - 1;
/** More children than this are listed. */
const MANY = 64;
/** Nodes that a walk along one key can enter at most. */
const WALK = LONGEST * (MANY + 1);
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
  /** Where the children of closed nodes stand; null when no node is closed or listed. */
  private keys: CheckedPieces | null = null;
  /** By node. */
  private lists = new Map<number, List>();
  /** With more nodes than this the table grows before the next walk. */
  private most = Number.POSITIVE_INFINITY;

  /** @param expected how many nodes to make room for; more are taken as needed */
  constructor(expected = 256) {
    this.capacity = roomFor(expected);
    this.scale = this.capacity / 2 ** 32;
    this.table = new Int32Array(2 * this.capacity);
  }

  /** Keys in order of their units, with their ids as values. Of equal keys the last one counts. */
  static ofSorted(keys: CheckedPieces): Trie {
    const trie = new Trie(Math.min(keys.nodes, 2 * WALK));
    trie.keys = keys;
    trie.limit();
    trie.open(0);
    return trie;
  }

  /** The child of `node` by `unit`, or 0. */
  child(node: number, unit: number): number {
    if (node === 0 && this.count > this.most) this.grow();
    const { table } = this;
    const slot = this.seek(node, unit);
    if (table[2 * slot] === FREE) return this.isListed(node) ? this.enterListed(node, unit) : 0;
    if ((table[2 * slot + 1]! & CLOSED) !== 0) this.open(slot + 1);
    return slot + 1;
  }

  /**
   * The entry of the child of `node` by `unit`, or the free one that it would get. Entries are never given back, so a
   * free entry on the way says that the child cannot stand further on.
   */
  private seek(node: number, unit: number): number {
    const { table, capacity } = this;
    const key = firstNumber(node, unit);
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
    this.openAll();
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
            table[2 * slot] = firstNumber(node, unit);
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

  private isListed(node: number): boolean {
    return node === 0 ? this.keys !== null : (this.table[2 * node - 1]! & LISTED) !== 0;
  }

  /** Enter a child that may be in the list of `node`; 0 if there is none. */
  private enterListed(node: number, unit: number): number {
    const { units, keys } = this.lists.get(node)!;
    let [low, high] = [0, units.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (units[middle]! < unit) low = middle + 1;
      else high = middle;
    }
    if (units[low] !== unit) return 0;
    this.count++;
    const child = this.put(node, unit, CLOSED | keys[low]!);
    this.open(child);
    return child;
  }

  /** Where walks begin nobody has the number of another node. */
  private grow(): void {
    this.rehash(roomFor(Math.min(2 * (this.count + WALK), this.keys!.nodes)));
    this.limit();
  }

  /** Set what makes the table grow: less room than a walk may ask for, unless there is room for all. */
  private limit(): void {
    const all = this.capacity >= roomFor(this.keys!.nodes);
    this.most = all ? Number.POSITIVE_INFINITY : Math.floor(FULL * this.capacity) - WALK;
  }

  /** Enter or list the children of a closed node, and enter its value. */
  private open(node: number): void {
    const first = node === 0 ? 0 : this.table[2 * node - 1]! & VALUE;
    const depth = this.depth(node);
    const opening = { units: [], keys: [], depth, first, key: first, at: this.keys!.restOf(first), value: 0 };
    while (this.listSome(opening));
    const { units, keys, value }: Opening = opening;
    const listed = node === 0 || units.length > MANY;
    if (listed) this.lists.set(node, opening);
    else {
      for (let i = 0; i < units.length; i++) this.put(node, units[i]!, CLOSED | keys[i]!);
      this.count += units.length;
    }
    if (node === 0) this.rootValue = value - 1;
    else this.table[2 * node - 1] = (this.table[2 * node - 1]! & ~REST) | (listed ? LISTED : 0) | value;
  }

  /** Look at some more keys; says whether the next one may go through the node. */
  private listSome(opening: Opening): boolean {
    const { ids, shared, rest, units } = this.keys!.coded;
    const { depth, first } = opening;
    let { key, at, value } = opening;
    for (const last = Math.min(ids.length, key + AT_ONCE); key < last; at += rest[key++]!) {
      const same = shared[key]!;
      // The first key goes through the node; the others that do so share it with the key before them.
      if (key > first) {
        if (same > depth) continue;
        if (same < depth) break;
      }
      const own = depth - same;
      if (own === rest[key]) value = ids[key]! + 1;
      else {
        opening.units.push(units[at + own]!);
        opening.keys.push(key);
      }
    }
    const more = key === opening.key + AT_ONCE;
    opening.key = key;
    opening.at = at;
    opening.value = value;
    return more;
  }

  /** How many units lead to a node. */
  private depth(node: number): number {
    let depth = 0;
    for (; node > 0; node = (this.table[2 * node - 2]! >>> 11) - 1) depth++;
    return depth;
  }

  /** Open every node: keys that come in any order would change what is shared. */
  private openAll(): void {
    if (this.keys === null) return;
    const { ids, shared, rest, units } = this.keys.coded;
    if (this.most < Number.POSITIVE_INFINITY) this.rehash(roomFor(this.keys.nodes));
    this.most = Number.POSITIVE_INFINITY;
    const path = [0];
    for (let key = 0, at = 0; key < ids.length; key++) {
      path.length = shared[key]! + 1;
      for (const stop = at + rest[key]!; at < stop; at++) path.push(this.child(path.at(-1)!, units[at]!));
    }
    for (const node of this.lists.keys()) if (node > 0) this.table[2 * node - 1]! &= ~LISTED;
    this.lists.clear();
    this.keys = null;
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
    this.table = new Int32Array(2 * capacity);
    this.capacity = capacity;
    this.scale = capacity / 2 ** 32;
    const waiting: number[] = [];
    for (let start = 1; start < moved.length; start++) {
      if (old[2 * start - 2] === FREE) continue;
      for (let node = start; node > 0 && moved[node] === 0; node = (old[2 * node - 2]! >>> 11) - 1) waiting.push(node);
      while (waiting.length > 0) {
        const node = waiting.pop()!;
        const [first, second] = [old[2 * node - 2]!, old[2 * node - 1]!];
        moved[node] = this.put(moved[(first >>> 11) - 1]!, ((first & 0x7ff) << 5) | (second >>> LOW), second & REST);
      }
    }
    this.lists = new Map(Array.from(this.lists, ([node, list]) => [moved[node]!, list]));
  }

  /** Enter a node that is not there yet, with the rest of its second number; returns the node. */
  private put(parent: number, unit: number, rest: number): number {
    const { table } = this;
    const slot = this.free(parent, unit);
    table[2 * slot] = firstNumber(parent, unit);
    table[2 * slot + 1] = ((unit & 31) << LOW) | rest;
    return slot + 1;
  }
}

function firstNumber(parent: number, unit: number): number {
  return ((parent + 1) << 11) | (unit >> 5);
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
