/** Encoding from end to end: tokens, offsets, words, special tokens, and ids both ways. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readTokenizerJson } from "../../sdk/tokenizer/index.js";
import { refused } from "../helpers/refused.js";
import { PIECES, smallBertTokenizer, tokensOf } from "../helpers/small-bert-tokenizer.js";

const test = suite("tokenizer");

test("an encoding has ids, offsets, words and the place of special tokens", () => {
  const tokenizer = smallBertTokenizer();
  const { ids, offsets, words, special, sequences } = tokenizer.encode("unwanted running unwantedx");
  assert.equal(tokensOf(tokenizer, ids), ["[CLS]", "un", "##want", "##ed", "runn", "##ing", "[UNK]", "[SEP]"]);
  assert.equal([...offsets], [0, 0, 0, 2, 2, 6, 6, 8, 9, 13, 13, 16, 17, 26, 0, 0]);
  assert.equal([...words], [-1, 0, 0, 0, 1, 1, 2, -1]);
  assert.equal([...special], [1, 0, 0, 0, 0, 0, 0, 1]);
  assert.equal([...sequences], [-1, 0, 0, 0, 0, 0, 0, -1]);
});

test("given words keep their numbers, even those without tokens", () => {
  const tokenizer = smallBertTokenizer();
  const { ids, words, offsets } = tokenizer.encode(["unwanted", "\u0000", "", "i'm"], undefined, { special: false });
  assert.equal(tokensOf(tokenizer, ids), ["un", "##want", "##ed", "[UNK]", "[UNK]", "i", "'", "m"]);
  assert.equal([...words], [0, 0, 0, 1, 2, 3, 3, 3]);
  assert.equal([...offsets], [0, 2, 2, 6, 6, 8, 0, 1, 0, 0, 0, 1, 1, 2, 2, 3]);
});

test("special tokens, ids and pieces", () => {
  const tokenizer = smallBertTokenizer();
  assert.equal(tokenizer.special, { unknown: 1, mask: 4, cls: 2, sep: 3, pad: 0 });
  assert.is(tokenizer.id("##ing"), PIECES.indexOf("##ing"));
  assert.is(tokenizer.id("nothing"), undefined);
  assert.is(tokenizer.token(99), undefined);
  assert.ok(tokenizer.continues(tokenizer.id("##ed")!) && !tokenizer.continues(tokenizer.id("un")!));
  assert.ok(tokenizer.isSpecial(3) && !tokenizer.isSpecial(5));
  assert.is(smallBertTokenizer({ settings: { mask_token: "world" } }).special.mask, PIECES.indexOf("world"));
});

test("options that are not objects, and files that are neither text nor bytes, are refused by name", async () => {
  const tokenizer = smallBertTokenizer();
  for (const value of [null, 5, "special", Symbol("special")]) {
    const options = value as never;
    await refused(() => tokenizer.encode("a", undefined, options), /^encode: options must be an object, got /);
    await refused(() => tokenizer.windows("a", undefined, options), /^windows: options must be an object, got /);
    await refused(() => tokenizer.decode([5], options), /^decode: options must be an object, got /);
  }
  for (const value of [null, undefined, 5, {}])
    await refused(() => readTokenizerJson(value as never), /^readTokenizerJson: expected the text or bytes/);
});

test.run();
