/**
 * Unigram language model: the most probable segmentation of a word (Kudo 2018, arXiv:1804.10959, section 3.2), found by the
 * Viterbi algorithm in one pass from left to right.
 */
import { shown } from "../../errors.js";
import { expect } from "../errors.js";
import type { Model, Pieces } from "../steps.js";
import { decodeUnits } from "../text/buffers.js";
import { Trie } from "../vocabulary/trie.js";
import type { Vocabulary } from "../vocabulary/vocabulary.js";
import { byteIds } from "./byte-fallback.js";

/** Score of an unknown character, below that of the least probable piece (log scale). */
const UNKNOWN_PENALTY = 10;

export class Unigram implements Model {
  private readonly trie: Trie;
  private lowest: number | undefined;
  // By position in the word: the best score of a path that ends there, its last piece, and the start of that piece.
  private best = new Float64Array(256);
  private last = new Int32Array(256);
  private from = new Int32Array(256);

  /**
   * @param scores log probability of each piece
   * @param unknown id of the unknown piece, -1 for none, when text that cannot be segmented is an error
   * @param byteFallback spell unknown characters as the bytes <0x00> … <0xFF>
   */
  constructor(
    readonly vocabulary: Vocabulary,
    readonly scores: Float64Array,
    readonly unknown: number,
    private readonly byteFallback = false,
  ) {
    this.trie = new Trie(vocabulary.pool);
    vocabulary.useIndex(this.trie);
  }

  /** The score of an unknown character, computed on first use. */
  private get unknownScore(): number {
    const { scores, vocabulary } = this;
    this.lowest ??= scores.subarray(0, vocabulary.size).reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
    return this.lowest - UNKNOWN_PENALTY;
  }

  encode(units: Uint16Array, start: number, end: number, out: Pieces): void {
    const length = end - start;
    if (length === 0) return;
    this.search(units, start, end);
    const { last, from, unknown } = this;
    const before = out.length;
    // Backwards; adjacent unknown characters become one piece.
    for (let at = length; at > 0; ) {
      const id = last[at]!;
      let begin = from[at]!;
      if (id !== unknown) out.push(id, begin, at);
      else {
        while (begin > 0 && last[begin] === unknown) begin = from[begin]!;
        this.pushUnknown(units, start, begin, at, out);
      }
      at = begin;
    }
    reverse(out, before);
  }

  /** Fill `best`, `last` and `from` for the word. */
  private search(units: Uint16Array, start: number, end: number): void {
    const length = end - start;
    if (length >= this.best.length) {
      this.best = new Float64Array(2 * length + 2);
      this.last = new Int32Array(2 * length + 2);
      this.from = new Int32Array(2 * length + 2);
    }
    const { best, last, from, trie, scores, unknown } = this;
    last.fill(-1, 0, length + 1);
    best[0] = 0;
    for (let at = 0; at < length; ) {
      const here = best[at]!;
      const unit = units[start + at]!;
      const size = (unit & 0xfc00) === 0xd800 ? 2 : 1;
      let single = false;
      let node = trie.child(0, unit);
      for (let stop = at + 1; node !== 0; stop++) {
        const id = trie.value(node);
        if (id >= 0) {
          const score = scores[id]! + here;
          if (last[stop] === -1 || score > best[stop]!) {
            best[stop] = score;
            last[stop] = id;
            from[stop] = at;
          }
          if (stop - at === size) single = true;
        }
        if (stop === length) break;
        node = trie.child(node, units[start + stop]!);
      }
      if (!single) {
        const stop = at + size;
        const score = this.unknownScore + here;
        if (last[stop] === -1 || score > best[stop]!) {
          expect(
            unknown >= 0,
            () =>
              `Unigram: ${shown(decodeUnits(units, start + at, start + stop))} is not a piece, and the model has no unknown token`,
          );
          best[stop] = score;
          last[stop] = unknown;
          from[stop] = at;
        }
      }
      at += size;
    }
  }

  /** Unknown characters [begin, end) of the word, to be reversed with the rest. */
  private pushUnknown(units: Uint16Array, start: number, begin: number, end: number, out: Pieces): void {
    const id = this.vocabulary.idOf(units, start + begin, start + end);
    const bytes =
      id < 0 && this.byteFallback ? byteIds(this.vocabulary, decodeUnits(units, start + begin, start + end)) : null;
    if (bytes === null) out.push(id < 0 ? this.unknown : id, begin, end);
    else for (const byte of bytes.reverse()) out.push(byte, begin, end);
  }

  settings(): Record<string, unknown> {
    return { type: "Unigram", unk_id: this.unknown < 0 ? null : this.unknown, byte_fallback: this.byteFallback };
  }

  tables(): Record<string, unknown> {
    const vocab: [string, number][] = [];
    for (let id = 0; id < this.vocabulary.size; id++) vocab.push([this.vocabulary.piece(id) ?? "", this.scores[id]!]);
    return { vocab };
  }
}

function reverse(pieces: Pieces, from: number): void {
  const count = pieces.length - from;
  for (const row of [pieces.ids, pieces.starts, pieces.ends]) row.subarray(from, from + count).reverse();
}
