/** Templates, and truncation against its definition. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { seed } from "../../../sdk/tensor/random.js";
import { readTokenizerJson, TokenizerError } from "../../../sdk/tokenizer/index.js";
import { combine, keep, parts } from "../../../sdk/tokenizer/post-processors/truncate.js";
import { smallBertTokenizer, tokensOf } from "../../helpers/small-bert-tokenizer.js";

const test = suite("post-processors");

/** Tokens and segments of "a b" and "c" with a post-processor. */
function encoded(post_processor: unknown, pair?: string): [string[], number[]] {
  const vocab = { "[UNK]": 0, a: 1, b: 2, c: 3, "<": 4, ">": 5 };
  const tokenizer = readTokenizerJson(
    JSON.stringify({
      pre_tokenizer: { type: "WhitespaceSplit" },
      post_processor,
      model: { type: "WordLevel", vocab, unk_token: "[UNK]" },
    }),
  );
  const { ids, segments } = tokenizer.encode("a b", pair);
  return [Array.from(ids, (id) => tokenizer.token(id)!), [...segments]];
}

test("each kind adds its tokens and segments", () => {
  assert.equal(encoded(null), [
    ["a", "b"],
    [0, 0],
  ]);
  assert.equal(encoded(null, "c"), [
    ["a", "b", "c"],
    [0, 0, 1],
  ]);
  const bert = { type: "BertProcessing", cls: ["<", 4], sep: [">", 5] };
  assert.equal(encoded(bert, "c"), [
    ["<", "a", "b", ">", "c", ">"],
    [0, 0, 0, 0, 1, 1],
  ]);
  const roberta = { ...bert, type: "RobertaProcessing", trim_offsets: false, add_prefix_space: false };
  assert.equal(encoded(roberta), [
    ["<", "a", "b", ">"],
    [0, 0, 0, 0],
  ]);
  assert.equal(encoded(roberta, "c"), [
    ["<", "a", "b", ">", ">", "c", ">"],
    [0, 0, 0, 0, 0, 0, 0],
  ]);
});

test("a template may have any order, segments and several ids for a token", () => {
  const template = {
    type: "TemplateProcessing",
    single: [{ Sequence: { id: "A", type_id: 2 } }],
    pair: [
      { Sequence: { id: "B", type_id: 1 } },
      { SpecialToken: { id: "<>", type_id: 3 } },
      { Sequence: { id: "A", type_id: 0 } },
    ],
    special_tokens: { "<>": { id: "<>", ids: [4, 5], tokens: ["<", ">"] } },
  };
  assert.equal(encoded(template), [
    ["a", "b"],
    [2, 2],
  ]);
  assert.equal(encoded(template, "c"), [
    ["c", "<", ">", "a", "b"],
    [1, 3, 3, 0, 0],
  ]);
});

test("errors name the place", () => {
  const place = (single: unknown[]) => ({ type: "TemplateProcessing", single, pair: [], special_tokens: {} });
  assert.throws(() => encoded({ type: "Foo" }), /post-processor "Foo" is not supported/);
  assert.throws(
    () => encoded(place([{ Sequence: { id: "C" } }])),
    /single\[0\]: the sequence must be "A" or "B", got "C"/,
  );
  assert.throws(() => encoded(place([{ SpecialToken: { id: "x" } }])), /"x" is missing from special_tokens/);
  assert.throws(
    () => encoded({ type: "BertProcessing", cls: ["<"], sep: [">", 5] }),
    /cls: \[token, id\] was expected/,
  );
});

/** Take one token after another from the longer text, from the second of equal ones. */
function longestFirst([first, second]: readonly [number, number], limit: number): [number, number] {
  let [a, b] = [first, second];
  while (a + b > limit)
    if (a > b) a--;
    else b--;
  return [a, b];
}

