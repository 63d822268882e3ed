/**
 * The lattice of all segmentations of a word: forward and backward sums (Baum-Welch) for expected counts, and the best path
 * without one piece for pruning. Sums are of probabilities, rescaled at every character, so that
 * long words do not underflow.
 */

import { exp, log } from "../../math.js";
import type { Trie } from "../vocabulary/trie.js";

/** Score of an unknown character, below that of the least probable piece (log scale). */
const UNKNOWN_PENALTY = 10;

export class UnigramLattice {
  private readonly chances: Float64Array;
  private readonly unknownScore: number;
  // Edges of the current word: from, to, piece.
  private from: number[] = [];
  private to: number[] = [];
  private piece: number[] = [];

  /** @param scores log probabilities; piece 0 is the unknown one */
  constructor(
    private readonly trie: Trie,
    private readonly scores: Float64Array,
  ) {
    let lowest = 0;
    for (let id = 1; id < scores.length; id++) lowest = Math.min(lowest, scores[id]!);
    this.unknownScore = lowest - UNKNOWN_PENALTY;
    this.chances = Float64Array.from(scores, (score, id) => exp(id === 0 ? this.unknownScore : score));
  }

  /** Find all pieces of a word. */
  read(word: Uint16Array): void {
    this.from = [];
    this.to = [];
    this.piece = [];
    for (let at = 0; at < word.length; ) {
      const size = (word[at]! & 0xfc00) === 0xd800 ? 2 : 1;
      let single = false;
      let node = this.trie.child(0, word[at]!);
      for (let stop = at + 1; node !== 0; stop++) {
        const id = this.trie.value(node);
        if (id > 0) {
          this.edge(at, stop, id);
          if (stop - at === size) single = true;
        }
        if (stop === word.length) break;
        node = this.trie.child(node, word[stop]!);
      }
      if (!single) this.edge(at, at + size, 0);
      at += size;
    }
  }

  private edge(from: number, to: number, piece: number): void {
    this.from.push(from);
    this.to.push(to);
    this.piece.push(piece);
  }

  /** Add `count` times the expected number of each piece in the word to `expected`; returns the word's log probability. */
  expect(length: number, count: number, expected: Float64Array): number {
    const { from, to, piece, chances } = this;
    const scale = this.scales(length);
    const forward = new Float64Array(length + 1);
    const backward = new Float64Array(length + 1);
    forward[0] = backward[length] = 1;
    // An edge carries the scales of the characters it spans, so that all sums stay near 1.
    const weights = piece.map((id, i) => chances[id]! * exp(scale * (to[i]! - from[i]!)));
    for (let i = 0; i < from.length; i++) forward[to[i]!]! += forward[from[i]!]! * weights[i]!;
    for (let i = from.length - 1; i >= 0; i--) backward[from[i]!]! += backward[to[i]!]! * weights[i]!;
    const all = forward[length]!;
    for (let i = 0; i < from.length; i++)
      expected[piece[i]!]! += (count * forward[from[i]!]! * weights[i]! * backward[to[i]!]!) / all;
    return log(all) - scale * length;
  }

  /** A scale per character that makes the best path's weight 1. */
  private scales(length: number): number {
    const { best } = this.search(length, -1);
    return -best / length;
  }

  /** The pieces of the best path, without edges of piece `without`; empty when there is none. */
  path(length: number, without = -1): { pieces: number[]; score: number } {
    const { best, by } = this.search(length, without);
    const pieces: number[] = [];
    if (best === Number.NEGATIVE_INFINITY) return { pieces, score: best };
    for (let at = length; at > 0; at = this.from[by[at]!]!) pieces.push(this.piece[by[at]!]!);
    return { pieces: pieces.reverse(), score: best };
  }

  private search(length: number, without: number): { best: number; by: Int32Array } {
    const scores = new Float64Array(length + 1).fill(Number.NEGATIVE_INFINITY);
    const by = new Int32Array(length + 1).fill(-1);
    scores[0] = 0;
    for (let i = 0; i < this.from.length; i++) {
      const id = this.piece[i]!;
      if (id === without) continue;
      const score = scores[this.from[i]!]! + (id === 0 ? this.unknownScore : this.scores[id]!);
      if (score > scores[this.to[i]!]!) {
        scores[this.to[i]!] = score;
        by[this.to[i]!] = i;
      }
    }
    return { best: scores[length]!, by };
  }
}
