/** WordPiece against its definition, and WordLevel. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { seed } from "../../../sdk/tensor/random.js";
import { trainWordPiece } from "../../../sdk/tokenizer/index.js";
import { WordLevel } from "../../../sdk/tokenizer/models/wordlevel.js";
import { WordPiece } from "../../../sdk/tokenizer/models/wordpiece.js";
import { Vocabulary } from "../../../sdk/tokenizer/vocabulary/vocabulary.js";
import { testAnyText } from "../../helpers/any-text.js";
import { piecesOf } from "../../helpers/tokenizer-steps.js";

const test = suite("WordPiece and WordLevel");

/** The longest piece first, from left to right; a word that cannot be finished is unknown (tokenization.py of BERT). */
function longestFirst(word: string, pieces: ReadonlySet<string>, prefix: string): string[] {
  const found: string[] = [];
  for (let start = 0; start < word.length; ) {
    let end = word.length;
    const mark = start > 0 ? prefix : "";
    while (end > start && !pieces.has(mark + word.slice(start, end))) end--;
    if (end === start) return ["[UNK]"];
    found.push(mark + word.slice(start, end));
    start = end;
  }
  return found;
}

for (const prefix of ["##", "", "é", "東#", "\u{1f600}"])
  test(`the longest pieces are taken, with the prefix ${JSON.stringify(prefix)}`, () => {
    for (let number = 0; number < 30; number++) {
      const random = seed(number);
      const letters = ["a", "b", "é", "東", "\u{1f600}"];
      const text = (most: number): string =>
        Array.from({ length: 1 + random.integer(most) }, () => letters[random.integer(5)]).join("");
      const pieces = [...new Set(Array.from({ length: 60 }, () => (random.integer(2) === 0 ? prefix : "") + text(4)))];
      const model = new WordPiece(Vocabulary.of(["[UNK]", ...pieces]), { prefix });
      for (let i = 0; i < 60; i++) {
        const word = text(12);
        const got = piecesOf(model, word).map(([piece]) => piece);
        assert.equal(got, longestFirst(word, new Set(pieces), prefix), `seed ${number}: ${word}`);
      }
    }
  });

test("a word of more characters than allowed is unknown without a search", () => {
  const model = new WordPiece(Vocabulary.of(["[UNK]", "a", "##a", "\u{1f600}", "##\u{1f600}"]), { longest: 4 });
  assert.equal(piecesOf(model, "aaaaa"), [["[UNK]", 0, 5]]);
  assert.is(piecesOf(model, "\u{1f600}".repeat(4)).length, 4); // characters, not units
});

test("an unknown word needs the unknown token", () => {
  const model = new WordPiece(Vocabulary.of(["a"]));
  assert.equal(piecesOf(model, "a"), [["a", 0, 1]]);
  assert.throws(() => piecesOf(model, "b"), /the unknown token \[UNK\] is missing/);
});

test("WordLevel: a word is a token or unknown", () => {
  const model = new WordLevel(Vocabulary.of(["<unk>", "hello"]), "<unk>");
  assert.equal(piecesOf(model, "hello"), [["hello", 0, 5]]);
  assert.equal(piecesOf(model, "hell"), [["<unk>", 0, 4]]);
  assert.throws(
    () => piecesOf(new WordLevel(Vocabulary.of(["a"]), "<unk>"), "b"),
    /the unknown token <unk> is missing/,
  );
});

testAnyText(test, trainWordPiece(["the quick brown fox jumps over the lazy dog 東京 привет"], { size: 200 }));

test.run();
