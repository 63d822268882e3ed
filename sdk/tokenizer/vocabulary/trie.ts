/**
 * A trie over UTF-16 units in one hash table. The entry of (node, unit) is the child itself, so a step costs one memory
 * access; walking a word from the left visits every piece that is a prefix of it, which is the question Unigram asks.
 *
 * Node 0 is the root; node n > 0 is entry n - 1. A child is placed within {@link NEAR} entries of its parent if one is free,
 * so that most steps stay within a cache line, else at its hash. Nodes are renumbered when the table grows, which
 * happens only at the root: a node number is valid until the next walk. An entry is two 32-bit numbers:
 *
 *   parent + 1 (21 bits; 0 when free)   | unit, upper 11 bits
 *   unit, lower 5 bits | closed | listed | value + 1 (25 bits; 0 for none)
 *
 * Pieces enter on demand: of a vocabulary for a hundred languages, a text touches a small part. A node is closed when it is
 * made, and its value holds the list of its pieces instead; its first visit enters its children, or, if they are many, lists
 * them to be entered one by one.
 */
import { TokenizerError } from "../errors.js";
import { PieceLists } from "./piece-lists.js";
import type { PiecePool } from "./piece-pool.js";

/** Children that have not been entered: the lists of their pieces by unit; and the number of lookups of absent units. */
interface Listed {
  readonly children: Map<number, number>;
  misses: number;
}

const FREE = 0;
const MOST = (1 << 21) - 2;
const LOW = 27; // shift of the unit's lower bits
const REST = (1 << LOW) - 1;
/** The node has not been visited: in place of its value is the list of the pieces that pass through it. */
const CLOSED = 1 << 26;
/** Some of the node's children are only in its list. */
const LISTED = 1 << 25;
const VALUE = LISTED - 1;
/** More children than this are listed. */
const MANY = 64;
/** Most nodes that a new table has room for. */
const FIRST = 1 << 15;
/** Largest load factor of the table. */
const FULL = 0.7;
/** Number of entries after a parent in which a child may be. */
const NEAR = 3;

export class Trie {
  private table: Int32Array;
  private capacity: number;
  /** Entries per 32-bit number: a hash times this is a place. */
  private scale: number;
  private count = 0;
  private rootValue = -1;
  private readonly pieces: PieceLists;
  /** By node. */
  private listed = new Map<number, Listed>();
  /** Upper bound on the nodes that one walk enters. */
  private readonly walk: number;
  /** With more nodes than this the table must grow before the next walk, or a list must be entered (then -1). */
  private most: number;

  /** All pieces of a pool, with their ids as values. The pool must not change afterwards. */
  constructor(pool: PiecePool) {
    this.pieces = new PieceLists(pool);
    // A piece has at most one node per unit.
    const most = pool.used;
    this.walk = Math.min(pool.longest * (MANY + 1), most);
    this.capacity = roomFor(Math.max(2 * this.walk, Math.min(most, FIRST)));
    this.scale = this.capacity / 2 ** 32;
    this.table = new Int32Array(2 * this.capacity);
    this.most = this.room - this.walk;
    this.open(0);
  }

  /** The child of `node` by `unit`, or 0. */
  child(node: number, unit: number): number {
    if (node === 0 && this.count > this.most) this.prepare();
    const { table } = this;
    const slot = this.seek(node, unit);
    if (table[2 * slot] === FREE) return this.isListed(node) ? this.enterListed(node, unit) : 0;
    if ((table[2 * slot + 1]! & CLOSED) !== 0) this.open(slot + 1);
    return slot + 1;
  }

  /** The id of the piece that ends at a node, or -1. */
  value(node: number): number {
    return node === 0 ? this.rootValue : (this.table[2 * node - 1]! & VALUE) - 1;
  }

  /** The id of the piece units[start, end), or -1. */
  find(units: Uint16Array, start: number, end: number): number {
    let node = 0;
    for (let at = start; at < end; at++) {
      node = this.child(node, units[at]!);
      if (node === 0) return -1;
    }
    return this.value(node);
  }

