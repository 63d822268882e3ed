/** Pre-tokenizers against the expressions and examples that define them. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { seed } from "../../../sdk/tensor/random.js";
import { readTokenizerJson } from "../../../sdk/tokenizer/index.js";
import { testAnyText } from "../../helpers/any-text.js";
import { preTokenize } from "../../helpers/tokenizer-steps.js";

const test = suite("pre-tokenizers");
const ALPHABET = [
  "a",
  "b",
  "Z",
  "é",
  "東",
  "1",
  "²",
  "½",
  " ",
  "\n",
  "\u00a0",
  "'",
  "s",
  "t",
  "re",
  "ll",
  ".",
  "!",
  "$",
  "\u{1f600}",
  "\u0301",
  "_",
];

function* texts(count: number): Generator<string> {
  const random = seed(3);
  for (let i = 0; i < count; i++)
    yield Array.from({ length: random.integer(14) }, () => ALPHABET[random.integer(ALPHABET.length)]).join("");
}

test("ByteLevel cuts as GPT-2's pattern does", () => {
  const gpt2 = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;
  const byte = (text: string): string => Buffer.from(text, "latin1").toString("utf8");
  for (const text of texts(8000)) {
    const words = preTokenize({ type: "ByteLevel", add_prefix_space: false }, text);
    const decoded = words.map((word) =>
      byte(
        [...word]
          .map((c) => {
            const unit = c.charCodeAt(0);
            // The visible character of a byte: itself, or the next free one from U+0100.
            const hidden = [...Array(33).keys(), ...Array.from({ length: 34 }, (_, i) => 127 + i), 173];
            return String.fromCharCode(unit >= 0x100 ? hidden[unit - 0x100]! : unit);
          })
          .join(""),
      ),
    );
    assert.equal(decoded, text.match(gpt2) ?? [], JSON.stringify(text));
  }
  assert.equal(preTokenize({ type: "ByteLevel" }, "a b"), ["Ġa", "Ġb"]);
});

test("BertPreTokenizer cuts at white space and around punctuation", () => {
  const symbols = "$+<=>^`|~";
  for (const text of texts(4000)) {
    const spaced = [...text].map((c) => (/\p{P}/u.test(c) || symbols.includes(c) ? ` ${c} ` : c)).join("");
    assert.equal(
      preTokenize({ type: "BertPreTokenizer" }, text),
      spaced.split(/\s+/u).filter(Boolean),
      JSON.stringify(text),
    );
  }
});

test("WhitespaceSplit and Whitespace", () => {
  for (const text of texts(4000)) {
    assert.equal(preTokenize({ type: "WhitespaceSplit" }, text), text.split(/\s+/u).filter(Boolean));
    // \w of the reference takes marks and letters as numbers, such as ½, as JavaScript's does not.
    const words = text.match(/[\p{L}\p{M}\p{Nd}\p{Pc}]+|[^\p{L}\p{M}\p{Nd}\p{Pc}\s]+/gu) ?? [];
    assert.equal(preTokenize({ type: "Whitespace" }, text), words, JSON.stringify(text));
  }
});

// The example of the library's documentation: "the-final--countdown" at "-".
for (const [behavior, words] of [
  ["Removed", ["the", "final", "countdown"]],
  ["Isolated", ["the", "-", "final", "-", "-", "countdown"]],
  ["MergedWithPrevious", ["the-", "final-", "-", "countdown"]],
  ["MergedWithNext", ["the", "-final", "-", "-countdown"]],
  ["Contiguous", ["the", "-", "final", "--", "countdown"]],
] as const)
  test(`Split, ${behavior}`, () => {
    const snake = behavior.replace(/(?!^)[A-Z]/g, "_$&").toLowerCase();
    for (const name of [behavior, snake]) {
      const split = { type: "Split", pattern: { String: "-" }, behavior: name, invert: false };
      assert.equal(preTokenize(split, "the-final--countdown"), words);
    }
    const inverted = { type: "Split", pattern: { Regex: "[^-]" }, behavior, invert: true };
    assert.equal(preTokenize(inverted, "-").join(""), behavior === "Removed" ? "" : "-");
  });

test("Punctuation, Digits, CharDelimiterSplit, FixedLength and UnicodeScripts", () => {
  assert.equal(preTokenize({ type: "Punctuation" }, "a,b$c"), ["a", ",", "b", "$", "c"]);
  assert.equal(preTokenize({ type: "Punctuation", behavior: "MergedWithNext" }, "a,b"), ["a", ",b"]);
  assert.equal(preTokenize({ type: "Digits", individual_digits: true }, "a12b"), ["a", "1", "2", "b"]);
  assert.equal(preTokenize({ type: "Digits", individual_digits: false }, "a12b"), ["a", "12", "b"]);
  assert.equal(preTokenize({ type: "CharDelimiterSplit", delimiter: "x" }, "axbxxc"), ["a", "b", "c"]);
  assert.equal(preTokenize({ type: "FixedLength", length: 2 }, "ab\u{1f600}cd"), ["ab", "\u{1f600}c", "d"]);
  assert.equal(preTokenize({ type: "UnicodeScripts" }, "aбв 東きア1"), ["a", "бв ", "東きア", "1"]);
});

test("Metaspace puts ▁ before words by its scheme", () => {
  const metaspace = (scheme: string, split = true) => ({
    type: "Metaspace",
    replacement: "▁",
    prepend_scheme: scheme,
    split,
  });
  assert.equal(preTokenize(metaspace("always"), "a b"), ["▁a", "▁b"]);
  assert.equal(preTokenize(metaspace("never"), "a b"), ["a", "▁b"]);
  assert.equal(preTokenize(metaspace("always"), " a"), ["▁a"]);
  assert.equal(preTokenize(metaspace("always", false), "a b"), ["▁a▁b"]);
  const after = (scheme: string) => ({
    type: "Sequence",
    pretokenizers: [{ type: "WhitespaceSplit" }, metaspace(scheme)],
  });
  assert.equal(preTokenize(after("always"), "a b"), ["▁a", "▁b"]);
  assert.equal(preTokenize(after("first"), "a b"), ["▁a", "b"]);
});

test("errors name the step", () => {
  const read = (step: unknown) => () => preTokenize(step, "a");
  assert.throws(read({ type: "Foo" }), /pre-tokenizer "Foo" is not supported/);
  assert.throws(
    read({ type: "Split", pattern: { String: "-" }, behavior: "Gone" }),
    /behavior: "Gone" is not supported/,
  );
  assert.throws(read({ type: "FixedLength", length: 0 }), /length: at least 1 was expected, got 0/);
  assert.throws(read({ type: "Metaspace", replacement: "ab" }), /one character up to U\+FFFF was expected/);
});

testAnyText(
  test,
  readTokenizerJson(
    JSON.stringify({
      normalizer: { type: "NFKC" },
      pre_tokenizer: {
        type: "Sequence",
        pretokenizers: [
          { type: "Whitespace" },
          { type: "Digits", individual_digits: true },
          { type: "Split", pattern: { Regex: "[aeiou]+(?!\\s)" }, behavior: "Isolated", invert: false },
        ],
      },
      model: { type: "WordLevel", vocab: { "<unk>": 0, a: 1 }, unk_token: "<unk>" },
    }),
  ),
);

test.run();
