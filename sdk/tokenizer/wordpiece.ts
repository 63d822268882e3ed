/**
 * WordPiece: split a word into vocabulary pieces, longest first: "unwanted" -> un ##want ##ed.
 * As in google-research/bert tokenization.py, a word that cannot be finished is unknown as a whole, not only from there on.
 */
import { expect } from "./errors.js";
import type { Model, Pieces } from "./model.js";
import type { Trie } from "./trie.js";
import type { Vocabulary } from "./vocabulary.js";

export interface WordPieceOptions {
  /** What marks a piece that continues a word. */
  readonly prefix?: string;
  readonly unknown?: string;
  /** Words of more characters than this are unknown without a search, which bounds the work per word. */
  readonly longest?: number;
}

export class WordPiece implements Model {
  readonly unknown: number;
  readonly prefix: string;
  readonly longest: number;
  private readonly unknownToken: string;
  private readonly trie: Trie;
  /** The trie's node after the prefix; -1 when no piece continues a word. */
  private readonly within: number;

  constructor(
    readonly vocabulary: Vocabulary,
    options: WordPieceOptions = {},
  ) {
    this.prefix = options.prefix ?? "##";
    this.longest = options.longest ?? 100;
    this.unknownToken = options.unknown ?? "[UNK]";
    this.trie = vocabulary.trie;
    this.unknown = vocabulary.find(this.unknownToken);
    const prefixUnits = Uint16Array.from(this.prefix, (_, i) => this.prefix.charCodeAt(i));
    this.within = this.trie.find(prefixUnits, 0, prefixUnits.length);
  }

  encode(units: Uint16Array, start: number, end: number, out: Pieces): void {
    const { trie, within } = this;
    const before = out.length;
    if (end - start > this.longest && countCharacters(units, start, end) > this.longest) {
      this.giveUp(out, before, end - start);
      return;
    }
    for (let at = start; at < end; ) {
      let node = at === start ? 0 : within;
      let id = -1;
      let stop = at;
      if (node >= 0)
        for (let i = at; i < end; ) {
          node = trie.child(node, units[i++]!);
          if (node === 0) break;
          const value = trie.value(node);
          if (value >= 0) [id, stop] = [value, i];
        }
      if (id < 0) {
        this.giveUp(out, before, end - start);
        return;
      }
      out.push(id, at - start, stop - start);
      at = stop;
    }
  }

  private giveUp(out: Pieces, before: number, length: number): void {
    expect(
      this.unknown >= 0,
      `WordPiece: the vocabulary must have the unknown token ${this.unknownToken} for words it cannot spell; it is missing`,
    );
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

/** {piece: id}, as model.vocab of a tokenizer.json. */
export function vocabularyJSON(vocabulary: Vocabulary): Record<string, number> {
  // Without a prototype, because a piece may be called __proto__.
  const json = Object.create(null) as Record<string, number>;
  for (let id = 0; id < vocabulary.size; id++) {
    const piece = vocabulary.piece(id);
    if (piece !== undefined) json[piece] = id;
  }
  return json;
}

function countCharacters(units: Uint16Array, start: number, end: number): number {
  let count = 0;
  for (let i = start; i < end; i++) if ((units[i]! & 0xfc00) !== 0xdc00) count++;
  return count;
}
