/**
 * The vocabulary of a tokenizer.json that is an object, {piece: id}, read straight into its tables: no string and no
 * object is made of a piece. Nearly all entries are written plainly, with ids that count up; a kernel reads those, where
 * there is one.
 */
import type { JsonScanner } from "./json-scan.js";
import { PieceKernel } from "./piece-kernel.js";
import { PlainRuns } from "./plain-runs.js";
import { Vocabulary } from "./vocabulary.js";

/**
 * @param size bytes of the file, which bound how many pieces there can be
 * @param module see {@link PieceKernel.compiled}; null reads every entry here
 */
export function scanVocabulary(scanner: JsonScanner, size: number, module = PieceKernel.compiled()): Vocabulary {
  // Pieces take some fifteen bytes each; tables that are too large are cut in the end, too small ones grow.
  const vocabulary = new Vocabulary(Math.max(64, Math.ceil(size / 12)), Math.ceil(size / 6));
  // The table is there from the first piece on: of equal pieces the last one is found.
  const { pool, table } = vocabulary;
  const kernel = PieceKernel.of(module, pool, table);
  const runs = new PlainRuns(scanner, (json, at) => kernel?.readEntries(json, at) ?? 0);
  scanner.list("{", "}", () => {
    runs.pass();
    const begin = pool.used;
    const end = pool.scanString(scanner);
    scanner.expect(":");
    vocabulary.place(begin, end, scanner.number());
  });
  kernel?.end();
  pool.trim();
  return vocabulary;
}
