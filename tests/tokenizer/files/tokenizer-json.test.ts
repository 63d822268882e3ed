/** tokenizer.json: written, read again, and refused. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readTokenizerJson, TokenizerError } from "../../../sdk/tokenizer/index.js";
import { smallBertTokenizer } from "../../helpers/small-bert-tokenizer.js";

const test = suite("tokenizer.json");

test("a tokenizer that is written can be read again and is the same", () => {
  const tokenizer = smallBertTokenizer();
  const again = readTokenizerJson(JSON.stringify(tokenizer));
  assert.equal(JSON.stringify(again), JSON.stringify(tokenizer));
  assert.equal([...again.encode("Hello, 東京 unwanted").ids], [...tokenizer.encode("Hello, 東京 unwanted").ids]);
});

test("wrong files and settings are errors that name the field", () => {
  const json = smallBertTokenizer().toJSON();
  const broken = (change: Record<string, unknown>, message: RegExp) =>
    assert.throws(
      () => readTokenizerJson(JSON.stringify({ ...json, ...change })),
      (error: Error) => error instanceof TokenizerError && message.test(error.message),
    );
  broken({ model: undefined }, /"model" is missing/);
  broken({ normalizer: { type: "Shout" } }, /normalizer "Shout" is not supported/);
  broken({ pre_tokenizer: { type: 5 } }, /pre_tokenizer.type: a string was expected, got 5/);
  broken({ added_tokens: [{ id: -1, content: "x" }] }, /added_tokens\[0\].id/);
  broken({ model: { type: "WordPiece", vocab: { a: 4e9 } } }, /whole numbers/);
  broken({ version: "7" }, /version/);
  assert.throws(
    () => readTokenizerJson('{"model": {'),
    (error: Error) => error instanceof TokenizerError && /at byte 11/.test(error.message),
  );
});

test.run();
