/** The `added_tokens` of a tokenizer.json. */
import { expect } from "../errors.js";
import { Fields } from "../json/fields.js";
import type { AddedToken } from "./added-token.js";

export function readAdded(json: unknown): AddedToken[] {
  if (json === null || json === undefined) return [];
  expect(Array.isArray(json), `added_tokens: a list was expected`);
  return json.map((token, i) => {
    const fields = new Fields(token, `added_tokens[${i}]`);
    const special = fields.boolean("special", false);
    return {
      id: fields.count("id"),
      content: fields.string("content"),
      special,
      singleWord: fields.boolean("single_word", false),
      lstrip: fields.boolean("lstrip", false),
      rstrip: fields.boolean("rstrip", false),
      normalized: fields.boolean("normalized", !special),
    };
  });
}
