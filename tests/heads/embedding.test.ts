import { suite } from "uvu";
import * as assert from "uvu/assert";
import { BATCH_TOKENS } from "../../sdk/data/batches.js";
import type { Batch } from "../../sdk/data/sample.js";
import { Engine } from "../../sdk/engine/engine.js";
import { embedSamples, embedTexts, hiddenStates, wordVector } from "../../sdk/heads/embedding.js";
import { argmax, highest, softmax } from "../../sdk/heads/probabilities.js";
import { seed } from "../../sdk/tensor/random.js";
import { near } from "../helpers/near.js";
import { LENGTH, SENTENCES, samples, smallBert, tokenizer } from "../helpers/small-bert.js";

const test = suite("embeddings and scores");
const engine = await Engine.create();

/** Rounding unit of f32. */
const UNIT = 2 ** -24;

test("texts become one vector each, in their order, in any batch; long texts are truncated", async () => {
  using loaded = await smallBert(engine, "feature-extraction");
  const pooling = { mode: "mean", normalize: true } as const;
  const texts = [...SENTENCES, Array.from({ length: 40 }, () => "cat").join(" "), ""];
  const all = embedTexts(loaded.model, tokenizer, texts, pooling, LENGTH);
  assert.is(all.length, texts.length);
  for (const [i, text] of texts.entries()) {
    assert.equal(embedTexts(loaded.model, tokenizer, [text], pooling, LENGTH)[0], all[i]);
    near([Math.hypot(...all[i]!)], [1], { atol: 1e-6 });
  }
  assert.is(new Set(all.map(String)).size, texts.length);
  // More than one inference batch: the same vectors, row by row.
  const many = Array.from({ length: 2 * BATCH_TOKENS }, (_, i) => texts[i % 4]!).slice(0, 700);
  for (const [i, vector] of embedTexts(loaded.model, tokenizer, many, pooling, LENGTH).entries())
    assert.ok(vector.every((v, d) => v === all[i % 4]![d]));
  assert.equal(embedSamples(loaded.model, [], pooling), []);
});

test("the vector of a word is the mean of its pieces' hidden states", async () => {
  using loaded = await smallBert(engine, "feature-extraction");
  const sample = samples(["the cat xyzzy sat"])[0]!;
  const [hidden] = hiddenStates(loaded.model, [sample]);
  const width = 16;
  assert.is(hidden!.length, sample.ids.length * width);
  for (const word of new Set(sample.words)) {
    if (word < 0) continue;
    const pieces = [...sample.words.keys()].filter((t) => sample.words[t] === word);
    const want = Array.from(
      { length: width },
      (_, d) => pieces.reduce((sum, t) => sum + hidden![t * width + d]!, 0) / pieces.length,
    );
    near(wordVector(hidden!, sample, word), want, { rtol: UNIT, atol: 1e-12 });
  }
  assert.throws(() => wordVector(hidden!, sample, 99), /wordVector: the sequence has no word 99; was it cut off\?/);
});

test("inference frees every tensor, also when scoring fails", async () => {
  using loaded = await smallBert(engine, "feature-extraction");
  const pooling = { mode: "cls", normalize: false } as const;
  embedSamples(loaded.model, samples(), pooling);
  const live = engine.liveBytes;
  for (let i = 0; i < 3; i++) embedSamples(loaded.model, samples(), pooling);
  const broken = {
    encode(batch: Batch) {
      loaded.model.encode(batch);
      throw new Error("broken");
    },
  };
  assert.throws(() => embedSamples(broken, samples(), pooling), /broken/);
  assert.is(engine.liveBytes, live);
});

test("softmax, argmax and top-k agree with their definitions, ties and large scores included", () => {
  const rng = seed(1);
  for (let run = 0; run < 200; run++) {
    const scores = Float32Array.from({ length: 1 + rng.integer(40) }, () =>
      run % 2 ? rng.integer(5) : 200 * rng() - 100,
    );
    const largest = Math.max(...scores);
    const sum = scores.reduce((total, s) => total + Math.exp(s - largest), 0);
    // exp of this package and of the runtime are each right to a unit of 2^-52.
    near(
      softmax(scores),
      Array.from(scores, (s) => Math.exp(s - largest) / sum),
      { rtol: 1e-14 },
    );
    assert.is(argmax(scores), scores.indexOf(largest));
    const order = [...scores.keys()].sort((a, b) => scores[b]! - scores[a]! || a - b);
    for (const count of [1, 3, 100]) assert.equal(highest(scores, count), order.slice(0, count));
  }
  assert.equal([...softmax([1e30, 0])], [1, 0]);
  assert.equal([...softmax([-1000, -1000])], [0.5, 0.5]);
  assert.equal(highest([], 3), []);
  assert.equal(highest([1, 2], 0), []);
});

test.run();
