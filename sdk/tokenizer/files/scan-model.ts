/** The tables of a tokenizer.json's model, read without an object per piece. */
import type { JsonScanner } from "../json/scanner.js";
import type { ScannedModel } from "../models/read.js";
import { grown } from "../text/buffers.js";
import { PiecePool } from "../vocabulary/piece-pool.js";
import { Vocabulary } from "../vocabulary/vocabulary.js";
import { scanPlainEntries } from "./plain-entries.js";
import { scanMerges } from "./scan-merges.js";
import { scanString, scanVocabulary } from "./scan-vocabulary.js";

/** @param size bytes of the file, an upper bound on the number of pieces */
export function scanModel(scanner: JsonScanner, size: number): ScannedModel {
  const fields: Record<string, unknown> = {};
  let vocabulary: Vocabulary | null = null;
  let scores: Float64Array | null = null;
  let merges: PiecePool | null = null;
  scanner.object((key) => {
    const open = scanner.peek();
    if (key === "vocab" && open === 0x7b) [vocabulary, scores] = [scanVocabulary(scanner, size), null];
    else if (key === "vocab" && open === 0x5b) [vocabulary, scores] = scanScores(scanner, size);
    else if (key === "merges" && open === 0x5b) merges = scanMerges(scanner, size);
    else fields[key] = scanner.value();
  });
  return { fields, vocabulary, scores, merges };
}

/** [[piece, score], …] */
export function scanScores(scanner: JsonScanner, size: number): [Vocabulary, Float64Array] {
  // A piece with its score takes about 25 bytes.
  const expected = Math.max(64, Math.ceil(size / 24));
  const pool = new PiecePool(expected);
  const vocabulary = new Vocabulary(pool, Math.ceil(size / 6));
  let scores = new Float64Array(expected);
  scanner.list("[", "]", () => {
    scanPlainEntries(scanner, pool, null, scores);
    const id = pool.size;
    scanner.expect("[");
    vocabulary.place(pool.used, scanString(scanner, pool), id);
    scanner.expect(",");
    if (id === scores.length) scores = grown(scores, new Float64Array(2 * id));
    scores[id] = scanner.number();
    scanner.expect("]");
  });
  return [vocabulary, scores.slice(0, vocabulary.size)];
}
