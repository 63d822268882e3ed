/** Unigram against all ways to cut a word. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { seed } from "../../../sdk/tensor/random.js";
import { readTokenizerJson } from "../../../sdk/tokenizer/index.js";
import { Unigram } from "../../../sdk/tokenizer/models/unigram.js";
import { Vocabulary } from "../../../sdk/tokenizer/vocabulary/vocabulary.js";
import { testAnyText } from "../../helpers/any-text.js";
import { piecesOf } from "../../helpers/tokenizer-steps.js";

const test = suite("Unigram");

/** The best sum of scores over all ways to cut the word; a character that is not a piece costs `unknown`. */
function bestScore(word: readonly string[], scores: ReadonlyMap<string, number>, unknown: number): number {
  if (word.length === 0) return 0;
  let best = Number.NEGATIVE_INFINITY;
  for (let end = 1; end <= word.length; end++) {
    const piece = word.slice(0, end).join("");
    const score = scores.get(piece) ?? (end === 1 ? unknown : Number.NEGATIVE_INFINITY);
    if (score > Number.NEGATIVE_INFINITY) best = Math.max(best, score + bestScore(word.slice(end), scores, unknown));
  }
  return best;
}

test("the pieces have the best sum of scores", () => {
  for (let number = 0; number < 80; number++) {
    const random = seed(number);
    const letters = ["a", "b", "é", "\u{1f600}"];
    const text = (most: number): string[] =>
      Array.from({ length: 1 + random.integer(most) }, () => letters[random.integer(4)]!);
    const scores = new Map<string, number>();
    for (let i = 0; i < 12; i++) scores.set(text(4).join(""), -1 - random.integer(1000) / 64); // sums are exact
    const lowest = Math.min(...scores.values());
    const vocabulary = Vocabulary.of(["<unk>", ...scores.keys()]);
    const model = new Unigram(vocabulary, Float64Array.from([lowest, ...scores.values()]), 0);
    for (let i = 0; i < 20; i++) {
      const word = text(9);
      const pieces = piecesOf(model, word.join(""));
      // Neighboring unknown characters are one piece, each of them counted.
      const got = pieces.reduce((sum, [piece, start, end]) => {
        const characters = [...word.join("").slice(start, end)].length;
        return sum + (piece === "<unk>" ? characters * (lowest - 10) : scores.get(piece!)!);
      }, 0);
      assert.is(got, bestScore(word, scores, lowest - 10), `seed ${number}: ${word.join("")}`);
      assert.equal([pieces[0]![1], pieces.at(-1)![2]], [0, word.join("").length]);
      assert.not(pieces.some(([piece], j) => piece === "<unk>" && pieces[j + 1]?.[0] === "<unk>"));
    }
  }
});

test("unknown characters as bytes, where all of them are pieces", () => {
  const pieces = ["<unk>", "a", "<0xC3>", "<0xA9>"];
  const model = new Unigram(Vocabulary.of(pieces), Float64Array.from([-9, -1, -9, -9]), 0, true);
  assert.equal(piecesOf(model, "aéa"), [
    ["a", 0, 1],
    ["<0xC3>", 1, 2],
    ["<0xA9>", 1, 2],
    ["a", 2, 3],
  ]);
  assert.equal(piecesOf(model, "ü"), [["<unk>", 0, 1]]);
});

test("a model without an unknown piece refuses text that it cannot spell", () => {
  const model = new Unigram(Vocabulary.of(["a"]), Float64Array.of(-1), -1);
  assert.equal(piecesOf(model, "aa").length, 2);
  assert.throws(() => piecesOf(model, "ab"), /"b" is not a piece, and the model has no unknown token/);
});

const small = "abcdefghijklmnopqrstuvwxyz0123456789.,!?'éü".split("");

testAnyText(
  test,
  readTokenizerJson(
    JSON.stringify({
      normalizer: {
        type: "Sequence",
        normalizers: [
          { type: "NFKD" },
          { type: "StripAccents" },
          { type: "Lowercase" },
          { type: "Replace", pattern: { Regex: " {2,}" }, content: " " },
        ],
      },
      pre_tokenizer: { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true },
      decoder: { type: "Metaspace", replacement: "▁", prepend_scheme: "always" },
      model: {
        type: "Unigram",
        unk_id: 0,
        vocab: ["<unk>", "▁", "▁the", "ab", ...small].map((piece, i) => [piece, i === 0 ? 0 : -2 - i / 10]),
      },
    }),
  ),
);

test.run();
