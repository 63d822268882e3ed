import { suite } from "uvu";
import * as assert from "uvu/assert";
import { byTokens, sampleBatches } from "../../sdk/data/batches.js";
import { collate, type Labels, labelled, type Sample } from "../../sdk/data/sample.js";
import { IGNORE } from "../../sdk/tensor/ops/loss.js";

const test = suite("samples and batches");

function sampleOf(length: number, labels: Labels = {}): Sample {
  const count = <T>(f: (i: number) => T): T[] => Array.from({ length }, (_, i) => f(i));
  return {
    ids: Int32Array.from(count((i) => 10 * length + i)),
    segments: Uint8Array.from(count((i) => (i > 1 ? 1 : 0))),
    special: Uint8Array.from(count((i) => (i === 0 ? 1 : 0))),
    words: Int32Array.from(count((i) => i - 1)),
    labels,
  };
}

test("sequences are concatenated, and positions restart in each", () => {
  const { rows, ids, positions, segments, starts, labels } = collate([sampleOf(3), sampleOf(1), sampleOf(2)]);
  assert.is(rows, 3);
  assert.equal([...starts], [0, 3, 4, 6]);
  assert.equal([...ids], [30, 31, 32, 10, 20, 21]);
  assert.equal([...positions], [0, 1, 2, 0, 0, 1]);
  assert.equal([...segments], [0, 0, 1, 0, 0, 0]);
  assert.equal(labels, {});
});

test("labels are joined where every sample has them", () => {
  const first: Labels = { tokens: Int32Array.of(1, IGNORE), pair: 1, row: 2, value: 0.5, span: [0, 1] };
  const second: Labels = { tokens: Int32Array.of(7), pair: IGNORE, row: 0, value: -2, span: [IGNORE, IGNORE] };
  const { labels } = collate([sampleOf(2, first), sampleOf(1, second)]);
  assert.equal(labels, {
    tokens: Int32Array.of(1, IGNORE, 7),
    pair: Int32Array.of(1, IGNORE),
    row: Int32Array.of(2, 0),
    value: Float32Array.of(0.5, -2),
    span: { first: Int32Array.of(0, IGNORE), last: Int32Array.of(1, IGNORE) },
  });
  assert.equal([...labelled(labels.tokens!)], [0, 2]);
  assert.equal(collate([sampleOf(2, first), sampleOf(1)]).labels, {});
  assert.equal(collate([sampleOf(2, { row: 1 }), sampleOf(1, second)]).labels, { row: Int32Array.of(1, 0) });
});

test("samples that cannot form a batch give a clear error", () => {
  assert.throws(() => collate([]), /collate: a batch needs at least one sample, got none/);
  assert.throws(() => collate([sampleOf(2), sampleOf(0)]), /collate: sample 1 has no tokens/);
  const wrong = sampleOf(3, { tokens: new Int32Array(2) });
  assert.throws(
    () => collate([sampleOf(1, { tokens: new Int32Array(1) }), wrong]),
    /sample 1 has 3 tokens but 2 token labels/,
  );
});

test("groups are consecutive, within the limit of tokens, and lose nothing", () => {
  const lengths = [3, 3, 4, 12, 1, 9, 1, 10, 10];
  const groups = [...byTokens(lengths, (length) => length, 10)];
  assert.equal(groups, [[3, 3, 4], [12], [1, 9], [1], [10], [10]]);
  assert.equal([...byTokens([], (length: number) => length, 10)], []);
  const samples = lengths.map((length) => sampleOf(length));
  assert.equal(
    [...sampleBatches(samples, 10)].map((group) => group.map(({ ids }) => ids.length)),
    groups,
  );
});

test.run();
