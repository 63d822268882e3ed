/**
 * A trie over UTF-16 units in one hash table: the entry of (node, unit) is the child itself, so a step costs one look at
 * memory. Walking a word from the left visits every piece that begins it, which is what Unigram asks for.
 *
 * Node 0 is the root, node n > 0 stands in entry n - 1. A child stands in one of the few entries after its parent if one
 * was free, so that most steps stay within a line of the processor's cache; else where its hash says. Nodes get other
 * numbers when the table grows, so nobody may keep one across {@link Trie.set} or into another walk from the root. An entry
 * is two 32-bit numbers:
 *
 *   parent + 1 (21 bits; 0 in a free entry) · unit, upper 11 bits
 *   unit, lower 5 bits · closed (1 bit) · listed (1 bit) · value + 1 (25 bits; 0 for none)
 *
 * The pieces of a vocabulary are not entered one by one: a node is closed when it is entered, and is opened when somebody
 * first comes to it, which enters its children, or lists them if they are many; those are entered when somebody comes to
 * them. A text of one language comes to a small part of a vocabulary of a hundred.
 */
import { TokenizerError } from "./errors.js";
import type { PieceLists } from "./piece-lists.js";

/** Children that have not been entered: the lists of their pieces by unit; and how often others were asked for. */
interface Listed {
  readonly children: Map<number, number>;
  misses: number;
}

const FREE = 0;
const MOST = (1 << 21) - 2;
const LOW = 27; // where the lower bits of the unit begin
const REST = (1 << LOW) - 1;
/** The node's children have not been entered yet; instead of its value the entry has the list of pieces that go through it. */
const CLOSED = 1 << 26;
/** Some of the node's children have not been entered: they are in its list. */
const LISTED = 1 << 25;
const VALUE = LISTED - 1;
/** More children than this are listed. */
const MANY = 64;
/** Nodes that a table of pieces has room for at first, if they may have as many. */
const FIRST = 1 << 15;
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
  /** The pieces of closed nodes; null when there can be none. */
  private pieces: PieceLists | null = null;
  /** By node. */
  private listed = new Map<number, Listed>();
  /** Whether the root is one of these; others have a bit that says so. */
  private rootIsListed = false;
  /** Nodes that a walk along one piece can enter at most. */
  private walk = 0;
  /** With more nodes than this there is something to do before the next walk. */
  private most = Number.POSITIVE_INFINITY;

  /** @param expected how many nodes to make room for; more are taken as needed */
  constructor(expected = 256) {
    this.capacity = roomFor(expected);
    this.scale = this.capacity / 2 ** 32;
    this.table = new Int32Array(2 * this.capacity);
  }

  /** All pieces, with their ids as values. */
  static ofPieces(pieces: PieceLists): Trie {
    const walk = Math.min(pieces.longest * (MANY + 1), pieces.most);
    const trie = new Trie(Math.max(2 * walk, Math.min(pieces.most, FIRST)));
    trie.pieces = pieces;
    trie.walk = walk;
    trie.most = trie.room - walk;
    trie.open(0);
    return trie;
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
    this.enterAll();
    const needed = this.count + end - start + 1;
    if (needed > this.room) this.rehash(widerRoom(needed));
    let node = 0;
    for (let at = start; at < end; at++) {
      const slot = this.seek(node, units[at]!);
      if (this.table[2 * slot] === FREE) {
        this.count++;
        this.put(node, units[at]!, 0);
      }
      node = slot + 1;
    }
    if (node === 0) this.rootValue = value;
    else this.table[2 * node - 1] = (this.table[2 * node - 1]! & ~VALUE) | (value + 1);
  }

  /** How many nodes the table takes. */
  private get room(): number {
    return Math.floor(FULL * this.capacity) - 1;
  }

  /**
   * Before a walk, when nobody has the number of another node: room for all that it may enter, and no more lists that are
   * asked in vain again and again.
   */
  private prepare(): void {
    let needed = this.count + this.walk;
    for (const listed of this.listed.values()) if (isOver(listed)) needed += listed.children.size;
    if (needed > this.room) this.rehash(widerRoom(needed));
    for (const [node, listed] of this.listed) {
      if (!isOver(listed)) continue;
      this.listed.delete(node);
      if (node === 0) this.rootIsListed = false;
      else this.table[2 * node - 1]! &= ~LISTED;
      this.enterChildren(node, listed.children);
    }
    this.most = this.room - this.walk;
  }

  private isListed(node: number): boolean {
    return node === 0 ? this.rootIsListed : (this.table[2 * node - 1]! & LISTED) !== 0;
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
    const pieces = this.pieces!;
    const list = node === 0 ? pieces.all : this.table[2 * node - 1]! & VALUE;
    const { ended, units, lists } = pieces.split(list, this.depth(node));
    const children = new Map(units.map((unit, i) => [unit, lists[i]!]));
    const listed = node === 0 || units.length > MANY;
    if (listed) this.listed.set(node, { children, misses: 0 });
    else this.enterChildren(node, children);
    if (node === 0) {
      this.rootValue = ended - 1;
      this.rootIsListed = true;
    } else this.table[2 * node - 1] = (this.table[2 * node - 1]! & ~REST) | (listed ? LISTED : 0) | ended;
  }

  /** How many units lead to a node. */
  private depth(node: number): number {
    let depth = 0;
    for (; node > 0; node = (this.table[2 * node - 2]! >>> 11) - 1) depth++;
    return depth;
  }

  /** Enter what has not been entered, before pieces change or other keys come between. */
  enterAll(): void {
    if (this.pieces === null) return;
    const { begins, ends, units, size } = this.pieces.pool;
    for (let id = 0; id < size; id++) if (begins[id]! >= 0) this.find(units, begins[id]!, ends[id]!);
    for (const node of this.listed.keys()) if (node > 0) this.table[2 * node - 1]! &= ~LISTED;
    this.listed.clear();
    this.rootIsListed = false;
    this.pieces = null;
    this.most = Number.POSITIVE_INFINITY;
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

  /** Enter a node that is not there yet, with the rest of its second number; returns the node. */
  private put(parent: number, unit: number, rest: number): number {
    const { table } = this;
    const slot = this.free(parent, unit);
    table[2 * slot] = firstNumber(parent, unit);
    table[2 * slot + 1] = ((unit & 31) << LOW) | rest;
    return slot + 1;
  }
}

/** Whether children have been asked for in vain more often than there are any. */
function isOver({ children, misses }: Listed): boolean {
  return misses > children.size;
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

/** Room for so many nodes, and as many more as long as there is any. */
function widerRoom(nodes: number): number {
  return roomFor(Math.max(nodes, Math.min(2 * nodes, Math.floor(FULL * MOST) - 2)));
}

/** A well mixed 32-bit number from a node and a unit; its upper bits choose the place. */
function mix(node: number, unit: number): number {
  return Math.imul(Math.imul(node, 0x9e3779b1) ^ Math.imul(unit + 1, 0x85ebca6b), 0x2c1b3c6d);
}
