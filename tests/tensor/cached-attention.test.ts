/**
 * Attention over kept keys and values against attention over all of them at once. Both add up every score over the width of
 * a head and every output over the keys in ascending order, in the same blocks of the product's inner dimension: so the
 * bits are equal, and tests/tensor/attention.test.ts compares those with the definition.
 */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { BLOCK_KEYS } from "../../sdk/engine/abi.js";
import type { Engine } from "../../sdk/engine/engine.js";
import { type CacheDtype, KeyBlocks } from "../../sdk/tensor/key-blocks.js";
import { type AttentionOptions, attention } from "../../sdk/tensor/ops/attention.js";
import { cachedAttention } from "../../sdk/tensor/ops/cached-attention.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { backward } from "../../sdk/tensor/tape.js";
import { type Tensor, tensor } from "../../sdk/tensor/tensor.js";
import { engines } from "../helpers/engines.js";
import { wave } from "../helpers/wave.js";

const test = suite("cached attention");

/** Query, key and value (tokens, width) of one row. */
interface Row {
  readonly query: Float32Array;
  readonly key: Float32Array;
  readonly value: Float32Array;
}

function rowOf(tokens: number, width: number, phase: number): Row {
  const [query, key, value] = [0, 1, 2].map((i) =>
    Float32Array.from(wave(tokens * width, 3 * phase + i), (x) => 2 * x),
  );
  return { query: query!, key: key!, value: value! };
}

const startsOf = (lengths: readonly number[]): Int32Array =>
  Int32Array.from([0, ...lengths.map((_, i) => lengths.slice(0, i + 1).reduce((a, b) => a + b, 0))]);

/** The tokens [begin, end) of each row, one row after the other. */
function joined(
  engine: Engine,
  rows: readonly Row[],
  name: keyof Row,
  width: number,
  ranges: readonly [number, number][],
): Tensor {
  const parts = rows.map((row, i) => row[name].subarray(ranges[i]![0] * width, ranges[i]![1] * width));
  const values = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    values.set(part, at);
    at += part.length;
  }
  return tensor(engine, values, [values.length / width, width]);
}

/** The nearest number of binary16, ties to even: eleven bits, and a last place of 2^-24 at least. Below 65520. */
function halved(x: number): number {
  const unit = 2 ** (Math.max(-14, Math.floor(Math.log2(Math.abs(x)))) - 10);
  const below = Math.floor(x / unit);
  const rest = x / unit - below;
  return (rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below) * unit;
}

/** The row that is attended to: its keys and values as they are kept. */
const keptAs = (dtype: CacheDtype, row: Row): Row =>
  dtype === "f32" ? row : { ...row, key: row.key.map(halved), value: row.value.map(halved) };

/** Attention of one row at once. */
function whole(engine: Engine, row: Row, width: number, options: Omit<AttentionOptions, "starts">): Float32Array {
  using _ = new Scope();
  const tokens = row.query.length / width;
  const [q, k, v] = (["query", "key", "value"] as const).map((name) => tensor(engine, row[name], [tokens, width]));
  return attention(q!, k!, v!, { ...options, starts: Int32Array.of(0, tokens) }).toArray();
}

/** Append the ranges of the rows and attend with their queries: the results of each row. */
function step(
  engine: Engine,
  kept: KeyBlocks,
  rows: readonly Row[],
  ranges: readonly [number, number][],
  options: { readonly causal: boolean; readonly scale?: number },
): Float32Array[] {
  using _ = new Scope();
  const width = kept.heads * kept.dim;
  const starts = startsOf(ranges.map(([begin, end]) => end - begin));
  const [q, k, v] = (["query", "key", "value"] as const).map((name) => joined(engine, rows, name, width, ranges));
  kept.append(k!, v!, starts);
  const out = cachedAttention(q!, kept, { ...options, starts }).toArray();
  return ranges.map((_range, i) => out.slice(starts[i]! * width, starts[i + 1]! * width));
}

/** Fill free memory with NaN, so that a kernel's read of unwritten memory shows. */
function poison(engine: Engine): void {
  using _ = new Scope();
  tensor(engine, new Float32Array(1 << 18).fill(Number.NaN), [1 << 18]);
}

