/**
 * The vocabulary of a tokenizer.json that is an object, {piece: id}, read straight into its tables: no string and no
 * object is made of a piece. Nearly all entries are written plainly, with ids that count up; a kernel reads those, where
 * there is one.
 */
import { EncodedPieces } from "./encoded-pieces.js";
import type { JsonScanner } from "./json-scan.js";
import { compiledKernel, PieceKernel } from "./piece-kernel.js";
import { PieceTable } from "./piece-table.js";
import { PlainRuns } from "./plain-runs.js";
import { Vocabulary } from "./vocabulary.js";

/**
 * @param size bytes of the file, which bound how many pieces there can be
 * @param module see {@link compiledKernel}; null reads every entry here
 */
export function scanVocabulary(scanner: JsonScanner, size: number, module = compiledKernel()): Vocabulary {
  return scanPieces(scanner, size, module).vocabulary;
}

interface ScannedPieces {
  readonly vocabulary: Vocabulary;
  /** It has the tables of the vocabulary. */
  readonly kernel: PieceKernel | null;
}

export function scanPieces(scanner: JsonScanner, size: number, module: WebAssembly.Module | null): ScannedPieces {
  // Pieces take some fifteen bytes each; room that stays empty costs no memory, and what is too small grows.
  const room = [Math.max(64, Math.ceil(size / 12)), size] as const;
  const kernel = PieceKernel.of(module, ...room);
  const pieces = kernel?.pieces ?? EncodedPieces.withRoom(...room);
  // The table is there from the first piece on: of equal pieces the last one is found.
  const table = kernel?.table ?? PieceTable.withRoom(pieces, room[0]);
  const vocabulary = new Vocabulary(pieces, Math.ceil(size / 6), table);
  const runs = new PlainRuns(scanner, (json, at) => kernel?.readEntries(json, at) ?? 0);
  scanner.list("{", "}", () => {
    runs.pass();
    if (kernel?.closed) return;
    const end = pieces.scanString(scanner);
    scanner.expect(":");
    vocabulary.placeEncoded(pieces, end, scanner.number());
  });
  return { vocabulary, kernel };
}
