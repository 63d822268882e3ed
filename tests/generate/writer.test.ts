/**
 * Writers with cached keys against reading every text again. The sums are the same in the same order, so the scores have the same
 * bits, whatever rows continue whatever rows.
 */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { collate, type Sample } from "../../sdk/data/sample.js";
import { BLOCK_KEYS } from "../../sdk/engine/abi.js";
import type { Engine } from "../../sdk/engine/engine.js";
import { causalWriter, seq2seqWriter, type Writer } from "../../sdk/generate/writer.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { engines } from "../helpers/engines.js";
import { tinyModel } from "../helpers/tiny-models.js";

const test = suite("writer");

const sampleOf = (ids: readonly number[]): Sample => {
  const none = new Uint8Array(ids.length);
  const places = Int32Array.from(ids, (_, i) => i);
  return { ids: Int32Array.from(ids), segments: none, special: none, words: places, positions: places, labels: {} };
};

/** Ids from 5 on without a pattern. */
const idsOf = (count: number, seed: number): number[] =>
  Array.from({ length: count }, (_, i) => 5 + ((Math.imul(i + 1 + 100 * seed, 0x9e3779b1) >>> 9) % 110));

/** Rows that continue others, as in a beam search: kept, exchanged, repeated, left out; more and fewer than before. */
const STEPS = [
  [0, 1],
  [0, 0, 1],
  [2, 0, 1],
  [1, 1, 1],
  [0, 1, 2],
  [2, 1],
] as const;

/** Follow the steps, and compare every row's scores with those of its whole text. */
function followed(writer: Writer, whole: (text: readonly number[], row: number) => Float32Array): void {
  let texts = writer.prompts.map((ids, row) => ({ ids: Array.from(ids), row }));
  const compare = (scores: readonly Float32Array[], step: string): void => {
    for (const [i, { ids, row }] of texts.entries()) assert.equal(scores[i], whole(ids, row), `${step}, row ${i}`);
  };
  compare(writer.begin(), "prompt");
  for (const [step, rows] of STEPS.entries()) {
    const next = idsOf(rows.length, step + 7);
    texts = rows.map((row, i) => ({ ...texts[row]!, ids: [...texts[row]!.ids, next[i]!] }));
    compare(writer.next(Int32Array.from(rows), Int32Array.from(next)), `step ${step}`);
  }
}

const [engine] = engines as [Engine];
const long = { n_positions: 2 * BLOCK_KEYS + 16 };

for (const [first, second] of [
  [1, 3],
  [BLOCK_KEYS - 3, BLOCK_KEYS - 1],
  [BLOCK_KEYS, 2 * BLOCK_KEYS + 1],
] as const)
  test(`gpt2: rows of ${first} and ${second} tokens that continue one another`, () => {
    using loaded = tinyModel(engine, "gpt2", "causal-lm", { deviation: 0.2, extra: long });
    const { model } = loaded;
    const prompts = [idsOf(first, 1), idsOf(second, 2)].map((ids) => Int32Array.from(ids));
    const whole = (ids: readonly number[]): Float32Array => {
      using _ = new Scope();
      return model.tokenScores(model.encode(collate([sampleOf(ids)])), Int32Array.of(ids.length - 1)).toArray();
    };
    // The first pass packs the weights.
    whole([5]);
    const before = engine.liveBytes;
    {
      using writer = causalWriter({ engine }, model, prompts);
      followed(writer, whole);
    }
    assert.is(engine.liveBytes, before, "a writer gives its memory back");
  });

test("gpt2: a cache in f16 takes half the memory, and scores are close", () => {
  using loaded = tinyModel(engine, "gpt2", "causal-lm", { deviation: 0.2, extra: long });
  const prompts = [Int32Array.from(idsOf(2 * BLOCK_KEYS + 1, 1))];
  // The first of three passes packs the weights.
  const [, full, half] = (["f32", "f32", "f16"] as const).map((cacheDtype) => {
    const before = engine.liveBytes;
    using writer = causalWriter({ engine, cacheDtype }, loaded.model, prompts);
    const [first] = writer.begin();
    return { first, bytes: engine.liveBytes - before, next: writer.next(Int32Array.of(0), Int32Array.of(7))[0]! };
  });
  assert.equal(half!.first, full!.first, "a prompt attends to its own keys and values before they are rounded");
  assert.is(half!.bytes * 2, full!.bytes);
  // Kept numbers are off by 2^-11 of themselves. Each of the two layers passes an error on at most four times as large: once
  // through the products q·k and p·v each, with a softmax between them.
  const largest = Math.max(...full!.next.map(Math.abs));
  const error = Math.max(...full!.next.map((score, i) => Math.abs(score - half!.next[i]!)));
  assert.ok(error > 0 && error < 2 * 4 * 2 ** -11 * largest, `off by ${error / largest} of the largest score`);
});

for (const type of ["bart", "t5"])
  test(`${type}: three beams of one source, which is read once`, () => {
    using loaded = tinyModel(engine, type, "seq2seq-lm", { deviation: 0.2 });
    const { model } = loaded;
    const source = collate([sampleOf(idsOf(20, 3))]);
    using writer = seq2seqWriter({ engine }, model, source, [Int32Array.from([2, ...idsOf(8, 4)])]);
    let texts = [Array.from(writer.prompts[0]!)];
    const whole = (ids: readonly number[]): Float32Array => {
      using _ = new Scope();
      const hidden = model.decode(collate([sampleOf(ids)]), { hidden: model.encode(source), starts: source.starts });
      return model.tokenScores(hidden, Int32Array.of(ids.length - 1)).toArray();
    };
    assert.equal(writer.begin(), texts.map(whole));
    for (const [step, rows] of [
      [0, 0, 0],
      [2, 0, 0],
      [1, 2, 0],
      [0, 1, 2],
    ].entries()) {
      const next = idsOf(3, step + 20);
      texts = rows.map((row, i) => [...texts[row]!, next[i]!]);
      assert.equal(writer.next(Int32Array.from(rows), Int32Array.from(next)), texts.map(whole), `step ${step}`);
    }
  });

test.run();
