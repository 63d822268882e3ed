/** The merges of a tokenizer.json: ["left right", …] or [["left", "right"], …]. */
import { TokenizerError } from "./errors.js";
import type { JsonScanner } from "./json-scan.js";
import { MergeIds } from "./merge-ids.js";
import type { PieceKernel } from "./piece-kernel.js";
import { PiecePool } from "./piece-pool.js";
import { PlainRuns } from "./plain-runs.js";
import type { Vocabulary } from "./vocabulary.js";

/** Left and right pieces of the merges, one after another. @param size bytes of the file */
export function scanMerges(scanner: JsonScanner, size: number): PiecePool {
  const merges = roomFor(size);
  scanner.array(() => scanMerge(scanner, merges, merges.size / 2));
  return merges;
}

/**
 * The ids of the merges' pieces; see {@link MergeIds}. No piece has a prefix that falls away.
 *
 * @param kernel has the tables of the vocabulary, and reads what is written plainly
 */
export function scanMergeIds(
  scanner: JsonScanner,
  size: number,
  vocabulary: Vocabulary,
  kernel: PieceKernel,
): Int32Array {
  const merges = new MergeIds(vocabulary, "", Math.ceil(size / 32));
  const odd = roomFor(0);
  kernel.closed = false;
  const runs = new PlainRuns(scanner, (json, at) => kernel.readMerges(json, at, merges));
  scanner.array(() => {
    runs.pass();
    if (kernel.closed) return;
    scanMerge(scanner, odd, merges.count);
    const { units, begins, ends, size } = odd;
    merges.add(units, begins[size - 2]!, ends[size - 2]!, begins[size - 1]!, ends[size - 1]!);
  });
  return merges.ids;
}

/** Pieces of merges take some ten bytes each in the part of a file that they are. */
function roomFor(size: number): PiecePool {
  return new PiecePool(Math.max(64, Math.ceil(size / 16)));
}

function scanMerge(scanner: JsonScanner, into: PiecePool, rank: number): void {
  if (scanner.peek() === 0x5b) {
    scanner.expect("[");
    scanPiece(scanner, into);
    scanner.expect(",");
    scanPiece(scanner, into);
    scanner.expect("]");
    return;
  }
  const end = into.scanString(scanner);
  const { units, used } = into;
  const space = units.indexOf(0x20, used);
  if (space < 0 || space >= end || units.lastIndexOf(0x20, end - 1) !== space)
    throw new TokenizerError(`model.merges[${rank}]: "left right" was expected`);
  into.place(used, space, into.size);
  into.place(space + 1, end, into.size);
}

function scanPiece(scanner: JsonScanner, into: PiecePool): void {
  into.place(into.used, into.scanString(scanner), into.size);
}
