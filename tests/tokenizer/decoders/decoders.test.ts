/** Decoders: tokens back to text. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { seed } from "../../../sdk/tensor/random.js";
import { readDecoder } from "../../../sdk/tokenizer/decoders/read.js";
import { byteText } from "../../../sdk/tokenizer/text/bytes.js";
import { smallBertTokenizer } from "../../helpers/small-bert-tokenizer.js";

const test = suite("decoders");
const decode = (json: unknown, tokens: string[], cleanUp?: boolean): string =>
  readDecoder(json)!.decode(tokens, cleanUp).join("");

test("WordPiece joins continuations and closes gaps before punctuation", () => {
  const tokens = ["I", "do", "##n't", "want", "##ed", "it", "."];
  assert.is(decode({ type: "WordPiece", prefix: "##", cleanup: true }, tokens), "I don't wanted it.");
  assert.is(decode({ type: "WordPiece", prefix: "##", cleanup: false }, tokens), "I don't wanted it .");
  assert.is(decode({ type: "WordPiece", prefix: "##", cleanup: true }, tokens, false), "I don't wanted it .");
});

test("ByteLevel gives the text of the bytes, wherever tokens are cut", () => {
  const random = seed(5);
  for (let i = 0; i < 500; i++) {
    const text = Array.from(
      { length: random.integer(8) },
      () => ["a", " ", "é", "東", "\u{1f600}", "\n"][random.integer(6)],
    ).join("");
    const tokens = [...byteText(text)];
    for (let at = tokens.length - 1; at > 0; at--)
      if (random.integer(2) === 0) tokens.splice(at - 1, 2, tokens[at - 1]! + tokens[at]!);
    assert.is(decode({ type: "ByteLevel" }, tokens), text);
  }
  assert.is(decode({ type: "ByteLevel" }, ["Ã"]), "\ufffd"); // half a character
});

test("Metaspace, BPEDecoder, Strip, Replace and Fuse", () => {
  assert.is(decode({ type: "Metaspace", replacement: "▁", prepend_scheme: "always" }, ["▁a", "b", "▁c"]), "ab c");
  assert.is(decode({ type: "Metaspace", replacement: "▁", prepend_scheme: "never" }, ["▁a", "▁c"]), " a c");
  assert.is(decode({ type: "BPEDecoder", suffix: "</w>" }, ["a", "b</w>", "c</w>"]), "ab c");
  assert.is(decode({ type: "Strip", content: "_", start: 1, stop: 2 }, ["__a__", "_", "b"]), "_ab");
  const replace = { type: "Replace", pattern: { Regex: "▁+" }, content: " " };
  assert.is(decode(replace, ["▁▁a", "▁b"]), " a b");
  const sequence = {
    type: "Sequence",
    decoders: [{ type: "Fuse" }, { type: "Strip", content: " ", start: 1, stop: 0 }],
  };
  assert.is(decode(sequence, [" a", " b"]), "a b");
});

test("ByteFallback makes characters of whole runs of bytes, and U+FFFD of each byte of a broken one", () => {
  assert.is(decode({ type: "ByteFallback" }, ["a", "<0xE6>", "<0x9D>", "<0xB1>", "b"]), "a東b");
  assert.is(decode({ type: "ByteFallback" }, ["<0xE6>", "<0x9D>", "b", "<0x61>"]), "\ufffd\ufffdba");
});

test("errors name the step", () => {
  assert.throws(() => readDecoder({ type: "Foo" }), /decoder: decoder "Foo" is not supported/);
  assert.throws(() => readDecoder({ type: "Strip", content: 1 }), /decoder\.content: a string was expected, got 1/);
});

test("decode leaves out special tokens and cleans up on request", () => {
  const tokenizer = smallBertTokenizer();
  const { ids } = tokenizer.encode("Hello, world! I'm unwanted");
  assert.is(tokenizer.decode(ids, { skipSpecial: true }), "hello, world! i ' m unwanted");
  assert.is(tokenizer.decode(ids, { skipSpecial: true, cleanUp: false }), "hello , world ! i ' m unwanted");
});

test.run();