/** Lengths on both sides of a block's end, and of the end of a block of the product's inner dimension, 384 keys. */
const LENGTHS = [1, BLOCK_KEYS - 1, BLOCK_KEYS, BLOCK_KEYS + 1, 2 * BLOCK_KEYS + 5, 383, 384, 385, 416];
/** Heads and their width: parts of a panel, one, one and a part, several. */
const SHAPES = [
  [2, 4],
  [3, 16],
  [2, 20],
  [1, 40],
  [2, 64],
] as const;

for (const engine of engines) {
  for (const [heads, dim, dtype] of SHAPES.flatMap((shape) => [[...shape, "f32"] as const, [...shape, "f16"] as const]))
    test(`${engine.build}: ${heads} heads of ${dim}: a token behind those kept in ${dtype} has the bits of all at once`, () => {
      const width = heads * dim;
      const row = rowOf(LENGTHS.at(-1)!, width, 1);
      const want = whole(engine, keptAs(dtype, row), width, { heads, causal: true });
      poison(engine);
      using kept = new KeyBlocks(engine, { heads, dim, dtype });
      let before = 0;
      for (const length of LENGTHS) {
        // All tokens but the last, then the last alone.
        if (length - 1 > before) {
          const [several] = step(engine, kept, [row], [[before, length - 1]], { causal: true });
          assert.equal(several, want.slice(before * width, (length - 1) * width), `tokens before ${length}`);
        }
        const [last] = step(engine, kept, [row], [[length - 1, length]], { causal: true });
        assert.equal(last, want.slice((length - 1) * width, length * width), `token ${length}`);
        before = length;
      }
    });

  test(`${engine.build}: values kept in f16 are the nearest ones, small and large`, () => {
    // A row with one key: the output is its value.
    const values = [1, -1 / 3, 2 ** -24, 1.5 * 2 ** -25, 2 ** -26, 3e-6, -6.1e-5, 65504, 65519, -0.1, 0, 1 + 2 ** -11];
    const row = { query: new Float32Array(12), key: new Float32Array(12), value: Float32Array.from(values) };
    using kept = new KeyBlocks(engine, { heads: 1, dim: 12, dtype: "f16" });
    assert.equal(step(engine, kept, [row], [[0, 1]], { causal: true })[0], row.value.map(halved));
    // Beyond the largest number, the one after it.
    const large = { ...row, value: new Float32Array(12).fill(-1e30) };
    using more = new KeyBlocks(engine, { heads: 1, dim: 12, dtype: "f16" });
    assert.equal(step(engine, more, [large], [[0, 1]], { causal: true })[0], new Float32Array(12).fill(-65536));
    assert.is(engine.kernels.keyBlockBytes(1, 12, 1) * 2, engine.kernels.keyBlockBytes(1, 12, 0));
  });

  test(`${engine.build}: rows of different lengths, each with the bits of the row alone`, () => {
    const [heads, dim] = [2, 12];
    const width = heads * dim;
    const lengths = [3, BLOCK_KEYS, 70];
    const rows = lengths.map((length, i) => rowOf(length + 4, width, i));
    const want = rows.map((row) => whole(engine, row, width, { heads, causal: true, scale: 0.3 }));
    using kept = new KeyBlocks(engine, { heads, dim });
    const options = { causal: true, scale: 0.3 };
    step(
      engine,
      kept,
      rows,
      lengths.map((length) => [0, length]),
      options,
    );
    // One row writes two tokens, one writes one and one writes none.
    const next = [2, 1, 0].map((count, i): [number, number] => [lengths[i]!, lengths[i]! + count]);
    const got = step(engine, kept, rows, next, options);
    for (const [i, [begin, end]] of next.entries())
      assert.equal(got[i], want[i]!.slice(begin * width, end * width), `row ${i}`);
    assert.equal(kept.lengths, [5, BLOCK_KEYS + 1, 70]);
  });

  test(`${engine.build}: every query sees all keys of a source; a bias and the probabilities are laid out alike`, () => {
    const [heads, dim] = [3, 8];
    const width = heads * dim;
    const [queries, keys] = [
      [2, 1],
      [BLOCK_KEYS + 3, 5],
    ];
    const [starts, keyStarts] = [startsOf(queries), startsOf(keys)];
    using _ = new Scope();
    const q = tensor(engine, wave(3 * width, 1), [3, width]);
    const [k, v] = [2, 3].map((phase) =>
      tensor(engine, wave((BLOCK_KEYS + 8) * width, phase), [BLOCK_KEYS + 8, width]),
    );
    const elements = heads * (2 * (BLOCK_KEYS + 3) + 5);
    const bias = tensor(engine, wave(elements, 4), [elements]);
    const seen: Float32Array[] = [];
    const options = { heads, starts, bias, probabilities: (p: Tensor) => void seen.push(p.toArray()) };
    const want = attention(q, k!, v!, { ...options, keyStarts }).toArray();
    using kept = new KeyBlocks(engine, { heads, dim });
    kept.append(k!, v!, keyStarts);
    assert.equal(cachedAttention(q, kept, options).toArray(), want);
    assert.equal(seen[1], seen[0]);
  });

  test(`${engine.build}: rows that continue one another share blocks, and none sees the writes of another`, () => {
    const [heads, dim] = [2, 16];
    const width = heads * dim;
    const length = 2 * BLOCK_KEYS + 3;
    const prompt = rowOf(length, width, 1);
    // Three rows begin alike; then each has tokens of its own.
    const rows = [5, 6, 7].map((phase) => {
      const own = rowOf(3, width, phase);
      const after = (name: keyof Row) => Float32Array.from([...prompt[name], ...own[name]]);
      return { query: after("query"), key: after("key"), value: after("value") };
    });
    const want = rows.map((row) => whole(engine, row, width, { heads, causal: true }));
    const before = engine.liveBytes;
    {
      using kept = new KeyBlocks(engine, { heads, dim });
      const blockBytes = engine.kernels.keyBlockBytes(heads, dim, 0);
      step(engine, kept, [prompt], [[0, length]], { causal: true });
      assert.is(engine.liveBytes - before, 3 * blockBytes);
      kept.reorder(Int32Array.of(0, 0, 0));
      assert.is(engine.liveBytes - before, 3 * blockBytes, "nothing is copied before a row writes");
      const one = [0, 1, 2].map((): [number, number] => [length, length + 1]);
      const got = step(engine, kept, rows, one, { causal: true });
      for (const i of [0, 1, 2]) assert.equal(got[i], want[i]!.slice(length * width, (length + 1) * width), `row ${i}`);
      assert.is(engine.liveBytes - before, 5 * blockBytes, "two of three have a last block of their own");
      // The second row ends, the first continues twice.
      kept.reorder(Int32Array.of(2, 0, 0));
      assert.is(engine.liveBytes - before, 4 * blockBytes);
      const order = [2, 0, 0].map((row) => rows[row]!);
      const two = [0, 1, 2].map((): [number, number] => [length + 1, length + 2]);
      const later = step(engine, kept, order, two, { causal: true });
      for (const [i, row] of [2, 0, 0].entries())
        assert.equal(later[i], want[row]!.slice((length + 1) * width, (length + 2) * width), `row ${i}`);
    }
    assert.is(engine.liveBytes, before);
  });
}

