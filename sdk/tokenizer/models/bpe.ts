/**
 * Byte-pair encoding: the characters of a word are merged pair by pair, in the order in which the merges were
 * learned and from left to right, until no adjacent pair is a merge (Sennrich, Haddow & Birch 2016, arXiv:1508.07909).
 */
import { expect } from "../errors.js";
import { type Model, Pieces } from "../steps.js";
import { grown } from "../text/buffers.js";
import { codePointAt, width } from "../text/unicode.js";
import { type Vocabulary, vocabularyJSON } from "../vocabulary/vocabulary.js";
import { byteIds } from "./byte-fallback.js";
import { MergeTable } from "./merge-table.js";

export interface BpeOptions {
  /** The token of characters that are not in the vocabulary; without it they are dropped. */
  readonly unknown?: string | null;
  /** Merge adjacent unknown characters into one token. */
  readonly fuseUnknown?: boolean;
  /** Spell unknown characters as the bytes <0x00> … <0xFF>. */
  readonly byteFallback?: boolean;
  /** Keep a word that is a piece whole, whatever the merges. */
  readonly ignoreMerges?: boolean;
  readonly prefix?: string | null;
  readonly suffix?: string | null;
}

/** Longer words use a heap: slower for few symbols, but O(n log n). */
const SHORT = 64;
const NO_RANK = 0x7fffffff;

export class Bpe implements Model {
  readonly unknown: number;
  private readonly table: MergeTable;
  /** Ids of the characters below U+0200, which include all byte characters; -1 if unknown. */
  private readonly single = new Int32Array(512).fill(-2);
  /** The symbols of the current word. */
  private readonly symbols = new Pieces();
  // By symbol: the next one, the rank of the two as a pair, and that pair's entry in the table.
  private readonly next = new Int32Array(SHORT);
  private readonly ranks = new Int32Array(SHORT);
  private readonly joined = new Int32Array(SHORT);

  /** @param merges left, right and joined id of each merge, three numbers each, in order of rank */
  constructor(
    readonly vocabulary: Vocabulary,
    readonly merges: Int32Array,
    private readonly options: BpeOptions = {},
  ) {
    this.table = new MergeTable(merges);
    this.unknown = options.unknown ? vocabulary.find(options.unknown) : -1;
  }

  encode(units: Uint16Array, start: number, end: number, out: Pieces): void {
    if (this.options.ignoreMerges) {
      const id = this.vocabulary.idOf(units, start, end);
      if (id >= 0) {
        out.push(id, 0, end - start);
        return;
      }
    }
    this.spell(units, start, end);
    const { symbols } = this;
    if (symbols.length > SHORT) this.joinLong();
    else this.joinShort();
    for (let i = 0; i < symbols.length; i++) out.push(symbols.ids[i]!, symbols.starts[i]!, symbols.ends[i]!);
  }

  /** Write the word's characters as symbols. */
  private spell(units: Uint16Array, start: number, end: number): void {
    const { symbols } = this;
    symbols.length = 0;
    let unknownFrom = -1;
    let unknownTo = 0;
    for (let at = start; at < end; ) {
      const codePoint = codePointAt(units, at);
      const next = at + width(codePoint);
      const id = this.character(codePoint, at === start, next === end);
      if (id >= 0) {
        if (unknownFrom >= 0) symbols.push(this.unknown, unknownFrom, unknownTo);
        unknownFrom = -1;
        symbols.push(id, at - start, next - start);
      } else if (
        !(this.options.byteFallback && this.spellBytes(codePoint, at - start, next - start)) &&
        this.options.unknown
      ) {
        expect(this.unknown >= 0, `BPE: the unknown token ${this.options.unknown} is missing from the vocabulary`);
        if (unknownFrom >= 0 && !this.options.fuseUnknown) symbols.push(this.unknown, unknownFrom, unknownTo);
        if (unknownFrom < 0 || !this.options.fuseUnknown) unknownFrom = at - start;
        unknownTo = next - start;
      }
      at = next;
    }
    if (unknownFrom >= 0) symbols.push(this.unknown, unknownFrom, unknownTo);
  }

  private character(codePoint: number, first: boolean, last: boolean): number {
    const { prefix, suffix } = this.options;
    if (prefix || suffix)
      return this.vocabulary.find(
        `${first ? "" : (prefix ?? "")}${String.fromCodePoint(codePoint)}${last ? (suffix ?? "") : ""}`,
      );
    if (codePoint >= this.single.length) return this.vocabulary.find(String.fromCodePoint(codePoint));
    let id = this.single[codePoint]!;
    if (id === -2) this.single[codePoint] = id = this.vocabulary.find(String.fromCodePoint(codePoint));
    return id;
  }

  private spellBytes(codePoint: number, start: number, end: number): boolean {
    const ids = byteIds(this.vocabulary, String.fromCodePoint(codePoint));
    if (ids === null) return false;
    for (const id of ids) this.symbols.push(id, start, end);
    return true;
  }

