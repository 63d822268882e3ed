/**
 * Small tokenizers of every kind against Hugging Face tokenizers: see golden/make.py. Published vocabularies are compared in
 * published.test.ts, where the shared data is present.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  DecodeStream,
  type Encoding,
  readTokenizerJson,
  type Tokenizer,
  type Truncate,
  toCodePoints,
} from "../../sdk/tokenizer/index.js";

interface Row {
  readonly ids: readonly number[];
  readonly offsets: readonly number[];
  readonly words: readonly number[];
  readonly decoded: string;
  readonly whole: string;
  readonly stream: readonly string[];
}

interface Pair extends Omit<Required<Truncate>, "length"> {
  readonly a: number;
  readonly b: number;
  readonly length: number;
  readonly windows: readonly {
    readonly ids: readonly number[];
    readonly segments: readonly number[];
    readonly special: readonly number[];
    readonly offsets: readonly number[];
  }[];
}

interface Golden {
  readonly tokenizer: unknown;
  readonly texts: readonly Row[];
  readonly pairs: readonly Pair[];
}

const test = suite("reference encodings");
const folder = join(process.env["CLOZE_ROOT"] ?? ".", "tests/tokenizer/golden");
const texts = JSON.parse(readFileSync(join(folder, "texts.json"), "utf8")) as string[];
const names = readdirSync(folder)
  .filter((name) => name.endsWith(".json") && name !== "texts.json")
  .map((name) => name.replace(".json", ""));

/** Offsets in code points, as the reference counts them. */
function codePoints({ offsets, sequences }: Encoding, sources: readonly string[]): number[] {
  const bySource = sources.map((source) => toCodePoints(offsets, source));
  return Array.from(offsets, (_, i) => bySource[sequences[i >> 1]!]?.[i] ?? 0);
}

for (const name of names) {
  const golden = JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8")) as Golden;
  const tokenizer = readTokenizerJson(JSON.stringify(golden.tokenizer));

  test(`${name}: ids, offsets and words of ${texts.length} texts`, () => {
    assert.is(golden.texts.length, texts.length);
    for (const [i, text] of texts.entries()) {
      const want = golden.texts[i]!;
      const got = tokenizer.encode(text);
      assert.equal([...got.ids], want.ids, `ids of ${JSON.stringify(text)}`);
      assert.equal(codePoints(got, [text]), want.offsets, `offsets of ${JSON.stringify(text)}`);
      assert.equal([...got.words], want.words, `words of ${JSON.stringify(text)}`);
    }
  });

  test(`${name}: decoded text`, () => {
    for (const { ids, decoded, whole } of golden.texts) {
      assert.is(tokenizer.decode(ids, { skipSpecial: true }), decoded);
      assert.is(tokenizer.decode(ids), whole);
    }
  });

  test(`${name}: windows of ${golden.pairs.length} truncated pairs`, () => {
    assert.ok(golden.pairs.length >= 4);
    for (const { a, b, windows, ...truncate } of golden.pairs) {
      const pair = [texts[a]!, texts[b]!] as const;
      const got = tokenizer.windows(...pair, { truncate, compatibility: "0.23.3" });
      const label = JSON.stringify([pair, truncate]);
      assert.equal(
        got.map(({ ids }) => [...ids]),
        windows.map(({ ids }) => ids),
        label,
      );
      for (const [i, { segments, special, offsets }] of windows.entries()) {
        assert.equal([...got[i]!.segments], segments, label);
        assert.equal([...got[i]!.special], special, label);
        assert.equal(codePoints(got[i]!, pair), offsets, label);
      }
    }
  });

  test(`${name}: streamed text, step by step`, () => {
    for (const { ids, stream } of golden.texts) assert.equal(streamed(tokenizer, ids), stream, `${ids}`);
  });
}

function streamed(tokenizer: Tokenizer, ids: readonly number[]): string[] {
  const stream = new DecodeStream(tokenizer);
  return ids.map((id) => stream.push(id));
}

test.run();
