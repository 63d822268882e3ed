/**
 * The vocabulary of a tokenizer.json that is an object, {piece: id}, read straight into its tables: no string and no
 * object is made of a piece. Nearly all entries are written plainly, with ids that count up; a kernel reads those, where
 * there is one.
 */
import type { JsonScanner } from "./json-scan.js";
import { PieceKernel } from "./piece-kernel.js";
import { Vocabulary } from "./vocabulary.js";

/** Entries that are read here at most before the kernel is asked again. */
const LONGEST_PAUSE = 1 << 10;

/**
 * @param size bytes of the file, which bound how many pieces there can be
 * @param module see {@link PieceKernel.compiled}; null reads every entry here
 */
export function scanVocabulary(scanner: JsonScanner, size: number, module = PieceKernel.compiled()): Vocabulary {
  // Pieces take some fifteen bytes each; tables that are too large are cut in the end, too small ones grow.
  const vocabulary = new Vocabulary(Math.max(64, Math.ceil(size / 12)), Math.ceil(size / 6));
  // The table is there from the first piece on: of equal pieces the last one is found.
  const { pool, table } = vocabulary;
  const kernel = module === null ? null : new PieceKernel(module, pool, table);
  // A file in another order would ask the kernel in vain for each of its entries.
  let [pause, nextPause] = [0, 1];
  scanner.list("{", "}", () => {
    if (kernel !== null && --pause < 0) {
      nextPause = readPlain(scanner, kernel) ? 1 : Math.min(LONGEST_PAUSE, 2 * nextPause);
      pause = nextPause - 1;
    }
    const begin = pool.used;
    const end = pool.scanString(scanner);
    scanner.expect(":");
    vocabulary.place(begin, end, scanner.number());
  });
  kernel?.end();
  pool.trim();
  return vocabulary;
}

/** Read all entries up to one that is not plain or is the last one; says whether there were some. */
function readPlain(scanner: JsonScanner, kernel: PieceKernel): boolean {
  const start = scanner.at;
  for (let read = -1; read !== 0; scanner.at += read) read = kernel.readEntries(scanner.bytes, scanner.at);
  return scanner.at > start;
}
