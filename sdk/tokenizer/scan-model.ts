/** The big parts of a tokenizer.json's model, read without an object for each piece. */
import { grown } from "./aligned.js";
import { TokenizerError } from "./errors.js";
import type { JsonScanner } from "./json-scan.js";
import { compiledKernel, ScoreKernel } from "./piece-kernel.js";
import { PiecePool } from "./piece-pool.js";
import { PlainRuns } from "./plain-runs.js";
import { scanVocabulary } from "./scan-vocabulary.js";
import { Vocabulary } from "./vocabulary.js";

/** A model as the file has it: its small fields as they are, its tables apart. */
export interface ScannedModel {
  readonly fields: Record<string, unknown>;
  readonly vocabulary: Vocabulary | null;
  /** Scores by id, when the vocabulary is a list of [piece, score]. */
  readonly scores: Float64Array | null;
  /** Left and right pieces of the merges, one after another, when there are any; or the ids that they stand for. */
  readonly merges: PiecePool | Int32Array | null;
}

/** @param size bytes of the file, which bound how many pieces there can be */
export function scanModel(scanner: JsonScanner, size: number): ScannedModel {
  const fields: Record<string, unknown> = {};
  let vocabulary: Vocabulary | null = null;
  let scores: Float64Array | null = null;
  let merges: PiecePool | null = null;
  scanner.object((key) => {
    if (key === "vocab" && scanner.peek() === 0x7b) vocabulary = scanVocabulary(scanner, size);
    else if (key === "vocab" && scanner.peek() === 0x5b) [vocabulary, scores] = scanScores(scanner, size);
    else if (key === "merges" && scanner.peek() === 0x5b) merges = scanMerges(scanner, size);
    else fields[key] = scanner.value();
  });
  return { fields, vocabulary, scores, merges };
}

/** [[piece, score], …] */
export function scanScores(scanner: JsonScanner, size: number, module = compiledKernel()): [Vocabulary, Float64Array] {
  // Pieces with their scores take some 25 bytes each; tables that are too large are cut in the end, too small ones grow.
  const expected = Math.ceil(size / 24);
  const vocabulary = new Vocabulary(new PiecePool(expected), Math.ceil(size / 6));
  const { pool } = vocabulary;
  let scores = new Float64Array(expected);
  const kernel = ScoreKernel.of(module, pool);
  const runs = new PlainRuns(scanner, (json, at) => kernel?.readScores(json, at, scores) ?? 0);
  scanner.array(() => {
    runs.pass();
    const id = pool.size;
    scanner.expect("[");
    vocabulary.place(pool.used, pool.scanString(scanner), id);
    scanner.expect(",");
    if (id === scores.length) scores = grown(scores, new Float64Array(2 * id));
    scores[id] = scanner.number();
    scanner.expect("]");
  });
  pool.trim();
  return [vocabulary, scores.slice(0, vocabulary.size)];
}

/** ["left right", …] or [["left", "right"], …] */
function scanMerges(scanner: JsonScanner, size: number): PiecePool {
  const merges = new PiecePool(Math.max(64, Math.ceil(size / 16)));
  const add = (): void => merges.place(merges.used, merges.scanString(scanner), merges.size);
  scanner.array(() => {
    if (scanner.peek() === 0x5b) {
      scanner.expect("[");
      add();
      scanner.expect(",");
      add();
      scanner.expect("]");
      return;
    }
    const end = merges.scanString(scanner);
    const { units, used } = merges;
    const space = units.indexOf(0x20, used);
    if (space < 0 || space >= end || units.lastIndexOf(0x20, end - 1) !== space)
      throw new TokenizerError(`model.merges[${merges.size / 2}]: "left right" was expected`);
    merges.place(used, space, merges.size);
    merges.place(space + 1, end, merges.size);
  });
  return merges;
}
