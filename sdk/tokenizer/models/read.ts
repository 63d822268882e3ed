/** The `model` part of a tokenizer.json. */
import { shown } from "../../errors.js";
import { expect, TokenizerError } from "../errors.js";
import { Fields } from "../json/fields.js";
import type { Model } from "../steps.js";
import type { PiecePool } from "../vocabulary/piece-pool.js";
import type { Vocabulary } from "../vocabulary/vocabulary.js";
import { Bpe } from "./bpe.js";
import { mergeIds } from "./merge-ids.js";
import { Unigram } from "./unigram.js";
import { WordLevel } from "./wordlevel.js";
import { WordPiece } from "./wordpiece.js";

/** A model as read from the file: its small fields, and its tables. */
export interface ScannedModel {
  readonly fields: Record<string, unknown>;
  readonly vocabulary: Vocabulary | null;
  /** Scores by id, when the vocabulary is a list of [piece, score]. */
  readonly scores: Float64Array | null;
  /** Left and right pieces of the merges, one after another, when there are any. */
  readonly merges: PiecePool | null;
}

export function readModel(scanned: ScannedModel): Model {
  const fields = new Fields(scanned.fields, "model");
  const type = fields.get("type") ?? guess(scanned);
  const { vocabulary } = scanned;
  expect(vocabulary !== null, () => `model.vocab: the pieces were expected, got ${shown(fields.get("vocab"))}`);
  expect(
    (scanned.scores !== null) === (type === "Unigram"),
    `model.vocab: ${type === "Unigram" ? "a list of [piece, score]" : "an object of pieces and ids"} was expected`,
  );
  switch (type) {
    case "WordPiece":
      return new WordPiece(vocabulary, {
        prefix: fields.string("continuing_subword_prefix", "##"),
        unknown: fields.string("unk_token", "[UNK]"),
        longest: fields.count("max_input_chars_per_word", 100),
      });
    case "BPE":
      return readBpe(fields, vocabulary, scanned.merges);
    case "Unigram":
      return readUnigram(fields, vocabulary, scanned.scores!);
    case "WordLevel":
      return new WordLevel(vocabulary, fields.string("unk_token", "<unk>"));
    default:
      throw new TokenizerError(`model: type ${shown(type)} is not supported`);
  }
}

/** Files of early library versions do not name the model type; infer it from the fields. */
function guess({ fields, merges, scores, vocabulary }: ScannedModel): string | undefined {
  if (merges !== null) return "BPE";
  if (fields["max_input_chars_per_word"] !== undefined) return "WordPiece";
  if (scores !== null) return "Unigram";
  return vocabulary === null ? undefined : "WordLevel";
}

function readBpe(fields: Fields, vocabulary: Vocabulary, merges: ScannedModel["merges"]): Bpe {
  const dropout = fields.get("dropout") ?? 0;
  expect(dropout === 0, () => `model.dropout: ${shown(dropout)} is not supported`);
  const optional = (name: string): string | null => (fields.get(name) == null ? null : fields.string(name));
  const prefix = optional("continuing_subword_prefix");
  expect(merges !== null, () => `model.merges: a list was expected, got ${shown(fields.get("merges"))}`);
  return new Bpe(vocabulary, mergeIds(vocabulary, merges, prefix ?? ""), {
    unknown: optional("unk_token"),
    fuseUnknown: fields.boolean("fuse_unk", false),
    byteFallback: fields.boolean("byte_fallback", false),
    ignoreMerges: fields.boolean("ignore_merges", false),
    prefix,
    suffix: optional("end_of_word_suffix"),
  });
}

function readUnigram(fields: Fields, vocabulary: Vocabulary, scores: Float64Array): Unigram {
  const unknown = fields.get("unk_id") == null ? -1 : fields.count("unk_id");
  expect(unknown < scores.length, `model.unk_id: ${unknown} is beyond the ${scores.length} pieces`);
  return new Unigram(vocabulary, scores, unknown, fields.boolean("byte_fallback", false));
}
