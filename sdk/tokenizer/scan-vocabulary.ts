/**
 * The vocabulary of a tokenizer.json that is an object, {piece: id}, read straight into its tables: no string and no
 * object is made of a piece. Nearly all entries are written plainly, and are left to a kernel where there is one.
 */
import type { JsonScanner } from "./json-scan.js";
import { PlainEntries } from "./plain-entries.js";
import { Vocabulary } from "./vocabulary.js";

/**
 * @param size bytes of the file, which bound how many pieces there can be
 * @param kernel see {@link PlainEntries.kernel}; null reads every entry here
 */
export function scanVocabulary(scanner: JsonScanner, size: number, kernel = PlainEntries.kernel()): Vocabulary {
  // Pieces take some fifteen bytes each; tables that are too large are cut in the end, too small ones grow.
  const vocabulary = new Vocabulary(Math.max(64, Math.ceil(size / 12)), Math.ceil(size / 6));
  // The table is there from the first piece on: of equal pieces the last one is found.
  const { pool, table } = vocabulary;
  const plain = kernel === null ? null : new PlainEntries(kernel, scanner, pool, table);
  scanner.list("{", "}", () => {
    plain?.read();
    const begin = pool.used;
    const end = pool.scanString(scanner);
    scanner.expect(":");
    vocabulary.place(begin, end, scanner.number());
  });
  plain?.end();
  pool.trim();
  return vocabulary;
}
