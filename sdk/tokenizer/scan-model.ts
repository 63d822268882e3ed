/** The big parts of a tokenizer.json's model, read without an object for each piece. */
import { grown } from "./aligned.js";
import type { JsonScanner } from "./json-scan.js";
import { compiledKernel, type PieceKernel, ScoreKernel } from "./piece-kernel.js";
import { PiecePool } from "./piece-pool.js";
import { PlainRuns } from "./plain-runs.js";
import { scanMergeIds, scanMerges } from "./scan-merges.js";
import { scanPieces } from "./scan-vocabulary.js";
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

/**
 * @param size bytes of the file, which bound how many pieces there can be
 * @param module see {@link compiledKernel}; null reads everything here
 */
export function scanModel(scanner: JsonScanner, size: number, module = compiledKernel()): ScannedModel {
  const fields: Record<string, unknown> = {};
  const read: Parts = {};
  /** Where merges begin whose ids were found while they were read, and in what. */
  const found: { at: number; vocabulary?: Vocabulary } = { at: -1 };
  scanner.object((key) => {
    const open = scanner.peek();
    if (key === "vocab" && open === 0x7b) Object.assign(read, scanPieces(scanner, size, module));
    else if (key === "vocab" && open === 0x5b) {
      [read.vocabulary, read.scores] = scanScores(scanner, size, module);
      read.kernel = null;
    } else if (key === "merges" && open === 0x5b) {
      const { vocabulary, kernel } = read;
      Object.assign(found, { at: scanner.at, vocabulary });
      read.merges =
        vocabulary && kernel && isPlain(fields)
          ? scanMergeIds(scanner, size, vocabulary, kernel)
          : scanMerges(scanner, size);
    } else fields[key] = scanner.value();
  });
  // What stood behind them may have changed what merges mean.
  if (read.merges instanceof Int32Array && !(found.vocabulary === read.vocabulary && isPlain(fields))) {
    const { at } = scanner;
    scanner.at = found.at;
    read.merges = scanMerges(scanner, size);
    scanner.at = at;
  }
  const { vocabulary = null, scores = null, merges = null } = read;
  return { fields, vocabulary, scores, merges };
}

interface Parts {
  vocabulary?: Vocabulary;
  /** It has the tables of the vocabulary. */
  kernel?: PieceKernel | null;
  scores?: Float64Array;
  merges?: PiecePool | Int32Array;
}

/** Whether a merged piece is what stands in its left and right ones. */
function isPlain(fields: Readonly<Record<string, unknown>>): boolean {
  return (fields["type"] ?? "BPE") === "BPE" && !fields["continuing_subword_prefix"];
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
