/** The vocabulary of a tokenizer.json as an object, {piece: id}: read into its tables directly, without a string per piece. */
import type { JsonScanner } from "../json/scanner.js";
import { PiecePool } from "../vocabulary/piece-pool.js";
import { Vocabulary } from "../vocabulary/vocabulary.js";
import { scanPlainEntries } from "./plain-entries.js";

/** Fewest bytes of an entry: `"":0,` */
const SHORTEST = 5;

/** @param size bytes of the file, an upper bound on the number of pieces */
export function scanVocabulary(scanner: JsonScanner, size: number): Vocabulary {
  // Entries take about fifteen bytes; unused room is never written, so it costs no memory.
  const pool = new PiecePool(Math.max(64, Math.ceil(size / 12)));
  const vocabulary = new Vocabulary(pool, Math.ceil(size / SHORTEST));
  const { table } = vocabulary;
  scanner.list("{", "}", () => {
    scanPlainEntries(scanner, pool, table, null);
    const end = scanString(scanner, pool);
    scanner.expect(":");
    vocabulary.place(pool.used, end, scanner.number());
  });
  return vocabulary;
}

/** Read a string into the pool's units from `used` on and return the unit after it. The piece is kept once it is placed. */
export function scanString(scanner: JsonScanner, pool: PiecePool): number {
  for (const start = scanner.at; ; scanner.at = start) {
    const end = scanner.stringTo(pool.units, pool.used);
    if (end >= 0) return end;
    pool.reserve(pool.units.length + 1);
  }
}
