/** The five corruptions, shown as text. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { trainWordPiece } from "../../sdk/tokenizer/index.js";
import { corruptions } from "../../sdk/tour/corruptions.js";

const test = suite("corruptions of the tour");
const tokenizer = trainWordPiece(
  ["the old man gave his dog a piece of bread. the dog carried it into the garden. nobody saw it again."],
  { size: 200 },
);
const { text, corrupted } = corruptions(tokenizer, 1);
const of = (name: string): string => corrupted.find((one) => one.name === name)!.text;
const words = (sentence: string): string[] => sentence.toLowerCase().match(/[a-z]+|_+|[.]/g)!;

test("five corruptions, each true to its name", () => {
  assert.is(corrupted.length, 5);
  const whole = words(text);
  assert.is(words(of("token masking")).length, whole.length);
  assert.match(of("token masking"), /_____/);
  assert.ok(words(of("token deletion")).length < whole.length);
  assert.not.match(of("token deletion"), /_/);
  assert.ok(words(of("text infilling")).length < whole.length);
  for (const name of ["sentence permutation", "document rotation"]) {
    assert.equal([...words(of(name))].sort(), [...whole].sort(), name);
    assert.not.equal(words(of(name)), whole, name);
  }
});

test("the seed decides", () => {
  assert.equal(corruptions(tokenizer, 1), corruptions(tokenizer, 1));
  assert.not.equal(corruptions(tokenizer, 1), corruptions(tokenizer, 2));
});

test.run();
