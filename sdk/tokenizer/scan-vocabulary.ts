/**
 * The vocabulary of a tokenizer.json that is an object, {piece: id}, read straight into its tables: no string and no
 * object is made of a piece.
 *
 * There are up to a hundred thousand pieces, so what is common is one short loop over plain typed arrays (see
 * {@link AT_ONCE}); what is rare goes the long way through the scanner.
 */
import type { JsonScanner } from "./json-scan.js";
import type { PiecePool } from "./piece-pool.js";
import { EMPTY_HASH, type PieceTable } from "./piece-table.js";
import { AT_ONCE } from "./portions.js";
import { Vocabulary } from "./vocabulary.js";

const QUOTE = 0x22;
const ZERO = 0x30;
/** By a byte inside a string: how many more belong to its character, or OTHER where it needs a closer look. */
const MORE = new Uint8Array(256).fill(0, 0x20, 0x80).fill(1, 0xc2, 0xe0).fill(2, 0xe0, 0xf0);
const OTHER = 3;
MORE.fill(OTHER, 0, 0x20).fill(OTHER, 0x80, 0xc2).fill(OTHER, 0xf0);
MORE[QUOTE] = MORE[0x5c] = OTHER;
/** The first character that takes so many more bytes. */
const LEAST = Uint16Array.of(0, 0x80, 0x800);

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
  vocabulary.pool.trim();
  return vocabulary;
}

/** An entry of any form. */
function scanEntry(scanner: JsonScanner, vocabulary: Vocabulary): void {
  const begin = vocabulary.pool.used;
  const end = vocabulary.pool.scanString(scanner);
  scanner.expect(":");
  vocabulary.place(begin, end, scanner.number());
}

/** Entries that are written plainly: `"piece": 12,` without an escape, with an id that is new. */
class PlainEntries {
  private readonly pool: PiecePool;
  private readonly table: PieceTable;
  /** Entries of the next call. The first calls are short: what is compiled before a call has ended has to be compiled again. */
  private most = 8;
  /** Where the piece at work is read, where its next unit is written, and its hash so far. */
  private at = 0;
  private used = 0;
  private hash = 0;

  constructor(
    private readonly scanner: JsonScanner,
    vocabulary: Vocabulary,
  ) {
    this.pool = vocabulary.pool;
    this.table = vocabulary.table;
  }

  /** Read all up to one that is not plain or is the last one. */
  read(): void {
    while (this.readSome());
  }

  private readSome(): boolean {
    const { scanner, pool, table, most } = this;
    const { bytes } = scanner;
    const { units, begins, ends } = pool;
    let { used, size } = pool;
    let at = scanner.at;
    let count = 0;
    for (; count < most; count++, scanner.at = at) {
      while (bytes[at] === 0x20 || bytes[at] === 0x0a) at++;
      if (bytes[at++] !== QUOTE) break;
      const begin = used;
      let end = used;
      let hash = EMPTY_HASH;
      let byte = bytes[at]!;
      while (MORE[byte] === 0) {
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
      if (!(id < begins.length && begins[id]! < 0)) break;
      at++;
      begins[id] = begin;
      ends[id] = used = end;
      table.link(id, hash, end - begin);
      if (id >= size) size = id + 1;
    }
    pool.used = used;
    pool.size = size;
    pool.count += count;
    this.most = Math.min(AT_ONCE, 2 * most);
    return count === most;
  }

  /** The rest of a piece from a character beyond ASCII on; false where the scanner has to judge, as of surrogate pairs. */
  private beyondASCII(): boolean {
    const { bytes } = this.scanner;
    const { units } = this.pool;
    let { at, used, hash } = this;
    for (let unit = bytes[at]!; unit !== QUOTE; unit = bytes[++at]!) {
      const more = MORE[unit]!;
      if (!(more < OTHER)) return false;
      unit &= 0x7f >> more;
      for (const last = at + more; at < last; ) {
        const next = bytes[++at]! ^ 0x80;
        if (next >= 0x40) return false;
        unit = (unit << 6) | next;
      }
      if (unit < LEAST[more]! || (unit & 0xf800) === 0xd800) return false; // overlong, or half a surrogate pair
      units[used++] = unit;
      hash = Math.imul(hash ^ unit, 0x01000193);
    }
    this.at = at;
    this.used = used;
    this.hash = hash;
    return true;
  }
}
