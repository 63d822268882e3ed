/** What holds for every text: no crash, offsets inside the text and in order, linear time. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readTokenizerJson, type Tokenizer, trainWordPiece } from "../../sdk/tokenizer/index.js";
import { BYTE_CHARACTERS } from "../../sdk/tokenizer/text/bytes.js";

const test = suite("tokenizer properties");
const bytes = Array.from(BYTE_CHARACTERS, (unit) => String.fromCharCode(unit));
const small = "abcdefghijklmnopqrstuvwxyz0123456789.,!?'éü".split("");

/** One tokenizer of each kind, with the steps of a published one. */
const kinds: Record<string, Tokenizer> = {
  wordpiece: trainWordPiece(["the quick brown fox jumps over the lazy dog 東京 привет"], { size: 200 }),
  "byte-level BPE": readTokenizerJson(
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
  ),
  unigram: readTokenizerJson(
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
  composed: readTokenizerJson(
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
};

function check(tokenizer: Tokenizer, text: string): void {
  const { ids, offsets, words } = tokenizer.encode(text, undefined, { special: false });
  let start = 0;
  let word = 0;
  for (let i = 0; i < ids.length; i++) {
    const [from, to] = [offsets[2 * i]!, offsets[2 * i + 1]!];
    const right =
      ids[i]! >= 0 && ids[i]! < tokenizer.size && from >= start && to >= from && to <= text.length && words[i]! >= word;
    if (!right)
      assert.unreachable(`token ${i} of ${JSON.stringify(text.slice(0, 60))}: [${from}, ${to}) word ${words[i]}`);
    start = from;
    word = words[i]!;
  }
}

for (const [name, tokenizer] of Object.entries(kinds)) {
  test(`${name}: every code point alone and beside a letter`, () => {
    for (let c = 0; c < 0x110000; c++) {
      const character = String.fromCodePoint(c);
      check(tokenizer, character);
      if (c < 0x30000 || c % 16 === 0) check(tokenizer, `a${character}b`);
    }
  });

  test(`${name}: random strings`, () => {
    let state = 12345;
    const random = (n: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 0x100000000) * n);
    };
    const ranges = [0x80, 0x300, 0x370, 0x800, 0x3100, 0x10000, 0x20000, 0x110000];
    for (let i = 0; i < 20_000; i++) {
      let text = "";
      for (let length = random(20); length > 0; length--)
        text += String.fromCodePoint(random(ranges[random(ranges.length)]!));
      check(tokenizer, text);
    }
  });

  test(`${name}: time grows with the length, not faster`, () => {
    const hostile: [string, (n: number) => string][] = [
      ["no spaces", (n) => "a".repeat(n)],
      ["only spaces", (n) => " ".repeat(n)],
      ["marks", (n) => `a${"\u0301\u0323".repeat(n / 2)}`],
      ["apostrophes", (n) => "'".repeat(n)],
      ["brackets", (n) => "[".repeat(n)],
    ];
    for (const [what, make] of hostile) {
      const time = (n: number): number => {
        const text = make(n);
        const begin = performance.now();
        tokenizer.encode(text);
        return performance.now() - begin;
      };
      time(20_000);
      const short = Math.max(2, Math.min(time(20_000), time(20_000)));
      const most = 20 * short * 8;
      // A machine that is busy with something else may stop a try; what grows too fast is slow in all of them.
      let long = time(400_000);
      for (let tries = 0; tries < 3 && long >= most; tries++) long = Math.min(long, time(400_000));
      assert.ok(long < most, `${what}: 20,000 take ${short.toFixed(1)} ms, 400,000 take ${long.toFixed(1)} ms`);
    }
  });
}

test("words of one length all come back", () => {
  const tokenizer = kinds["byte-level BPE"]!;
  for (const text of ["the the", "  the\n\n the", "naïve 東京 \u{1F600}", "\u0000\u0001"])
    assert.is(tokenizer.decode(tokenizer.encode(text).ids), text);
});

test.run();
