/**
 * WordPiece: split a word into vocabulary pieces, longest first: "unwanted" -> un ##want ##ed.
 * As in google-research/bert tokenization.py, a word that cannot be completed is unknown as a whole.
 */
import { expect } from "../errors.js";
import type { Model, Pieces } from "../steps.js";
import { EMPTY_HASH, extendHash, NO_UNITS } from "../vocabulary/piece-table.js";
import { type Vocabulary, vocabularyJSON } from "../vocabulary/vocabulary.js";

export interface WordPieceOptions {
  /** Prefix of the pieces that continue a word. */
  readonly prefix?: string;
  readonly unknown?: string;
  /** Longer words, in characters, are unknown without a search, which bounds the work per word. */
  readonly longest?: number;
}

export class WordPiece implements Model {
  readonly prefix: string;
  readonly longest: number;
  unknownToken: string;
  private readonly prefixUnits: Uint16Array;
  private readonly prefixHash: number;
  /** Hashes of the prefixes of the remaining word. */
  private hashes = new Int32Array(128);

  constructor(
    readonly vocabulary: Vocabulary,
    options: WordPieceOptions = {},
  ) {
    this.prefix = options.prefix ?? "##";
    this.longest = options.longest ?? 100;
    this.unknownToken = options.unknown ?? "[UNK]";
    this.prefixUnits = Uint16Array.from({ length: this.prefix.length }, (_, i) => this.prefix.charCodeAt(i));
    this.prefixHash = this.prefixUnits.reduce(extendHash, EMPTY_HASH);
  }

  get unknown(): number {
    return this.vocabulary.find(this.unknownToken);
  }

  encode(units: Uint16Array, start: number, end: number, out: Pieces): void {
    const before = out.length;
    if (end - start > this.longest && countCharacters(units, start, end) > this.longest) {
      this.giveUp(out, before, end - start);
      return;
    }
    for (let at = start; at < end; ) {
      const stop = this.longestPiece(units, at, end, at > start);
      if (stop < 0) {
        this.giveUp(out, before, end - start);
        return;
      }
      out.push(this.found, at - start, stop - start);
      at = stop;
    }
  }

  /** The id that {@link longestPiece} found. */
  private found = -1;

  /** End of the longest piece that starts at `at`, or -1. */
  private longestPiece(units: Uint16Array, at: number, end: number, inside: boolean): number {
    const { pool, table } = this.vocabulary;
    const prefix: Uint16Array = inside ? this.prefixUnits : NO_UNITS;
    const most = Math.min(end - at, pool.longest - prefix.length);
    if (most > this.hashes.length) this.hashes = new Int32Array(2 * most);
    const { hashes } = this;
    let hash = inside ? this.prefixHash : EMPTY_HASH;
    for (let i = 0; i < most; i++) hashes[i] = hash = extendHash(hash, units[at + i]!);
    for (let length = most; length > 0; length--) {
      const id = table.seek(hashes[length - 1]!, units, at, at + length, prefix);
      if (id < 0) continue;
      this.found = id;
      return at + length;
    }
    return -1;
  }

  private giveUp(out: Pieces, before: number, length: number): void {
    expect(this.unknown >= 0, `WordPiece: the unknown token ${this.unknownToken} is missing from the vocabulary`);
    out.length = before;
    out.push(this.unknown, 0, length);
  }

  settings(): Record<string, unknown> {
    return {
      type: "WordPiece",
      unk_token: this.unknownToken,
      continuing_subword_prefix: this.prefix,
      max_input_chars_per_word: this.longest,
    };
  }

  tables(): Record<string, unknown> {
    return { vocab: vocabularyJSON(this.vocabulary) };
  }
}

function countCharacters(units: Uint16Array, start: number, end: number): number {
  let count = 0;
  for (let i = start; i < end; i++) if ((units[i]! & 0xfc00) !== 0xdc00) count++;
  return count;
}