  /**
   * The entry of the child of `node` by `unit`, or the free one it would take. Entries are never freed, so a free entry on
   * the way proves that the child is not further on.
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

  /** Number of nodes that the table takes. */
  private get room(): number {
    return Math.floor(FULL * this.capacity) - 1;
  }

  /** Before a walk, when no node number is in use: make room, and enter the lists whose lookups mostly fail. */
  private prepare(): void {
    let needed = this.count + this.walk;
    for (const listed of this.listed.values()) if (isOver(listed)) needed += listed.children.size;
    if (needed > this.room) this.rehash(widerRoom(needed));
    for (const [node, listed] of this.listed) {
      if (!isOver(listed)) continue;
      this.listed.delete(node);
      if (node > 0) this.table[2 * node - 1]! &= ~LISTED;
      this.enterChildren(node, listed.children);
    }
    this.most = this.room - this.walk;
  }

  private isListed(node: number): boolean {
    return node === 0 ? this.listed.has(0) : (this.table[2 * node - 1]! & LISTED) !== 0;
  }

  /** Enter a child that may be listed; 0 if there is none. */
  private enterListed(node: number, unit: number): number {
    const listed = this.listed.get(node)!;
    const list = listed.children.get(unit);
    if (list === undefined) {
      listed.misses++;
      if (isOver(listed)) this.most = -1;
      return 0;
    }
    listed.children.delete(unit);
    this.count++;
    const child = this.put(node, unit, CLOSED | list);
    this.open(child);
    return child;
  }

  private enterChildren(node: number, children: ReadonlyMap<number, number>): void {
    for (const [unit, list] of children) this.put(node, unit, CLOSED | list);
    this.count += children.size;
  }

  /** Enter or list the children of a closed node, and enter its value. */
  private open(node: number): void {
    const { pieces } = this;
    const list = node === 0 ? 1 : this.table[2 * node - 1]! & VALUE;
    const { ended, children } = pieces.split(list, this.depth(node));
    const listed = node === 0 || children.size > MANY;
    if (listed) this.listed.set(node, { children, misses: 0 });
    else this.enterChildren(node, children);
    if (node === 0) this.rootValue = ended - 1;
    else this.table[2 * node - 1] = (this.table[2 * node - 1]! & ~REST) | (listed ? LISTED : 0) | ended;
  }

  /** Number of units from the root to a node. */
  private depth(node: number): number {
    let depth = 0;
    for (; node > 0; node = (this.table[2 * node - 2]! >>> 11) - 1) depth++;
    return depth;
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
    this.listed = new Map(Array.from(this.listed, ([node, listed]) => [moved[node]!, listed]));
  }

  /** Enter an absent node, with the low bits of its second number; returns the node. */
  private put(parent: number, unit: number, rest: number): number {
    const slot = this.seek(parent, unit);
    this.table[2 * slot] = firstNumber(parent, unit);
    this.table[2 * slot + 1] = ((unit & 31) << LOW) | rest;
    return slot + 1;
  }
}

/** Whether more absent children were looked up than are listed. */
function isOver({ children, misses }: Listed): boolean {
  return misses > children.size;
}

function firstNumber(parent: number, unit: number): number {
  return ((parent + 1) << 11) | (unit >> 5);
}

function roomFor(nodes: number): number {
  const capacity = Math.max(64, Math.ceil(nodes / FULL) + 1);
  if (capacity > MOST)
    throw new TokenizerError(`vocabulary: its pieces need ${capacity} nodes, at most ${MOST} are supported`);
  return capacity;
}

/** Room for the nodes, and for twice as many where the limit allows. */
function widerRoom(nodes: number): number {
  return roomFor(Math.max(nodes, Math.min(2 * nodes, Math.floor(FULL * MOST) - 2)));
}

/** A 32-bit hash of a node and a unit; its upper bits choose the place. */
function mix(node: number, unit: number): number {
  return Math.imul(Math.imul(node, 0x9e3779b1) ^ Math.imul(unit + 1, 0x85ebca6b), 0x2c1b3c6d);
}
