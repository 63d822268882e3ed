/**
 * Bad input is named: siblings of known faults by reader, and their errors. `npm run fuzz` looks for more; what it
 * found is kept here.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readTagged } from "../sdk/data/conllu.js";
import { readQuestions } from "../sdk/data/questions.js";
import { collate } from "../sdk/data/sample.js";
import { decodeLines, type Source, textSource } from "../sdk/data/source.js";
import { readTextRows } from "../sdk/data/text-rows.js";
import { InputError } from "../sdk/errors.js";
import { generationSettings } from "../sdk/generate/settings.js";
import { Engine, freshConfig, freshModel } from "../sdk/index.js";
import { folder } from "../sdk/io/files/folder.js";
import { accuracy, areaUnderRoc, matthews, multiLabelScores } from "../sdk/metrics.js";
import { familyOf } from "../sdk/models/families.js";
import { readMerges, readTokenizerJson, trainWordPiece } from "../sdk/tokenizer/index.js";
import { regexFinder, wholeMatcher } from "../sdk/tokenizer/patterns/pattern.js";
import { processorTime } from "./helpers/processor-time.js";

const test = suite("bad input");

/** The message of the InputError that a call ends with. */
async function refusal(call: () => unknown): Promise<string> {
  try {
    await call();
  } catch (error) {
    assert.instance(error, InputError, String(error));
    return (error as Error).message;
  }
  return "accepted";
}

async function drain(rows: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of rows);
}

const CONFIGS: readonly (readonly [object, RegExp])[] = [
  [{}, /^config\.json: model_type is missing; supported are/],
  [{ model_type: { a: 1 } }, /model_type an object with a is not supported/],
  [{ model_type: "bert", num_hidden_layers: 65_536 }, /num_hidden_layers must be a whole number from 1 to 1000/],
  [{ model_type: "bert", hidden_size: 1e9 }, /hidden_size must be a positive whole number of at most 16777216/],
  [JSON.parse('{"model_type": "bert", "layer_norm_eps": 1e999}'), /layer_norm_eps must be a number, got Infinity/],
  [{ model_type: "bert", hidden_act: "x" }, /hidden_act "x" is not supported/],
  [{ model_type: "modernbert", global_rope_theta: -1 }, /global_rope_theta must be a number above 0, got -1/],
  [{ model_type: "albert", num_hidden_groups: 12, inner_group_num: 1000 }, /more than 1000 layers/],
  [{ model_type: "roberta", pad_token_id: -1 }, /pad_token_id must be a whole number from 0/],
  [{ model_type: "t5", vocab_size: 10, decoder_start_token_id: 10 }, /decoder_start_token_id must be a token id below/],
];

test("config.json: sizes, ids and names are checked before anything is built", async () => {
  for (const [config, message] of CONFIGS)
    assert.match(await refusal(() => familyOf(config).read(config)), message, JSON.stringify(config));
});

const GENERATION: readonly (readonly [object, RegExp])[] = [
  [{ eos_token_id: [1, "2"] }, /eos_token_id must be the id of a token, or a list of ids/],
  [{ eos_token_id: -1 }, /eos_token_id must be the id of a token, got -1/],
  [{ num_beams: 0 }, /num_beams must be from 1 to 1024, got 0/],
  [{ num_beams: 1e9 }, /num_beams must be from 1 to 1024/],
  [{ do_sample: true, temperature: 0 }, /temperature must be a number above 0/],
  [{ top_k: 1.5 }, /top_k must be a whole number of at least 0/],
  [{ top_p: 2 }, /top_p must be from 0 to 1/],
  [{ repetition_penalty: -1 }, /repetition_penalty must be a number above 0/],
  [{ bad_words_ids: [[]] }, /bad_words_ids must be a list of lists of ids/],
  [{ bad_words_ids: [1] }, /bad_words_ids must be a list of lists of ids/],
];

test("generation settings: each field is named with its expected value", async () => {
  for (const [fields, message] of GENERATION)
    assert.match(await refusal(() => generationSettings({ ...fields }, {})), message, JSON.stringify(fields));
});