test("the longer text gives way", () => {
  for (let a = 0; a < 12; a++)
    for (let b = 0; b < 12; b++)
      for (let limit = 1; limit < 26; limit++) {
        const got = keep([a, b], 0, { length: limit });
        const want = longestFirst([a, b], limit);
        assert.is(got[0]! + got[1]!, want[0] + want[1], `${[a, b, limit]}`);
        // Of an odd limit either text may have one more.
        assert.ok(Math.abs(got[0]! - want[0]) <= 1, `${[a, b, limit]}: ${got}, not ${want}`);
        assert.ok(got[0]! <= a && got[1]! <= b);
      }
});

test("only one text gives way, or an error says why it cannot", () => {
  assert.equal(keep([10, 4], 3, { length: 12, strategy: "only-first" }), [5, 4]);
  assert.equal(keep([4, 10], 3, { length: 12, strategy: "only-second" }), [4, 5]);
  assert.throws(() => keep([4, 10], 3, { length: 12, strategy: "only-first" }), /only-first cannot make room/);
  assert.throws(() => keep([4], 3, { length: 6, strategy: "only-second" }), /needs a pair/);
  assert.throws(() => keep([4], 3, { length: 2 }), /at least 3, the special tokens/);
});

test("windows cover all tokens, share their stride, and the first is the one that truncation keeps", () => {
  const random = seed(1);
  for (let i = 0; i < 2000; i++) {
    const total = random.integer(60);
    const length = 1 + random.integer(20);
    const stride = random.integer(length);
    for (const direction of ["right", "left"] as const) {
      const windows = parts(total, length, { length, stride, direction });
      const inOrder = direction === "right" ? windows : [...windows].reverse();
      assert.equal([inOrder[0]!.from, inOrder.at(-1)!.to], [0, total]);
      for (const [j, { from, to }] of windows.entries()) {
        assert.ok(to - from <= length && (total < length || j === windows.length - 1 || to - from === length));
        const next = windows[j + 1];
        if (next !== undefined) assert.is(direction === "right" ? to - next.from : next.to - from, stride);
      }
    }
  }
  assert.throws(() => parts(10, 4, { length: 4, stride: 4 }), /stride must be at least 0 and below the 4 tokens/);
});

test("windows of two texts are combined in the reference's order", () => {
  const ranges = (count: number) => Array.from({ length: count }, (_, i) => ({ from: i, to: i + 1 }));
  const pairs = combine(ranges(2), ranges(3)).map(([a, b]) => [a.from, b.from]);
  assert.equal(pairs, [
    [0, 0],
    [1, 0],
    [1, 1],
    [1, 2],
    [0, 1],
    [0, 2],
  ]);
});

test("BERT's template puts a pair into segment 1", () => {
  const tokenizer = smallBertTokenizer();
  const { ids, segments, sequences } = tokenizer.encode("a b", "c");
  assert.equal(tokensOf(tokenizer, ids), ["[CLS]", "a", "b", "[SEP]", "c", "[SEP]"]);
  assert.equal([...segments], [0, 0, 0, 0, 1, 1]);
  assert.equal([...sequences], [-1, 0, 0, -1, 1, -1]);
});

test("encode truncates by its strategy, special tokens included", () => {
  const tokenizer = smallBertTokenizer();
  const kept = (length: number, strategy: "longest-first" | "only-first" | "only-second") =>
    tokensOf(tokenizer, tokenizer.encode("a a a a a a", "b b b", { truncate: { length, strategy } }).ids).join(" ");
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

test("windows of a text have the offsets of the whole text", () => {
  const tokenizer = smallBertTokenizer();
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

test("encode gives the first window of a long text", () => {
  const tokenizer = smallBertTokenizer();
  const text = "a b c ".repeat(1000);
  const cut = tokenizer.encode(text, undefined, { truncate: { length: 12 } });
  assert.equal([...cut.ids], [...tokenizer.windows(text, undefined, { truncate: { length: 12 } })[0]!.ids]);
});

test.run();
