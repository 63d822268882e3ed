/** The `model` part of a tokenizer.json. */
import { Bpe } from "./bpe.js";
import { brief, expect, TokenizerError } from "./errors.js";
import { Fields } from "./fields.js";
import type { Model } from "./model.js";
import { Unigram } from "./unigram.js";
import { Vocabulary } from "./vocabulary.js";
import { WordLevel } from "./wordlevel.js";
import { WordPiece } from "./wordpiece.js";

export function readModel(json: unknown): Model {
  const fields = new Fields(json, "model");
  const type = fields.get("type") ?? guess(fields);
  switch (type) {
    case "WordPiece":
      return new WordPiece(readVocab(fields), {
        prefix: fields.string("continuing_subword_prefix", "##"),
        unknown: fields.string("unk_token", "[UNK]"),
        longest: fields.count("max_input_chars_per_word", 100),
      });
    case "BPE":
      return readBpe(fields);
    case "Unigram":
      return readUnigram(fields);
    case "WordLevel":
      return new WordLevel(readVocab(fields), fields.string("unk_token", "<unk>"));
    default:
      throw new TokenizerError(`model: type ${brief(type)} is not supported`);
  }
}

/** Files of the first library versions do not name the type of their model; its fields tell. */
function guess(fields: Fields): string | undefined {
  if (fields.get("merges") !== undefined) return "BPE";
  if (fields.get("max_input_chars_per_word") !== undefined) return "WordPiece";
  if (Array.isArray(fields.get("vocab"))) return "Unigram";
  return fields.get("vocab") === undefined ? undefined : "WordLevel";
}

/** {piece: id} */
function readVocab(fields: Fields): Vocabulary {
  const entries = fields.object("vocab");
  const pieces = entries.keys();
  const vocabulary = new Vocabulary(Math.max(64, pieces.length));
  for (const piece of pieces) {
    const id = entries.get(piece);
    expect(typeof id === "number", `model.vocab: the id of ${brief(piece)} must be a number, got ${brief(id)}`);
    vocabulary.add(piece, id);
  }
  vocabulary.trim();
  return vocabulary;
}

function readBpe(fields: Fields): Bpe {
  const dropout = fields.get("dropout") ?? 0;
  expect(dropout === 0, `model.dropout: ${brief(dropout)} is not supported: pieces would be left to chance`);
  const optional = (name: string): string | null => (fields.get(name) == null ? null : fields.string(name));
  const prefix = optional("continuing_subword_prefix");
  const vocabulary = readVocab(fields);
  return new Bpe(vocabulary, mergeIds(vocabulary, fields.list("merges"), prefix ?? ""), {
    unknown: optional("unk_token"),
    fuseUnknown: fields.boolean("fuse_unk", false),
    byteFallback: fields.boolean("byte_fallback", false),
    ignoreMerges: fields.boolean("ignore_merges", false),
    prefix,
    suffix: optional("end_of_word_suffix"),
  });
}

/**
 * Ids of left, right and joined piece of each merge, three numbers each.
 *
 * @param merges "left right" or ["left", "right"], in order of rank
 * @param prefix what marks the right piece as continuing a word, and falls away when it is joined
 */
export function mergeIds(vocabulary: Vocabulary, merges: readonly unknown[], prefix: string): Int32Array {
  const ids = new Int32Array(3 * merges.length);
  merges.forEach((merge, rank) => {
    const pair: unknown = typeof merge === "string" ? merge.split(" ") : merge;
    expect(
      Array.isArray(pair) && pair.length === 2 && pair.every((piece) => typeof piece === "string"),
      `model.merges[${rank}]: two pieces were expected, got ${brief(merge)}`,
    );
    const [left, right] = pair as [string, string];
    [left, right, left + (right.startsWith(prefix) ? right.slice(prefix.length) : right)].forEach((piece, i) => {
      const id = vocabulary.find(piece);
      expect(id >= 0, `model.merges[${rank}]: ${brief(piece)} is missing from the vocabulary`);
      ids[3 * rank + i] = id;
    });
  });
  return ids;
}

function readUnigram(fields: Fields): Unigram {
  const rows = fields.list("vocab");
  const vocabulary = new Vocabulary(Math.max(64, rows.length));
  const scores = new Float64Array(rows.length);
  rows.forEach((row, id) => {
    expect(
      Array.isArray(row) && typeof row[0] === "string" && typeof row[1] === "number",
      `model.vocab[${id}]: [piece, score] was expected, got ${brief(row)}`,
    );
    vocabulary.add(row[0], id);
    scores[id] = row[1];
  });
  vocabulary.trim();
  const unknown = fields.get("unk_id") == null ? -1 : fields.count("unk_id");
  expect(unknown < rows.length, `model.unk_id: ${unknown} is beyond the ${rows.length} pieces`);
  return new Unigram(vocabulary, scores, unknown, fields.boolean("byte_fallback", false));
}
