/** The tables of a tokenizer.json's model: vocabularies, scores and merges, in every form in which programs write them. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Rng, seed } from "../../../sdk/tensor/random.js";
import { TokenizerError } from "../../../sdk/tokenizer/errors.js";
import { scanModel, scanScores } from "../../../sdk/tokenizer/files/scan-model.js";
import { scanVocabulary } from "../../../sdk/tokenizer/files/scan-vocabulary.js";
import { JsonScanner } from "../../../sdk/tokenizer/json/scanner.js";
import type { Bpe } from "../../../sdk/tokenizer/models/bpe.js";
import { readModel } from "../../../sdk/tokenizer/models/read.js";
import type { Vocabulary } from "../../../sdk/tokenizer/vocabulary/vocabulary.js";
import { ExpectedVocabulary } from "../vocabulary/expected.js";

const test = suite("models in tokenizer.json");

/** The scanned value, or the message of the error. */
function scan<T>(text: string | Uint8Array, read: (scanner: JsonScanner, size: number) => T): T | string {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  try {
    return read(new JsonScanner(bytes), bytes.length);
  } catch (error) {
    assert.instance(error, TokenizerError);
    return (error as TokenizerError).message;
  }
}

/** The ways in which programs write lists: brackets, colon or comma within an entry, comma between entries. */
const FORMS = [
  ["", ":", ","],
  ["\n  ", ": ", ",\n  "],
  [" ", " :\t", "\r\n, "],
] as const;

/** A piece as JSON writes it: now and then a long one, or one of any characters, or with escapes. */
function piece(random: Rng): string {
  if (random.integer(200) === 0) return "長い".repeat(random.integer(3000));
  const most = [0x80, 0x800, 0xd800, 0x110000][random.integer(4)]!;
  const text = Array.from({ length: random.integer(6) }, () => String.fromCodePoint(0x20 + random.integer(most - 32)));
  return text.join("").toWellFormed() + random.integer(1e6);
}

