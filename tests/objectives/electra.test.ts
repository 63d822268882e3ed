import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Batch, collate, labelled, type Sample } from "../../sdk/data/sample.js";
import type { Engine } from "../../sdk/engine/engine.js";
import { type ElectraOptions, electraPretraining, replaceMasked } from "../../sdk/objectives/electra.js";
import { IGNORE } from "../../sdk/tensor/ops/loss.js";
import { seed } from "../../sdk/tensor/random.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { tensor } from "../../sdk/tensor/tensor.js";
import { engines } from "../helpers/engines.js";
import { CLS, MASK, SEP, SIZE, sequence, tokenizer } from "../helpers/sequences.js";

const test = suite("electra");
const [engine] = engines as [Engine];

/** A sequence of `length` tokens, the special ones counted. */
const long = (length: number): Sample => sequence(new Array<number>(length - 2).fill(1));
const corrupt = (sample: Sample, options: Omit<ElectraOptions, "tokenizer"> = {}, ...keys: number[]): Sample =>
  electraPretraining({ tokenizer, ...options }).corrupt(sample, seed(1).fork(...keys));
const chosen = (sample: Sample): Int32Array => labelled(sample.labels.tokens!);

test("15 % of a sequence are chosen, special tokens never; without kept ones all are shown as [MASK]", () => {
  const sample = long(128);
  const times = new Int32Array(128);
  for (let i = 0; i < 1000; i++) {
    const { ids, labels } = corrupt(sample, { keepRate: 0 }, i);
    for (const [place, id] of ids.entries()) {
      const label = labels.tokens![place]!;
      assert.is(id, label === IGNORE ? sample.ids[place] : MASK);
      if (label !== IGNORE) {
        assert.is(label, sample.ids[place]);
        times[place]!++;
      }
    }
  }
  // round(0.15 · 128) = 19 of the 126 that may be chosen.
  assert.is(
    times.reduce((sum, count) => sum + count),
    19_000,
  );
  assert.equal([times[0], times[127]], [0, 0]);
  // Each place 1000 times with p = 19/126: 5 standard deviations are 56.6.
  for (const count of times.subarray(1, 127)) assert.ok(Math.abs(count - 19_000 / 126) < 56.6, `chosen ${count} times`);
});

test("counts are rounded as published, in single precision; there is a cap, and at least one", () => {
  // Worked out with numpy: numpy.round(numpy.float32(n) * numpy.float32(0.15)).
  const counts = [10, 30, 190, 350, 390].map((length) => chosen(corrupt(long(length))).length);
  assert.equal(counts, [2, 4, 29, 53, 59]);
  assert.is(chosen(corrupt(long(128), { maxPredictions: 5 })).length, 5);
  assert.is(chosen(corrupt(long(3))).length, 1);
  assert.is(chosen(corrupt(long(2))).length, 0);
});

test("the published code leaves 15 % of the chosen tokens unmasked", () => {
  let kept = 0;
  for (let i = 0; i < 1000; i++) {
    const sample = corrupt(long(128), {}, i);
    for (const place of chosen(sample)) kept += Number(sample.ids[place] !== MASK);
  }
  // 19,000 times with p = 0.15: 5 standard deviations are 246.
  assert.ok(Math.abs(kept - 0.15 * 19_000) < 246, `${kept}`);
});

test("corruption is a function of sample and random numbers alone", () => {
  const sample = long(40);
  const before = sample.ids.slice();
  assert.equal(corrupt(sample, {}, 3), corrupt(sample, {}, 3));
  assert.equal(sample.ids, before);
  assert.not.equal(corrupt(sample, {}, 3), corrupt(sample, {}, 4));
});

/** Scores that make the words `10 + row` and `SEP` equally likely, everything else impossible. */
function evenScores(rows: number): Float32Array {
  const scores = new Float32Array(rows * SIZE).fill(-1e4);
  for (let row = 0; row < rows; row++) scores[row * SIZE + 10 + row] = scores[row * SIZE + SEP] = 7;
  return scores;
}

