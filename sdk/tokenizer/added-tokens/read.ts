/** The `added_tokens` of a tokenizer.json. */
import { expect } from "../errors.js";
import { Fields } from "../json/fields.js";
import type { Model } from "../steps.js";
import type { AddedToken } from "./added-token.js";

/**
 * The tokens with the ids that Hugging Face tokenizers gives them, whatever the file says: the id of the piece that has the
 * same text, else the next one after all others.
 */
export function readAdded(json: unknown, vocabulary: Model["vocabulary"]): AddedToken[] {
  if (json === null || json === undefined) return [];
  expect(Array.isArray(json), "added_tokens: a list was expected");
  const ids = new Map<string, number>();
  let next = vocabulary.count;
  return json.map((token, i) => {
    const fields = new Fields(token, `added_tokens[${i}]`);
    const special = fields.boolean("special", false);
    fields.count("id");
    const content = fields.string("content");
    const piece = vocabulary.find(content);
    const id = piece < 0 ? (ids.get(content) ?? next) : piece;
    ids.set(content, id);
    if (id >= next) next = id + 1;
    return {
      id,
      content,
      special,
      singleWord: fields.boolean("single_word", false),
      lstrip: fields.boolean("lstrip", false),
      rstrip: fields.boolean("rstrip", false),
      normalized: fields.boolean("normalized", !special),
    };
  });
}