for (const order of ["ascending", "with gaps", "in any order"] as const)
  test(`ids ${order}: the same vocabulary in every form`, () => {
    for (let number = 0; number < 12; number++) {
      const random = seed(number);
      const expected = new ExpectedVocabulary();
      let next = 0;
      const entries = Array.from({ length: 400 }, (_, i) => {
        const text = random.integer(20) === 0 ? "twice" : piece(random);
        const id = order === "in any order" ? random.integer(i + 2) : next;
        next += 1 + (order === "with gaps" && random.integer(10) === 0 ? random.integer(3) : 0);
        expected.add(text, id);
        return [text, id] as const;
      });
      for (const [open, colon, comma] of FORMS)
        for (const escaped of [false, true]) {
          const quote = (text: string): string =>
            escaped && random.integer(3) === 0
              ? JSON.stringify(text).replaceAll(
                  /[\u0080-\uffff]/g,
                  (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
                )
              : JSON.stringify(text);
          const json = `{${open}${entries.map(([text, id]) => quote(text) + colon + id).join(comma)}}`;
          const vocabulary = scan(json, scanVocabulary);
          assert.is.not(typeof vocabulary, "string", String(vocabulary));
          expected.check(vocabulary as Vocabulary);
        }
    }
  });

test("a damaged vocabulary is read as JSON.parse reads it, or is an error", () => {
  let refused = 0;
  for (let number = 0; number < 3000; number++) {
    const random = seed(number);
    const entries = Array.from({ length: 1 + random.integer(12) }, (_, id) => `${JSON.stringify(piece(random))}:${id}`);
    const bytes = new TextEncoder().encode(`{${entries.join(random.integer(2) === 0 ? "," : ",\n ")}}`);
    for (let damage = random.integer(3); damage > 0; damage--) {
      const at = random.integer(bytes.length);
      bytes[at] = random.integer(2) === 0 ? random.integer(256) : bytes[random.integer(bytes.length)]!;
    }
    const whole = random.integer(8) > 0 ? bytes : bytes.subarray(0, random.integer(bytes.length));
    const got = scan(whole, (scanner, size) => {
      const vocabulary = scanVocabulary(scanner, size);
      scanner.end();
      return vocabulary;
    });
    let parsed: Record<string, unknown> | null = null;
    try {
      const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(whole);
      parsed = JSON.parse(text) as Record<string, unknown>;
    } catch {
      refused++;
    }
    const ids = parsed === null ? [] : Object.values(parsed);
    if (parsed === null || !ids.every((id) => Number.isInteger(id) && (id as number) >= 0)) {
      assert.type(got, "string", `seed ${number}`);
      continue;
    }
    if (new Set(ids).size < ids.length || Math.max(...(ids as number[])) > 1000) continue;
    assert.is.not(typeof got, "string", `seed ${number}: ${got}`);
    for (const [text, id] of Object.entries(parsed))
      assert.is((got as Vocabulary).find(text.toWellFormed()), id, `seed ${number}`);
  }
  assert.ok(refused > 500, `${refused} refused`);
});

test("a first piece longer than the whole estimate is read", () => {
  const long = "long".repeat(5000);
  assert.is((scan(JSON.stringify({ [long]: 0 }), scanVocabulary) as Vocabulary).piece(0), long);
  assert.is((scan(JSON.stringify([[long, -1]]), scanScores) as [Vocabulary, Float64Array])[0].piece(0), long);
});

test("an id that only looks right in 32 bits is refused", () => {
  for (const id of ["4294967297", "0000000001", "01", "+1", "1.0", "1e0", ""]) {
    const result = scan(`{"a":0,"b":${id},"c":2}`, scanVocabulary);
    const right = ["1.0", "1e0"].includes(id) ? "b" : "an error";
    assert.is(typeof result === "string" ? "an error" : result.piece(1), right, id);
  }
});

test("an error names the fault of an entry, and its place", () => {
  for (const [text, message] of [
    ['{"a":0,"b"', /":" was expected at byte 10/],
    ['{"a":0,"b":1', /"}" was expected/],
    ['{"a":0,"b":01}', /a number was expected/],
    ['{"a":0,"b":1.5}', /whole numbers without wide gaps, got 1.5/],
    ['{"a":0,"b":99999999999999999999}', /without wide gaps/],
    ['{"a":0,"b":4000000000}', /without wide gaps, got 4000000000/],
    ['{"a":0,"b\u0001":1}', /the end of a string/],
  ] as const)
    assert.match(String(scan(text, scanVocabulary)), message);
});

test("scores are the nearest numbers, in every form", () => {
  const numerals = ["-3.5", "0", "-0", "-13.387869834899902", "-7.49873", "1e-7", "-12", "-9007199254740993.5"];
  for (const [open, , comma] of FORMS) {
    const entries = Array.from({ length: 4000 }, (_, i) => [`▁é${i}`, numerals[(i * 7) % 8]!] as const);
    const rows = entries.map(([text, score]) => `[${open}${JSON.stringify(text)}${comma}${score}${open}]`);
    const result = scan(`[${rows.join(comma)}]`, scanScores);
    assert.is.not(typeof result, "string", String(result));
    const [vocabulary, scores] = result as [Vocabulary, Float64Array];
    assert.is(scores.length, entries.length);
    for (const [id, [text, score]] of entries.entries()) {
      if (!Object.is(scores[id], Number(score))) assert.is(scores[id], Number(score), score);
      if (vocabulary.piece(id) !== text) assert.is(vocabulary.piece(id), text);
    }
  }
  for (const text of ['[["a",-1],["b"]]', '[["a",-1]["b",-2]]', '[["a","b"]]', '[["a",-1,2]]', '[["a",-1]'])
    assert.match(String(scan(text, scanScores)), /was expected at byte/, text);
});

/** The ids of a BPE model's merges, or the message of an error. */
const mergesOf = (text: string) =>
  scan(text, (scanner, size) => [...(readModel(scanModel(scanner, size)) as Bpe).merges]);

test("merges are read as pairs and as texts, with pieces that need escapes and long ones", () => {
  const long = "x".repeat(16_370);
  const pieces = ["a", "b", "é", "東", "\u{1f600}", '"', "\\", "ab", 'é"', "\\東", "\u{1f600}a", long, `${long}a`, ""];
  const vocab = Object.fromEntries(pieces.map((text, id) => [text, id]));
  const pairs = [
    ["a", "b"],
    ["é", '"'],
    ["\\", "東"],
    ["\u{1f600}", "a"],
    [long, "a"],
    ["", "a"],
  ] as const;
  const ids = pairs.flatMap(([left, right]) => [left, right, left + right].map((text) => pieces.indexOf(text)));
  for (const merges of [pairs, pairs.map((pair) => pair.join(" "))])
    for (const space of [0, 2])
      assert.equal(mergesOf(JSON.stringify({ type: "BPE", vocab, merges }, null, space)), ids);
});

test("a merge that is not a pair of pieces is refused by its number", () => {
  const model = (merges: unknown) => JSON.stringify({ type: "BPE", vocab: { a: 0, b: 1, ab: 2 }, merges });
  assert.match(String(mergesOf(model(["a b", "ab"]))), /model\.merges\[1\]: "left right" was expected/);
  assert.match(String(mergesOf(model(["a b c"]))), /model\.merges\[0\]: "left right" was expected/);
  assert.match(String(mergesOf(model(["a b", "b a"]))), /model\.merges\[1\]: "ba" is missing from the vocabulary/);
  assert.match(String(mergesOf(model([["a", "c"]]))), /model\.merges\[0\]: "c" is missing from the vocabulary/);
  assert.match(String(mergesOf(model([["a"]]))), /"," was expected/);
});

test("fields after the merges count too", () => {
  const vocab = '"vocab":{"a":0,"##b":1,"ab":2,"a##b":3}';
  for (const [text, expected] of [
    [`{"type":"BPE",${vocab},"merges":["a ##b"]}`, [0, 1, 3]],
    [`{"type":"BPE","continuing_subword_prefix":"##",${vocab},"merges":["a ##b"]}`, [0, 1, 2]],
    [`{"type":"BPE",${vocab},"merges":["a ##b"],"continuing_subword_prefix":"##"}`, [0, 1, 2]],
    [`{"type":"BPE","merges":["a ##b"],${vocab}}`, [0, 1, 3]],
    [`{"type":"BPE","vocab":{"a":5,"##b":1,"a##b":2},"merges":["a ##b"],${vocab}}`, [0, 1, 3]],
  ] as const)
    assert.equal(mergesOf(text), expected, text);
});

test.run();
