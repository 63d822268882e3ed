/** The `model` part of a tokenizer.json. */
import { brief, expect, TokenizerError } from "./errors.js";
import { Fields } from "./fields.js";
import type { Model } from "./model.js";
import { Vocabulary } from "./vocabulary.js";
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