const QUESTIONS: readonly (readonly [unknown, RegExp])[] = [
  [{ data: 1 }, /q:1: a SQuAD file must have a list "data"/],
  [{ data: [null] }, /data\[0\] must be an object, got null/],
  [{ data: [{ paragraphs: 1 }] }, /data\[0\]\.paragraphs must be a list, got 1/],
  [{ data: [{ paragraphs: [null] }] }, /data\[0\]\.paragraphs\[0\] must be an object, got null/],
  [{ data: [{ paragraphs: [{ qas: [] }] }] }, /paragraphs\[0\]\.context must be a text, got nothing/],
  [{ data: [{ paragraphs: [{ context: "a", qas: 1 }] }] }, /paragraphs\[0\]\.qas must be a list, got 1/],
  [{ data: [{ paragraphs: [{ context: "a", qas: [null] }] }] }, /qas\[0\] must be an object, got null/],
  [{ data: [{ paragraphs: [{ context: "a", qas: [{ id: {} }] }] }] }, /qas\[0\]: question must be a text, got nothing/],
];

test("SQuAD: the place in the file is named", async () => {
  for (const [json, message] of QUESTIONS)
    assert.match(await refusal(() => drain(readQuestions(textSource("q", JSON.stringify(json))))), message);
});

const LINES: readonly (readonly [(s: Source) => AsyncIterable<unknown>, string, RegExp])[] = [
  [readTextRows, "text\tlabel\tlabel\na\tx\ty\n", /f:1: the header has two columns called "label"/],
  [readTextRows, '{"text": "a", "label": {"b": 1}}\n', /f:1: label must be a text or a number, got an object with b/],
  [
    readTextRows,
    '{"text": "a", "label": ["b", {}]}\n',
    /f:1: label must be a list of texts or numbers.*an empty object/,
  ],
  [readTextRows, '{"text": {}, "label": 1}\n', /f:1: text must be a text, got an empty object/],
  [readTextRows, '{"a": 1,}\n', /f:1: not valid JSON: expected a name in quotes/],
  [readTagged, "3-2\tcat's\t_\t_\n", /f:1: a range such as 3-4 must ascend.*got "3-2"/],
  [readTagged, "1-999999999\tcat's\t_\t_\n", /f:1: a range such as 3-4 must ascend, over at most 1000 words/],
];

test("lines of data: file, line and column are named", async () => {
  for (const [read, text, message] of LINES)
    assert.match(await refusal(() => drain(read(textSource("f", text)))), message, text);
});

async function* chunksOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

test("bytes that are not UTF-8: the line is named, wherever the chunks are cut", async () => {
  const text = new TextEncoder().encode("one\nnaïve 東京 😀\n\ufffd kept\nfour ");
  const bytes = Uint8Array.of(...text, 0xe9, 10, 65);
  for (const size of [1, 2, 3, 5, 7, 100]) {
    const lines: string[] = [];
    const message = await refusal(async () => {
      for await (const line of decodeLines(chunksOf(bytes, size), "f.txt")) lines.push(line);
    });
    assert.is(message, "f.txt:4: not UTF-8; in which encoding was the file saved?");
    assert.equal(lines, ["one", "naïve 東京 😀", "\ufffd kept"]);
  }
});

test("a file that is not UTF-8 is called what its first bytes say it is", async () => {
  const files: readonly (readonly [string, number[], RegExp])[] = [
    ["gzip", [0x1f, 0x8b, 8, 0, 10, 0], /^f:1: not UTF-8; it is compressed with gzip/],
    ["ZIP", [0x50, 0x4b, 3, 4, 0xff, 10], /^f:1: not UTF-8; it is a ZIP archive/],
    ["UTF-16, little-endian", [0xff, 0xfe, 97, 0, 10, 0], /^f:1: not UTF-8; it is UTF-16/],
    ["UTF-16, big-endian", [0xfe, 0xff, 0, 97, 0, 10], /^f:1: not UTF-8; it is UTF-16/],
    ["Latin-1", [0xe9, 97, 10], /^f:1: not UTF-8; in which encoding/],
    ["a later line", [97, 10, 0xff, 0xfe, 10], /^f:2: not UTF-8; in which encoding/],
  ];
  for (const [name, bytes, message] of files) {
    const lines = decodeLines(chunksOf(Uint8Array.from(bytes), 4), "f");
    assert.match(await refusal(() => drain(lines)), message, name);
  }
});

test("a line of 32 MB is read in time linear in its length", async () => {
  const bytes = new Uint8Array(32 * 2 ** 20).fill(97);
  const begun = processorTime();
  let length = 0;
  for await (const line of decodeLines(chunksOf(bytes, 65_536))) length = line.length;
  assert.is(length, bytes.length);
  assert.ok(processorTime() - begun < 5000);
});