  /** Search all pairs for the lowest rank, merge, repeat. Symbols are linked, and keep the rank of their pair. */
  private joinShort(): void {
    const { table, ranks, joined, next } = this;
    const { ids, ends, length: count } = this.symbols;
    for (let i = 0; i < count; i++) this.link(i, i + 1 < count ? i + 1 : -1);
    for (;;) {
      let best = -1;
      let before = -1;
      let rank = NO_RANK;
      for (let i = count > 0 ? 0 : -1, last = -1; i >= 0; last = i, i = next[i]!)
        if (ranks[i]! < rank) {
          rank = ranks[i]!;
          best = i;
          before = last;
        }
      if (best < 0) break;
      const right = next[best]!;
      ids[best] = table.joined(joined[best]!);
      ends[best] = ends[right]!;
      ids[right] = -1;
      this.link(best, next[right]!);
      if (before >= 0) this.link(before, best);
    }
    this.compact();
  }

  /** Link symbol `right` after symbol `left`, and look up the merge of the two. */
  private link(left: number, right: number): void {
    this.next[left] = right;
    const { ids } = this.symbols;
    const at = right < 0 ? -1 : this.table.find(ids[left]!, ids[right]!);
    this.ranks[left] = at < 0 ? NO_RANK : this.table.rank(at);
    this.joined[left] = at;
  }

  /** Drop the symbols that were merged into others. */
  private compact(): void {
    const { ids, starts, ends, length: count } = this.symbols;
    let kept = 0;
    for (let i = 0; i < count; i++) {
      if (ids[i]! < 0) continue;
      ids[kept] = ids[i]!;
      starts[kept] = starts[i]!;
      ends[kept++] = ends[i]!;
    }
    this.symbols.length = kept;
  }

  /** The same with a heap of pairs and linked symbols. */
  private joinLong(): void {
    const { table } = this;
    const { ids, ends, length: count } = this.symbols;
    const next = Int32Array.from({ length: count }, (_, i) => (i + 1 < count ? i + 1 : -1));
    const previous = Int32Array.from({ length: count }, (_, i) => i - 1);
    const heap = new RankHeap();
    const offer = (left: number): void => {
      const right = left < 0 ? -1 : next[left]!;
      const at = right < 0 ? -1 : table.find(ids[left]!, ids[right]!);
      if (at >= 0) heap.push(table.rank(at), left);
    };
    for (let i = 0; i + 1 < count; i++) offer(i);
    while (heap.pop()) {
      const left = heap.place;
      const right = ids[left]! < 0 ? -1 : next[left]!;
      const at = right < 0 ? -1 : table.find(ids[left]!, ids[right]!);
      if (at < 0 || table.rank(at) !== heap.rank) continue; // one of the two has been merged since
      ids[left] = table.joined(at);
      ends[left] = ends[right]!;
      ids[right] = -1;
      next[left] = next[right]!;
      if (next[left]! >= 0) previous[next[left]!] = left;
      offer(previous[left]!);
      offer(left);
    }
    this.compact();
  }

  settings(): Record<string, unknown> {
    const { options } = this;
    return {
      type: "BPE",
      dropout: null,
      unk_token: options.unknown ?? null,
      continuing_subword_prefix: options.prefix ?? null,
      end_of_word_suffix: options.suffix ?? null,
      fuse_unk: options.fuseUnknown ?? false,
      byte_fallback: options.byteFallback ?? false,
      ignore_merges: options.ignoreMerges ?? false,
    };
  }

  tables(): Record<string, unknown> {
    const { vocabulary, merges } = this;
    const pairs: [string, string][] = [];
    for (let i = 0; i < merges.length; i += 3)
      pairs.push([vocabulary.piece(merges[i]!)!, vocabulary.piece(merges[i + 1]!)!]);
    return { vocab: vocabularyJSON(vocabulary), merges: pairs };
  }
}

/** A binary heap of (rank, place): the lowest rank first, then the leftmost. */
class RankHeap {
  rank = 0;
  place = 0;
  private keys = new Float64Array(256);
  private size = 0;

  push(rank: number, place: number): void {
    if (this.size === this.keys.length) this.keys = grown(this.keys, new Float64Array(2 * this.size));
    const { keys } = this;
    const key = rank * 0x80000000 + place; // below 2^53 for fewer than 4 million ranks
    let at = this.size++;
    for (; at > 0; at = (at - 1) >> 1) {
      const parent = keys[(at - 1) >> 1]!;
      if (parent <= key) break;
      keys[at] = parent;
    }
    keys[at] = key;
  }

  /** Pop the first into `rank` and `place`; false when empty. */
  pop(): boolean {
    if (this.size === 0) return false;
    const { keys } = this;
    const top = keys[0]!;
    const last = keys[--this.size]!;
    let at = 0;
    for (let child = 1; child < this.size; child = 2 * at + 1) {
      if (child + 1 < this.size && keys[child + 1]! < keys[child]!) child++;
      if (keys[child]! >= last) break;
      keys[at] = keys[child]!;
      at = child;
    }
    keys[at] = last;
    this.rank = Math.floor(top / 0x80000000);
    this.place = top % 0x80000000;
    return true;
  }
}
