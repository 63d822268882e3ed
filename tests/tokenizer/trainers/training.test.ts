/** Learning vocabularies, and vocabularies in the files of before tokenizer.json. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  DecodeStream,
  encodeStream,
  languageShares,
  readMerges,
  readSentencePiece,
  readTokenizerJson,
  sampleLanguages,
  type Tokenizer,
  TokenizerError,
  trainBpe,
  trainUnigram,
  trainWordPiece,
} from "../../../sdk/tokenizer/index.js";
import { digamma } from "../../../sdk/tokenizer/trainers/digamma.js";
import { repeatedSubstrings } from "../../../sdk/tokenizer/trainers/substrings.js";
import { near } from "../../helpers/near.js";
import { shared } from "../../helpers/shared.js";

const test = suite("tokenizer training");
const TEXTS = [
  "low low low low low lower lower newest newest newest newest newest newest widest widest widest",
  "the lowest of the new is the widest, and the newest of the low is lower",
  "naïve cafés in 東京 and 京都",
];
const learners: Record<
  string,
  (texts: Iterable<string>, options: { size: number; signal?: AbortSignal }) => Tokenizer
> = {
  WordPiece: trainWordPiece,
  BPE: trainBpe,
  Unigram: trainUnigram,
};

test("WordPiece joins the most frequent pair first, equal ones by the smaller ids", () => {
  const tokenizer = trainWordPiece(["aab aab aab ab b"], { size: 12 });
  const pieces = Array.from({ length: tokenizer.size }, (_, id) => tokenizer.token(id));
  const learned = ["aa", "aab", "ab"];
  assert.equal(pieces, ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "##a", "##b", ...learned]);
});

test("BPE gives the merges of the textbook", () => {
  const { model } = trainBpe([TEXTS[0]!], { size: 5 + 256 + 4 }).toJSON() as { model: { merges: string[][] } };
  assert.equal(
    model.merges.map((pair) => pair.join(" ")),
    ["e s", "es t", "l o", "lo w"],
  );
});

for (const [name, learn] of Object.entries(learners)) {
  test(`${name}: same text, same vocabulary; saved and read it gives the same ids`, () => {
    const size = name === "BPE" ? 300 : 60;
    const tokenizer = learn(TEXTS, { size });
    assert.ok(tokenizer.size <= size, `${tokenizer.size} pieces`);
    assert.is(JSON.stringify(learn(TEXTS, { size })), JSON.stringify(tokenizer));
    const again = readTokenizerJson(JSON.stringify(tokenizer));
    for (const text of [...TEXTS, "lowest cafés!", ""])
      assert.equal([...again.encode(text).ids], [...tokenizer.encode(text).ids]);
    assert.is(tokenizer.decode(tokenizer.encode("the lowest").ids, { skipSpecial: true }), "the lowest");
  });

  test(`${name}: can be stopped, and refuses a size that is too small`, () => {
    assert.throws(() => learn(TEXTS, { size: 300, signal: AbortSignal.abort() }), /abort/i);
    assert.throws(
      () => learn(TEXTS, { size: 5 }),
      (error: Error) => error instanceof TokenizerError,
    );
  });
}

test("a text without spaces takes memory in proportion to its length", () => {
  const made = trainUnigram(["a".repeat(300_000), `${"b".repeat(4095)}\u{1f600}${"b".repeat(4096)}`], { size: 30 });
  assert.equal(made.encode("aaab\u{1f600}", undefined, { special: false }).ids.includes(made.id("<unk>")!), false);
});

test("progress tells both phases", () => {
  const phases = new Set<string>();
  trainBpe(TEXTS, { size: 300, onProgress: ({ phase }) => phases.add(phase) });
  assert.equal([...phases], ["reading", "learning"]);
});

test("repeated substrings are the inner nodes of the suffix tree", () => {
  const text = "abracadabra";
  const found: string[] = [];
  repeatedSubstrings(
    Int32Array.from(text, (c) => c.charCodeAt(0)),
    16,
    ({ at, length, count }) => {
      found.push(`${text.slice(at, at + length)} ${count}`);
    },
  );
  assert.equal(found.sort(), ["a 5", "abra 2", "bra 2", "ra 2"]);
});

test("digamma", () => {
  near(
    [digamma(1), digamma(0.5), digamma(10)],
    [-0.5772156649015329, -1.9635100260214235, 2.251752589066721],
    { atol: 1e-9 },
    "digamma",
  );
});

test("languages are drawn by their smoothed shares", () => {
  const shares = languageShares({ de: 900, ga: 100 }, 0.5);
  near([shares["de"]!, shares["ga"]!], [0.75, 0.25], { atol: 1e-12 });
  let state = 1;
  const random = (): number => (state = (state * 48271) % 2147483647) / 2147483647;
  const drawn = [
    ...sampleLanguages(
      { de: Array(900).fill("de"), ga: Array(100).fill("ga") },
      { texts: 4000, smoothing: 0.5, random },
    ),
  ];
  assert.ok(Math.abs(drawn.filter((text) => text === "ga").length / 4000 - 0.25) < 0.03);
});

test("a stream of tokens becomes the text, characters whole", () => {
  const tokenizer = trainBpe(TEXTS, { size: 300 });
  const text = "the 東京 \u{1F600} low cafés ".repeat(4);
  const { ids } = tokenizer.encode(text);
  const stream = new DecodeStream(tokenizer);
  const parts = Array.from(ids, (id) => stream.push(id));
  assert.is(parts.join("") + stream.end(), text);
  assert.not.ok(parts.join("").includes("\ufffd"));
});

test("a stream of texts becomes encodings in order", async () => {
  const tokenizer = trainWordPiece(TEXTS, { size: 60 });
  const ids: number[][] = [];
  for await (const encoding of encodeStream(tokenizer, TEXTS)) ids.push([...encoding.ids]);
  assert.equal(
    ids,
    TEXTS.map((text) => [...tokenizer.encode(text).ids]),
  );
});

const folder = shared("data/tokenizers/README.md", "older vocabulary files");
if (folder !== null) {
  const root = join(folder, "..");
  const golden = join(root, "..", "..", "golden", "tokenizers");
  const same = (name: string, tokenizer: Tokenizer) => {
    const reference = readTokenizerJson(gunzipSync(readFileSync(join(golden, name, "tokenizer.json.gz"))));
    const texts = gunzipSync(readFileSync(join(golden, "texts.jsonl.gz")))
      .toString("utf8")
      .trimEnd()
      .split("\n");
    for (const line of texts) {
      const text = JSON.parse(line) as string;
      const [got, want] = [tokenizer.encode(text), reference.encode(text)];
      assert.is(got.ids.join(), want.ids.join(), JSON.stringify(text.slice(0, 80)));
      assert.is(got.offsets.join(), want.offsets.join(), JSON.stringify(text.slice(0, 80)));
    }
  };
  for (const name of ["gpt2", "roberta-base"])
    test(`${name} from vocab.json and merges.txt`, () => {
      const read = (file: string): string => readFileSync(join(root, name, file), "utf8");
      same(name, readMerges(read("vocab.json"), read("merges.txt")));
    });
  for (const [name, family] of [
    ["albert-base", "albert"],
    ["xlnet-base-cased", "xlnet"],
  ] as const)
    test(`${name} from spiece.model`, () =>
      same(name, readSentencePiece(readFileSync(join(root, name, "spiece.model")), { family })));
}

test("a broken SentencePiece file is an error", () => {
  for (const bytes of [[], [10], [10, 200], [255, 255, 255], [10, 2, 10, 1]])
    assert.throws(
      () => readSentencePiece(Uint8Array.from(bytes), { family: "albert" }),
      (error: Error) => error instanceof TokenizerError,
    );
});

test.run();
