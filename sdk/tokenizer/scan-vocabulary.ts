/**
 * The vocabulary of a tokenizer.json that is an object, {piece: id}, read straight into its tables: no string and no
 * object is made of a piece.
 *
 * There are up to a hundred thousand pieces, and most programs read them once, right after they have started, when
 * engines still interpret or roughly compile what they run. So what is common is one short loop over plain typed arrays,
 * called again and again, which engines compile soonest; what is rare goes the long way through the scanner.
 */
import type { JsonScanner } from "./json-scan.js";
import { EMPTY_HASH, type PieceTable } from "./piece-table.js";
import { Vocabulary } from "./vocabulary.js";

const QUOTE = 0x22;
const ZERO = 0x30;
/** Entries of one call at most. */
const AT_ONCE = 64;
/** 1 for the bytes that stand for themselves inside a string: ASCII without controls, quotes and backslashes. */
const PLAIN = new Uint8Array(256).fill(1, 0x20, 0x80);
PLAIN[QUOTE] = PLAIN[0x5c] = 0;

/** @param size bytes of the file, which bound how many pieces there can be */
export function scanVocabulary(scanner: JsonScanner, size: number): Vocabulary {
  // Pieces take some fifteen bytes each; tables that are too large are cut in the end, too small ones grow.
  const vocabulary = new Vocabulary(Math.max(64, Math.ceil(size / 12)), Math.ceil(size / 6));
  scanner.expect("{");
  if (scanner.peek() !== 0x7d) {
    const entries = new PlainEntries(scanner, vocabulary);
    for (;;) {
      entries.read();
      scanEntry(scanner, vocabulary);
      if (scanner.peek() !== 0x2c) break;
      scanner.at++;
    }
  }
  scanner.expect("}");
  vocabulary.trim();
  return vocabulary;
}

/** An entry of any form. */
function scanEntry(scanner: JsonScanner, vocabulary: Vocabulary): void {
  const begin = vocabulary.used;
  const end = vocabulary.scanString(scanner);
  scanner.expect(":");
  vocabulary.place(begin, end, scanner.number());
}

/** Entries that are written plainly: `"piece": 12,` without an escape, with an id that is new. */
class PlainEntries {
  private readonly table: PieceTable;
  /** Entries of the next call. The first calls are short: what is compiled before a call has ended has to be compiled again. */
  private most = 8;
  /** Where the piece at work is read, where its next unit is written, and its hash so far. */
  private at = 0;
  private used = 0;
  private hash = 0;

  constructor(
    private readonly scanner: JsonScanner,
    private readonly vocabulary: Vocabulary,
  ) {
    this.table = vocabulary.table;
  }

  /** Read all up to one that is not plain or is the last one. */
  read(): void {
    while (this.readSome());
  }

  private readSome(): boolean {
    const { scanner, vocabulary, table, most } = this;
    const { bytes } = scanner;
    const { units, begins, ends } = vocabulary;
    const { heads, mask, next, hashes } = table;
    let { used, size } = vocabulary;
    let { longest } = table;
    let at = scanner.at;
    let count = 0;
    for (; count < most; count++, scanner.at = at) {
      while (bytes[at] === 0x20 || bytes[at] === 0x0a) at++;
      if (bytes[at++] !== QUOTE) break;
      const begin = used;
      let end = used;
      let hash = EMPTY_HASH;
      let byte = bytes[at]!;
      while (PLAIN[byte] === 1) {
        units[end++] = byte;
        hash = Math.imul(hash ^ byte, 0x01000193);
        byte = bytes[++at]!;
      }
      if (byte !== QUOTE) {
        this.at = at;
        this.used = end;
        this.hash = hash;
        if (!this.beyondASCII()) break;
        at = this.at;
        end = this.used;
        hash = this.hash;
      }
      if (end > units.length || bytes[++at] !== 0x3a) break;
      if (bytes[++at] === 0x20) at++;
      const digits = at;
      let id = 0;
      for (byte = bytes[at]! - ZERO; byte >= 0 && byte <= 9; byte = bytes[++at]! - ZERO) id = 10 * id + byte;
      if (byte !== 0x2c - ZERO || at === digits || (bytes[digits] === ZERO && at > digits + 1)) break;
      // Ids beyond the tables, however many digits they have, and ids that have a piece are for the vocabulary to judge.
      if (!(id < next.length && begins[id]! < 0)) break;
      at++;
      begins[id] = begin;
      ends[id] = used = end;
      hashes[id] = hash;
      const place = (hash ^ (hash >>> 15)) & mask;
      next[id] = heads[place]!;
      heads[place] = id + 1;
      if (id >= size) size = id + 1;
      if (end - begin > longest) longest = end - begin;
    }
    vocabulary.used = used;
    vocabulary.size = size;
    vocabulary.count += count;
    table.longest = longest;
    this.most = Math.min(AT_ONCE, 2 * most);
    return count === most;
  }

  /** The rest of a piece from a character beyond ASCII on; false when it is not plain. */
  private beyondASCII(): boolean {
    const { bytes } = this.scanner;
    const { units } = this.vocabulary;
    let { at, used, hash } = this;
    let unit = bytes[at]!;
    for (; unit !== QUOTE; unit = bytes[at]!) {
      const second = bytes[at + 1]! ^ 0x80;
      const third = bytes[at + 2]! ^ 0x80;
      if (PLAIN[unit] === 1) at++;
      else if (unit >= 0xc2 && unit < 0xe0 && second < 0x40) {
        unit = ((unit & 0x1f) << 6) | second;
        at += 2;
      } else if (unit >= 0xe0 && unit < 0xf0 && second < 0x40 && third < 0x40) {
        unit = ((unit & 0x0f) << 12) | (second << 6) | third;
        // Overlong forms, surrogates and longer characters are for the scanner to judge.
        if (unit < 0x800 || (unit & 0xf800) === 0xd800) return false;
        at += 3;
      } else return false;
      units[used++] = unit;
      hash = Math.imul(hash ^ unit, 0x01000193);
    }
    this.at = at;
    this.used = used;
    this.hash = hash;
    return true;
  }
}
