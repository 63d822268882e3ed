/** Normalizers: the platform's normal forms, and where each character comes from. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { seed } from "../../../sdk/tensor/random.js";
import { toCodePoints } from "../../../sdk/tokenizer/index.js";
import { smallBertTokenizer, tokensOf } from "../../helpers/small-bert-tokenizer.js";
import { normalize } from "../../helpers/tokenizer-steps.js";

const test = suite("normalizers");

/** Texts of letters with and without decompositions, marks in any order, Hangul and characters beyond U+FFFF. */
function* texts(count: number): Generator<string> {
  const random = seed(7);
  const ranges = [
    [0x20, 0x7e],
    [0xc0, 0x17f],
    [0x300, 0x345],
    [0x3b0, 0x3ff],
    [0x5b0, 0x5c2],
    [0x900, 0x94d],
    [0x1100, 0x1112],
    [0x1161, 0x1175],
    [0xac00, 0xd7a3],
    [0x1e00, 0x1eff],
    [0x2460, 0x24ff],
    [0xfb00, 0xfb06],
    [0x1d400, 0x1d454],
    [0x1f600, 0x1f64f],
  ] as const;
  for (let i = 0; i < count; i++)
    yield Array.from({ length: random.integer(12) }, () => {
      const [low, high] = ranges[random.integer(ranges.length)]!;
      return String.fromCodePoint(low + random.integer(high - low + 1));
    }).join("");
}

for (const type of ["NFC", "NFD", "NFKC", "NFKD"] as const)
  test(`${type} is the platform's, with ranges that never go back`, () => {
    for (const text of texts(6000)) {
      const got = normalize({ type }, text);
      assert.is(got.text, text.normalize(type), JSON.stringify(text));
      let before = 0;
      for (const [start, end] of got.ranges) {
        assert.ok(start >= before && start <= end && end <= text.length, JSON.stringify(text));
        before = start;
      }
    }
  });

test("Lowercase maps each character for itself", () => {
  for (const text of texts(4000)) {
    const expected = [...text].map((character) => character.toLowerCase()).join("");
    assert.is(normalize({ type: "Lowercase" }, text).text, expected, JSON.stringify(text));
  }
  assert.is(normalize({ type: "Lowercase" }, "ΟΔΥΣΣΕΥΣ İ").text, "οδυσσευσ i\u0307"); // no final sigma
  // Capitals newer than the Unicode of some engines.
  assert.is(normalize({ type: "Lowercase" }, "\ua7cb\u1c89\u{10d50}\u{16ea0}").text, "\u0264\u1c8a\u{10d70}\u{16ebb}");
});

test("StripAccents removes marks alone, so that it needs a decomposition before it", () => {
  assert.is(normalize({ type: "StripAccents" }, "e\u0301é").text, "eé");
  const steps = { type: "Sequence", normalizers: [{ type: "NFD" }, { type: "StripAccents" }] };
  assert.equal(normalize(steps, "aéb"), {
    text: "aeb",
    ranges: [
      [0, 1],
      [1, 2],
      [2, 3],
    ],
  });
});

test("BertNormalizer: controls, ideographs, accents and case", () => {
  const bert = (text: string, options = {}): string => normalize({ type: "BertNormalizer", ...options }, text).text;
  assert.is(bert("A\u0000b\u00adc\td\u3000e\ufffd"), "abc d e");
  assert.is(bert("Café 東京x"), "cafe  東  京 x");
  assert.is(bert("Café 東京", { lowercase: false }), "Café  東  京 ");
  assert.is(bert("Café 東京", { lowercase: false, strip_accents: true, handle_chinese_chars: false }), "Cafe 東京");
  assert.is(bert("a\u0007\t", { clean_text: false }), "a\u0007\t");
  // Marks that stay (U+0D3E is a spacing mark) and others that go, in an order that has to be made canonical.
  assert.is(bert("\u0915\u093c\u0301\u0d3e"), "\u0915\u0d3e");
});

test("Replace, Prepend and Strip say where their characters come from", () => {
  const replace = { type: "Replace", pattern: { Regex: "b+" }, content: "xy" };
  assert.equal(normalize(replace, "abba"), {
    text: "axya",
    ranges: [
      [0, 1],
      [2, 3],
      [2, 3],
      [3, 4],
    ],
  });
  assert.equal(normalize({ type: "Prepend", prepend: "▁" }, "ab").ranges, [
    [0, 1],
    [0, 1],
    [1, 2],
  ]);
  assert.is(normalize({ type: "Prepend", prepend: "▁" }, "").text, "");
  assert.equal(normalize({ type: "Strip", strip_left: true, strip_right: false }, " \ta "), {
    text: "a ",
    ranges: [
      [2, 3],
      [3, 4],
    ],
  });
});

test("Nmt removes controls and makes exotic spaces spaces", () => {
  assert.is(normalize({ type: "Nmt" }, "a\u0001\u007fb\u200bc\u2028d\ufeff").text, "ab c d ");
});

test("ByteLevel shows each byte as a character", () => {
  assert.is(normalize({ type: "ByteLevel" }, "a é").text, "aĠÃ©");
});

test("errors name the step", () => {
  assert.throws(
    () => normalize({ type: "Sequence", normalizers: [{ type: "NFC" }, { type: "Foo" }] }, ""),
    /normalizer\.normalizers\[1\]: normalizer "Foo" is not supported/,
  );
  assert.throws(() => normalize({ type: "Precompiled", precompiled_charsmap: "*" }, ""), /base64 was expected/);
  assert.throws(
    () => normalize({ type: "Precompiled", precompiled_charsmap: "AAAA" }, ""),
    /at least 4 bytes were expected, got 3/,
  );
});

test("BERT's text in lower case, without accents, keeps the offsets of the text as written", () => {
  const tokenizer = smallBertTokenizer();
  const { ids, offsets } = tokenizer.encode("Hello,CAFÉ 東京!", undefined, { special: false });
  assert.equal(tokensOf(tokenizer, ids), ["hello", ",", "cafe", "東", "京", "!"]);
  assert.equal([...offsets], [0, 5, 5, 6, 6, 10, 11, 12, 12, 13, 13, 14]);
});

test("offsets of decomposed text refer to the text as written", () => {
  const tokenizer = smallBertTokenizer();
  const { offsets } = tokenizer.encode("cafe\u0301 \u{1F600} a", undefined, { special: false });
  assert.equal([...offsets], [0, 4, 6, 8, 9, 10]); // the accent is gone, the emoji has two units
  assert.equal([...toCodePoints(offsets, "cafe\u0301 \u{1F600} a")], [0, 4, 6, 7, 8, 9]);
});

test.run();
