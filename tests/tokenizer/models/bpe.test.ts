/** Byte-pair encoding against its definition: join the pair with the lowest rank, the leftmost first, until none is left. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Rng, seed } from "../../../sdk/tensor/random.js";
import { readTokenizerJson } from "../../../sdk/tokenizer/index.js";
import { Bpe, type BpeOptions } from "../../../sdk/tokenizer/models/bpe.js";
import { BYTE_CHARACTERS } from "../../../sdk/tokenizer/text/bytes.js";
import { Vocabulary } from "../../../sdk/tokenizer/vocabulary/vocabulary.js";
import { testAnyText } from "../../helpers/any-text.js";
import { piecesOf } from "../../helpers/tokenizer-steps.js";

const test = suite("BPE");

/** A model of pieces and of merges given as texts, in order of rank. */
function model(pieces: readonly string[], merges: readonly (readonly [string, string])[], options?: BpeOptions): Bpe {
  const join = (left: string, right: string): string =>
    left + (options?.prefix && right.startsWith(options.prefix) ? right.slice(options.prefix.length) : right);
  const ids = merges.flatMap(([left, right]) => [left, right, join(left, right)].map((piece) => pieces.indexOf(piece)));
  return new Bpe(Vocabulary.of(pieces), Int32Array.from(ids), options);
}

const spelling = (bpe: Bpe, word: string): (string | undefined)[] => piecesOf(bpe, word).map(([piece]) => piece);

/** The definition. */
function joined(word: string, merges: readonly (readonly [string, string])[]): string[] {
  const symbols = [...word];
  for (;;) {
    let best = merges.length;
    let at = -1;
    for (let i = 0; i + 1 < symbols.length; i++) {
      const rank = merges.findLastIndex(([left, right]) => left === symbols[i] && right === symbols[i + 1]);
      if (rank >= 0 && rank < best) [best, at] = [rank, i];
    }
    if (at < 0) return symbols;
    symbols.splice(at, 2, symbols[at]! + symbols[at + 1]!);
  }
}

function randomMerges(random: Rng): [string[], [string, string][]] {
  const pieces = ["a", "b", "c", "é", "\u{1f600}"];
  const merges: [string, string][] = [];
  for (let i = 0; i < 30; i++) {
    const [left, right] = [pieces[random.integer(pieces.length)]!, pieces[random.integer(pieces.length)]!];
    if ((left + right).length > 12) continue;
    merges.push([left, right]); // now and then a pair that has a rank already: the later one counts
    if (!pieces.includes(left + right)) pieces.push(left + right);
  }
  return [pieces, merges];
}

test("words are joined by rank, short ones by search and long ones by a heap", () => {
  for (let number = 0; number < 60; number++) {
    const random = seed(number);
    const [pieces, merges] = randomMerges(random);
    const bpe = model(pieces, merges);
    for (const most of [8, 63, 64, 65, 300]) {
      const word = Array.from({ length: 1 + random.integer(most) }, () => pieces[random.integer(5)]).join("");
      assert.equal(spelling(bpe, word), joined(word, merges), `seed ${number}: ${word}`);
    }
  }
});

test("pieces have the units that they cover", () => {
  const bpe = model(["a", "\u{1f600}", "a\u{1f600}", "b"], [["a", "\u{1f600}"]]);
  assert.equal(piecesOf(bpe, "ba\u{1f600}b"), [
    ["b", 0, 1],
    ["a\u{1f600}", 1, 4],
    ["b", 4, 5],
  ]);
});

test("unknown characters: left out, one token each, fused, or as bytes", () => {
  const pieces = ["a", "?", "<0xC3>", "<0xA9>"];
  assert.equal(spelling(model(pieces, []), "aéza"), ["a", "a"]);
  assert.equal(spelling(model(pieces, [], { unknown: "?" }), "aéza"), ["a", "?", "?", "a"]);
  assert.equal(piecesOf(model(pieces, [], { unknown: "?", fuseUnknown: true }), "aéza"), [
    ["a", 0, 1],
    ["?", 1, 3],
    ["a", 3, 4],
  ]);
  // é has both of its bytes in the vocabulary, z has not.
  assert.equal(piecesOf(model(pieces, [], { unknown: "?", byteFallback: true }), "aéz"), [
    ["a", 0, 1],
    ["<0xC3>", 1, 2],
    ["<0xA9>", 1, 2],
    ["?", 2, 3],
  ]);
  assert.throws(() => spelling(model(["a"], [], { unknown: "?" }), "b"), /the unknown token \? is missing/);
});

test("a word that is a piece is taken whole only with ignoreMerges", () => {
  const pieces = ["a", "b", "c", "ab", "abc"];
  assert.equal(spelling(model(pieces, [["a", "b"]]), "abc"), ["ab", "c"]);
  assert.equal(spelling(model(pieces, [["a", "b"]], { ignoreMerges: true }), "abc"), ["abc"]);
  assert.equal(spelling(model(pieces, [["a", "b"]], { ignoreMerges: true }), "abca"), ["ab", "c", "a"]);
});

test("a prefix marks characters inside a word, a suffix the last one", () => {
  const pieces = ["a", "@b", "@c</w>", "a</w>", "ab", "abc</w>"];
  const merges = [
    ["a", "@b"],
    ["ab", "@c</w>"],
  ] as const;
  const bpe = model(pieces, merges, { prefix: "@", suffix: "</w>" });
  assert.equal(spelling(bpe, "abc"), ["abc</w>"]);
  assert.equal(spelling(bpe, "a"), ["a</w>"]);
});

const bytes = Array.from(BYTE_CHARACTERS, (unit) => String.fromCharCode(unit));
const byteLevel = readTokenizerJson(
  JSON.stringify({
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: { type: "ByteLevel", trim_offsets: true },
    decoder: { type: "ByteLevel" },
    model: {
      type: "BPE",
      vocab: Object.fromEntries([...bytes, "th", "the", "Ġt"].map((piece, i) => [piece, i])),
      merges: ["t h", "th e", "Ġ t"],
    },
  }),
);

testAnyText(test, byteLevel);

test("byte-level tokens decode to the text", () => {
  for (const text of ["the the", "  the\n\n the", "naïve 東京 \u{1F600}", "\u0000\u0001"])
    assert.is(byteLevel.decode(byteLevel.encode(text).ids), text);
});

test.run();
