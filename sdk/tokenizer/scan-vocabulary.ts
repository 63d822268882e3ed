/**
 * The vocabulary of a tokenizer.json that is an object, {piece: id}, read straight into its tables: no string and no
 * object is made of a piece. Nearly all entries are written plainly, with ids that count up; a kernel reads those, where
 * there is one.
 */
import { EncodedPieces } from "./encoded-pieces.js";
import type { JsonScanner } from "./json-scan.js";
import { compiledKernel, PieceKernel } from "./piece-kernel.js";
import { PlainRuns } from "./plain-runs.js";
import { Vocabulary } from "./vocabulary.js";

/**
 * @param size bytes of the file, which bound how many pieces there can be
 * @param module see {@link compiledKernel}; null reads every entry here
 */
export function scanVocabulary(scanner: JsonScanner, size: number, module = compiledKernel()): Vocabulary {
  // Pieces take some fifteen bytes each; tables that are too large are cut in the end, too small ones grow.
  const pieces = new EncodedPieces(Math.max(64, Math.ceil(size / 12)), Math.ceil(size / 2));
  const vocabulary = Vocabulary.ofEncoded(pieces, Math.ceil(size / 6));
  // The table is there from the first piece on: of equal pieces the last one is found.
  const kernel = PieceKernel.of(module, pieces, vocabulary.table);
  const runs = new PlainRuns(scanner, (json, at) => kernel?.readEntries(json, at) ?? 0);
  scanner.list("{", "}", () => {
    runs.pass();
    if (kernel?.closed) return;
    scanner.scanString();
    const { units, length } = scanner;
    scanner.expect(":");
    vocabulary.enter(units, 0, length, scanner.number());
  });
  kernel?.end();
  pieces.trim();
  return vocabulary;
}
