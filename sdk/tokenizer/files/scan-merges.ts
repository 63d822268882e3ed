/** The merges of a tokenizer.json: ["left right", …] or [["left", "right"], …]. */
import { TokenizerError } from "../errors.js";
import type { JsonScanner } from "../json/scanner.js";
import { PiecePool } from "../vocabulary/piece-pool.js";
import { scanString } from "./scan-vocabulary.js";

/** Left and right pieces of the merges, one after another. @param size bytes of the file */
export function scanMerges(scanner: JsonScanner, size: number): PiecePool {
  // A piece takes about ten bytes of the file.
  const merges = new PiecePool(Math.max(64, Math.ceil(size / 16)));
  scanner.list("[", "]", () => {
    if (scanner.peek() === 0x5b) scanPair(scanner, merges);
    else splitPair(scanner, merges);
  });
  return merges;
}

/** ["left", "right"] */
function scanPair(scanner: JsonScanner, into: PiecePool): void {
  scanner.expect("[");
  into.place(into.used, scanString(scanner, into), into.size);
  scanner.expect(",");
  into.place(into.used, scanString(scanner, into), into.size);
  scanner.expect("]");
}

/** "left right" */
function splitPair(scanner: JsonScanner, into: PiecePool): void {
  const end = scanString(scanner, into);
  const { units, used } = into;
  const space = units.indexOf(0x20, used);
  if (space < 0 || space >= end || units.lastIndexOf(0x20, end - 1) !== space)
    throw new TokenizerError(`model.merges[${into.size / 2}]: "left right" was expected`);
  into.place(used, space, into.size);
  into.place(space + 1, end, into.size);
}