test("sampled tokens replace those of the original text; the label is 0 where they are equal", () => {
  const sample = corrupt(long(128));
  const batch = collate([sample]);
  const places = [...chosen(sample)];
  using _ = new Scope();
  // The right word and one that is always wrong, equally likely.
  const scores = evenScores(places.length);
  for (const [row, place] of places.entries()) {
    scores[row * SIZE + 10 + row] = -1e4;
    scores[row * SIZE + batch.labels.tokens![place]!] = 7;
  }
  const { ids, labels } = replaceMasked(batch, tensor(engine, scores, [places.length, SIZE]));
  const original = long(128).ids;
  for (const [i, id] of ids.entries()) {
    assert.is(labels.tokens![i], Number(id !== original[i]));
    assert.ok(id === original[i] || (places.includes(i) && id === SEP));
  }
  const replaced = labels.tokens!.reduce((sum, label) => sum + label);
  assert.ok(replaced > 0 && replaced < places.length, `${replaced} of ${places.length}`);
});

test("tokens are drawn as softmax says", () => {
  const [words, rounds] = [4, 5000];
  const scores = Float32Array.of(0, 1, -1, 2);
  const total = scores.reduce((sum, score) => sum + Math.exp(score), 0);
  const times = new Int32Array(words);
  const base = { ...sequence([1]), labels: { tokens: Int32Array.of(IGNORE, 0, IGNORE) } };
  const batch = collate(Array.from({ length: rounds }, (_, noise) => ({ ...base, noise })));
  using _ = new Scope();
  const all = new Float32Array(rounds * words).map((_score, i) => scores[i % words]!);
  const { ids } = replaceMasked(batch, tensor(engine, all, [rounds, words]));
  for (let row = 0; row < rounds; row++) times[ids[3 * row + 1]!]!++;
  // Chi-squared with 3 degrees of freedom: above 21.1 once in 10,000 times.
  const expected = Array.from(scores, (score) => (rounds * Math.exp(score)) / total);
  const chi = expected.reduce((sum, want, i) => sum + (times[i]! - want) ** 2 / want, 0);
  assert.ok(chi < 21.1, `${[...times]}, expected ${expected.map(Math.round)}`);
  assert.is(ids[0], CLS);
});

test("the draws of a sample do not depend on its batch", () => {
  const samples = [20, 33, 12].map((length, i) => corrupt(long(length), { maskingRate: 0.4 }, i));
  using _ = new Scope();
  const replaced = (of: readonly Sample[]): Int32Array[] => {
    const batch: Batch = collate(of);
    // Scores that depend on the original token alone, as those of a model on the sequence alone.
    const index = labelled(batch.labels.tokens!);
    const scores = new Float32Array(index.length * SIZE);
    for (const [row, place] of index.entries())
      for (let id = 0; id < SIZE; id++) scores[row * SIZE + id] = Math.sin(id * batch.labels.tokens![place]!);
    const { ids, starts } = replaceMasked(batch, tensor(engine, scores, [index.length, SIZE]));
    return of.map((_sample, row) => ids.slice(starts[row], starts[row + 1]));
  };
  const [a, b, c] = replaced(samples);
  assert.equal(replaced([...samples].reverse()), [c, b, a]);
  assert.equal(
    samples.map((sample) => replaced([sample])[0]),
    [a, b, c],
  );
});

test("a batch that was not corrupted by it is refused", () => {
  using _ = new Scope();
  const scores = tensor(engine, new Float32Array(SIZE), [1, SIZE]);
  assert.throws(() => replaceMasked(collate([long(5)]), scores), /no labels or no noise/);
  const half = collate([corrupt(long(5)), { ...long(5), labels: { tokens: new Int32Array(5) } }]);
  assert.throws(() => replaceMasked(half, scores), /no labels or no noise/);
});

test.run();