test("patterns too large or too deep are refused; matching takes linear time", async () => {
  for (const [source, message] of [
    ["(?:a{1,1000}){1,1000}", /too large/],
    [`a${"*".repeat(10_000)}`, /a repetition/],
    ["(".repeat(10_000), /nesting deeper than \d+/],
    ["[".repeat(10_000), /nesting deeper than \d+/],
    ["\\x{110000}", /the escape/],
  ] as const)
    assert.match(await refusal(() => regexFinder(source, "p")), message, source.slice(0, 40));
  assert.is(await refusal(() => regexFinder(`${"(?:".repeat(30)}${"){1000}".repeat(30)}`, "p")), "accepted");
  const matches = wholeMatcher("(([a-z.0-9_]+)+)+!", "p");
  assert.not(matches("a".repeat(5000)));
  assert.ok(matches(`${"a".repeat(5000)}!`));
});

test("tokenizers: no id outside of the vocabulary", async () => {
  const json = JSON.parse(JSON.stringify(trainWordPiece(["the low"], { size: 40 }))) as Record<string, unknown>;
  const { post_processor: processor } = json;
  const withIds = (ids: unknown) =>
    JSON.stringify({
      ...json,
      post_processor: JSON.parse(JSON.stringify(processor, (key, v) => (key === "ids" ? ids : v))),
    });
  for (const ids of [[-1], [4_000_000], [2 ** 32]])
    assert.match(
      await refusal(() => readTokenizerJson(withIds(ids))),
      /post_processor: the ids .* are not in the vocabulary/,
    );
  const vocabulary = JSON.stringify({ "<s>": 0, a: 1, b: 2 });
  assert.match(await refusal(() => readMerges(vocabulary, "")), /special token "<\/s>" is missing/);
});

test("a file that the system does not read is named, with the reason", async () => {
  const place = mkdtempSync(join(tmpdir(), "cloze-bad-"));
  try {
    mkdirSync(join(place, "config.json"));
    assert.match(await refusal(() => folder(place).read("config.json")), /cannot read .*config\.json: it is a folder/);
  } finally {
    rmSync(place, { recursive: true });
  }
});

/** Calls that the fuzzer found: without checks they ran for ever, took gigabytes or threw TypeErrors. */
const CALLS: readonly (readonly [() => unknown, RegExp])[] = [
  [() => areaUnderRoc([0.1, Number.NaN], [0, 1]), /areaUnderRoc: scores must be an array of numbers/],
  [() => multiLabelScores([[0]], [[1]], 2 ** 31), /classes must be a whole number from 1 to/],
  [() => matthews([0, 5], [0, 1], 2), /predicted\[1\] must be a class from 0 to 1, got 5/],
  [() => accuracy({ length: 1e9 } as never, [1]), /accuracy: predicted must be an array of numbers/],
  [() => collate([{ ids: { length: 1e9 } } as never]), /collate: samples must be an array of samples/],
  [() => readTokenizer().decode([Number.NaN]), /decode: expected ids, got NaN/],
  [() => readTokenizer().decode(undefined as never), /decode: expected ids/],
  [() => trainWordPiece([5 as never], { size: 40 }), /training: text 0 must be a string, got 5/],
  [
    () => trainWordPiece(7 as never, { size: 40 }),
    /training: texts must be an array or another iterable of texts, got 7/,
  ],
  [() => textSource("f", undefined as never), /textSource: text must be a string, got undefined/],
];

const readTokenizer = () => trainWordPiece(["the low"], { size: 40 });

test("a model for a task that its family lacks leaks no memory", async () => {
  using engine = await Engine.create();
  const sizes = {
    vocabSize: 20,
    numHiddenLayers: 1,
    hiddenSize: 8,
    numAttentionHeads: 2,
    maxPositionEmbeddings: 8,
    dropout: 0,
  };
  const make = () => freshModel(engine, freshConfig("bert", sizes), "mean" as "masked-lm", 1);
  assert.match(await refusal(make), /bert has no model for mean/);
  assert.is(engine.liveBytes, 0);
});

test("calls: arguments of a wrong type, NaN or out of range", async () => {
  for (const [call, message] of CALLS) assert.match(await refusal(call), message);
});

test.run();
