/** BERT tokenizers: normalisation, splitting, pieces, templates, windows, given words, decoding. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  readTokenizerJson,
  readVocabulary,
  type Tokenizer,
  TokenizerError,
  toCodePoints,
} from "../../sdk/tokenizer/index.js";

const test = suite("BERT tokenizer");
const PIECES =
  "[PAD] [UNK] [CLS] [SEP] [MASK] un want ##want ##ed runn ##ing hello , ! world ' m i 東 京 cafe e ##i a b c ##b".split(
    " ",
  );
const make = (options = {}): Tokenizer => readVocabulary(`${PIECES.join("\n")}\n`, options);
const pieces = (tokenizer: Tokenizer, ids: Int32Array): string[] => Array.from(ids, (id) => tokenizer.token(id)!);

test("takes the longest pieces and gives up on a word as a whole", () => {
  const tokenizer = make();
  const { ids, offsets, words, special, sequences } = tokenizer.encode("unwanted running unwantedx");
  assert.equal(pieces(tokenizer, ids), ["[CLS]", "un", "##want", "##ed", "runn", "##ing", "[UNK]", "[SEP]"]);
  assert.equal([...offsets], [0, 0, 0, 2, 2, 6, 6, 8, 9, 13, 13, 16, 17, 26, 0, 0]);
  assert.equal([...words], [-1, 0, 0, 0, 1, 1, 2, -1]);
  assert.equal([...special], [1, 0, 0, 0, 0, 0, 0, 1]);
  assert.equal([...sequences], [-1, 0, 0, 0, 0, 0, 0, -1]);
});

test("lowers the case, strips accents, sets ideographs and punctuation apart", () => {
  const tokenizer = make();
  const { ids, offsets } = tokenizer.encode("Hello,CAFÉ 東京!", undefined, { special: false });
  assert.equal(pieces(tokenizer, ids), ["hello", ",", "cafe", "東", "京", "!"]);
  assert.equal([...offsets], [0, 5, 5, 6, 6, 10, 11, 12, 12, 13, 13, 14]);
});

test("offsets of decomposed text point at the text as written", () => {
  const tokenizer = make();
  const { offsets } = tokenizer.encode("cafe\u0301 \u{1F600} a", undefined, { special: false });
  assert.equal([...offsets], [0, 4, 6, 8, 9, 10]); // the accent is gone, the emoji has two units
  assert.equal([...toCodePoints(offsets, "cafe\u0301 \u{1F600} a")], [0, 4, 6, 7, 8, 9]);
});

test("pairs stand in the template with their segments", () => {
  const tokenizer = make();
  const { ids, segments, sequences } = tokenizer.encode("a b", "c");
  assert.equal(pieces(tokenizer, ids), ["[CLS]", "a", "b", "[SEP]", "c", "[SEP]"]);
  assert.equal([...segments], [0, 0, 0, 0, 1, 1]);
  assert.equal([...sequences], [-1, 0, 0, -1, 1, -1]);
});

test("special tokens written in the text are found, and only as they are written", () => {
  const tokenizer = make();
  assert.equal(pieces(tokenizer, tokenizer.encode("a[MASK]b [mask]", undefined, { special: false }).ids).slice(0, 3), [
    "a",
    "[MASK]",
    "b",
  ]);
  assert.is(tokenizer.encode("[mask]").ids.includes(tokenizer.special.mask!), false);
});

test("truncation keeps what its strategy says", () => {
  const tokenizer = make();
  const kept = (length: number, strategy: "longest-first" | "only-first" | "only-second") =>
    pieces(tokenizer, tokenizer.encode("a a a a a a", "b b b", { truncate: { length, strategy } }).ids).join(" ");
  assert.is(kept(9, "longest-first"), "[CLS] a a a [SEP] b b b [SEP]");
  assert.is(kept(8, "longest-first"), "[CLS] a a a [SEP] b b [SEP]");
  assert.is(kept(11, "only-first"), "[CLS] a a a a a [SEP] b b b [SEP]");
  assert.is(kept(11, "only-second"), "[CLS] a a a a a a [SEP] b b [SEP]");
  assert.throws(
    () => kept(8, "only-second"),
    (error: Error) => error instanceof TokenizerError && /only-second/.test(error.message),
  );
  assert.throws(
    () => kept(2, "longest-first"),
    (error: Error) => error instanceof TokenizerError,
  );
});

test("windows cover everything and share their stride", () => {
  const tokenizer = make();
  const text = "a b c a b c a b c a";
  const windows = tokenizer.windows(text, undefined, { truncate: { length: 6, stride: 1 } });
  assert.equal(
    windows.map(({ ids }) => ids.length),
    [6, 6, 6],
  );
  assert.equal(
    windows.map(({ offsets }) => [offsets[2], offsets[2 * 4 + 1]]),
    [
      [0, 7],
      [6, 13],
      [12, 19],
    ],
  );
});

test("one text cut off on the right is read no further, with the same result", () => {
  const tokenizer = make();
  const text = "a b c ".repeat(1000);
  const cut = tokenizer.encode(text, undefined, { truncate: { length: 12 } });
  assert.equal([...cut.ids], [...tokenizer.windows(text, undefined, { truncate: { length: 12 } })[0]!.ids]);
});

test("given words keep their places, whatever they become", () => {
  const tokenizer = make();
  const { ids, words, offsets } = tokenizer.encode(["unwanted", "\u0000", "", "i'm"], undefined, { special: false });
  assert.equal(pieces(tokenizer, ids), ["un", "##want", "##ed", "[UNK]", "[UNK]", "i", "'", "m"]);
  assert.equal([...words], [0, 0, 0, 1, 2, 3, 3, 3]);
  assert.equal([...offsets], [0, 2, 2, 6, 6, 8, 0, 1, 0, 0, 0, 1, 1, 2, 2, 3]);
});

test("decoding joins pieces and closes gaps", () => {
  const tokenizer = make();
  const { ids } = tokenizer.encode("Hello, world! I'm unwanted");
  assert.is(tokenizer.decode(ids, { skipSpecial: true }), "hello, world! i ' m unwanted");
  assert.is(tokenizer.decode(ids, { skipSpecial: true, cleanUp: false }), "hello , world ! i ' m unwanted");
});

test("roles, ids and pieces", () => {
  const tokenizer = make();
  assert.equal(tokenizer.special, { unknown: 1, mask: 4, cls: 2, sep: 3, pad: 0 });
  assert.is(tokenizer.id("##ing"), PIECES.indexOf("##ing"));
  assert.is(tokenizer.id("nothing"), undefined);
  assert.is(tokenizer.token(99), undefined);
  assert.ok(tokenizer.continues(tokenizer.id("##ed")!) && !tokenizer.continues(tokenizer.id("un")!));
  assert.ok(tokenizer.isSpecial(3) && !tokenizer.isSpecial(5));
  assert.is(make({ settings: { mask_token: "world" } }).special.mask, PIECES.indexOf("world"));
});

test("what is written can be read again and gives the same", () => {
  const tokenizer = make();
  const again = readTokenizerJson(JSON.stringify(tokenizer));
  assert.equal(JSON.stringify(again), JSON.stringify(tokenizer));
  assert.equal([...again.encode("Hello, 東京 unwanted").ids], [...tokenizer.encode("Hello, 東京 unwanted").ids]);
});

test("wrong files and settings are errors that name the place", () => {
  const json = make().toJSON();
  const broken = (change: Record<string, unknown>, what: RegExp) =>
    assert.throws(
      () => readTokenizerJson(JSON.stringify({ ...json, ...change })),
      (error: Error) => error instanceof TokenizerError && what.test(error.message),
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