test("parts that do not belong together throw an error that names them", () => {
  const [engine] = engines as [Engine];
  using _ = new Scope();
  using kept = new KeyBlocks(engine, { heads: 2, dim: 4 });
  const x = tensor(engine, wave(16), [2, 8]);
  assert.throws(() => kept.append(x, x, Int32Array.of(0, 3)), /append: key must be \[3, 8\], got \[2, 8\]/);
  kept.append(x, x, Int32Array.of(0, 2));
  assert.throws(() => kept.append(x, x, Int32Array.of(0, 1, 2)), /there are keys of 1 rows, got those of 2/);
  assert.throws(() => cachedAttention(x, kept, { starts: Int32Array.of(0, 1, 2) }), /starts has 2 rows, 1 are kept/);
  const long = tensor(engine, wave(24), [3, 8]);
  const causal = { starts: Int32Array.of(0, 3), causal: true };
  assert.throws(() => cachedAttention(long, kept, causal), /row 0 has 3 queries and 2 keys; append theirs first/);
  const traced = tensor(engine, wave(8), [1, 8]);
  traced.storage.traced = true;
  const train = () => backward(() => cachedAttention(traced, kept, { starts: Int32Array.of(0, 1) }));
  assert.throws(train, /there is no gradient; train on whole sequences/);
});

test.run();
