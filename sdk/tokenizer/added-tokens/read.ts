/** The `added_tokens` part of a tokenizer.json, and its other direction. */

import { expect } from "../errors.js";
import { Fields } from "../json/fields.js";
import type { AddedToken } from "./matcher.js";

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

/** A special token that is found as it is written. */
export function specialToken(content: string, id: number, lstrip = false): AddedToken {
  return { id, content, special: true, singleWord: false, lstrip, rstrip: false, normalized: false };
}

/** As tokenizer.json holds it. */
export function addedJSON(token: AddedToken): Record<string, unknown> {
  return {
    id: token.id,
    content: token.content,
    single_word: token.singleWord,
    lstrip: token.lstrip,
    rstrip: token.rstrip,
    normalized: token.normalized,
    special: token.special,
  };
}
