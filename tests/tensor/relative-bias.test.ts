import { suite } from "uvu";
import * as assert from "uvu/assert";
import { relativeBucket } from "../../sdk/nn/relative-position.js";
import { attention } from "../../sdk/tensor/ops/attention.js";
import { relativeBias } from "../../sdk/tensor/ops/relative-bias.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { backward } from "../../sdk/tensor/tape.js";
import { tensor } from "../../sdk/tensor/tensor.js";
import { engines } from "../helpers/engines.js";
import { near } from "../helpers/near.js";
import { numericGradient, parameter, weighed } from "../helpers/training.js";
import { wave } from "../helpers/wave.js";

const test = suite("bias of attention");

interface Case {
  readonly name: string;
  readonly queries: readonly number[];
  readonly keys: readonly number[];
  readonly causal?: boolean;
  readonly window?: number;
  readonly scale?: number;
}

const CASES: readonly Case[] = [
  { name: "full", queries: [5, 1, 17], keys: [5, 1, 17], scale: 1 },
  { name: "several blocks", queries: [70, 3], keys: [70, 3] },
  { name: "causal", queries: [6, 9], keys: [6, 9], causal: true, scale: 1 },
  { name: "a step with cached keys", queries: [1, 1], keys: [7, 20], causal: true },
  { name: "windowed", queries: [40, 4], keys: [40, 4], window: 3 },
];
const HEADS = 2;
const DIM = 3;
const WIDTH = HEADS * DIM;
const BUCKETS = 8;
const bucket = (distance: number): number =>
  relativeBucket(distance, { buckets: BUCKETS, farthest: 12, bothWays: true });

const sums = (lengths: readonly number[]): Int32Array =>
  Int32Array.from([0, ...lengths].map((_, i) => lengths.slice(0, i).reduce((a, b) => a + b, 0)));

/** out and bias of the definition, in float64, from the table. */
function definition(c: Case, table: ArrayLike<number>, q: Float32Array, k: Float32Array, v: Float32Array) {
  const out: number[] = new Array(q.length).fill(0);
  const bias: number[] = [];
  const [starts, keyStarts] = [sums(c.queries), sums(c.keys)];
  for (const [row, queries] of c.queries.entries()) {
    const keys = c.keys[row]!;
    for (let head = 0; head < HEADS; head++) {
      for (let i = 0; i < queries; i++) {
        const place = i + keys - queries;
        const weights = Array.from({ length: keys }, (_, j) => {
          const b = table[bucket(j - place) * HEADS + head]!;
          bias.push(b);
          if ((c.causal && j > place) || Math.abs(j - place) > (c.window ?? keys)) return 0;
          let sum = 0;
          for (let d = 0; d < DIM; d++)
            sum += q[(starts[row]! + i) * WIDTH + head * DIM + d]! * k[(keyStarts[row]! + j) * WIDTH + head * DIM + d]!;
          return Math.exp(sum * (c.scale ?? 1 / Math.sqrt(DIM)) + b);
        });
        const total = weights.reduce((a, b) => a + b);
        for (let j = 0; j < keys; j++)
          for (let d = 0; d < DIM; d++)
            out[(starts[row]! + i) * WIDTH + head * DIM + d]! +=
              (weights[j]! / total) * v[(keyStarts[row]! + j) * WIDTH + head * DIM + d]!;
      }
    }
  }
  return { out, bias };
}

for (const engine of engines) {
  for (const c of CASES) {
    test(`${engine.build}: ${c.name}: result and gradients agree with the definition`, () => {
      using _ = new Scope();
      const [starts, keyStarts] = [sums(c.queries), sums(c.keys)];
      const [rows, keyRows] = [starts.at(-1)!, keyStarts.at(-1)!];
      const [q0, k0, v0] = [wave(rows * WIDTH, 1), wave(keyRows * WIDTH, 2), wave(keyRows * WIDTH, 3)];
      const table0 = wave(BUCKETS * HEADS, 4);
      const probe = wave(rows * WIDTH, 5);
      const q = parameter(engine, q0, [rows, WIDTH]);
      const k = tensor(engine, k0, [keyRows, WIDTH]);
      const v = tensor(engine, v0, [keyRows, WIDTH]);
      const table = parameter(engine, table0, [BUCKETS, HEADS]);
      const options = {
        heads: HEADS,
        starts,
        keyStarts,
        ...(c.causal && { causal: true }),
        ...(c.window !== undefined && { window: c.window }),
        ...(c.scale !== undefined && { scale: c.scale }),
      };
      const want = definition(c, table0, q0, k0, v0);
      const bias = relativeBias(table, { starts, keyStarts, bucket });
      near(bias.data, Float32Array.from(want.bias), {}, "bias");
      // Scores below 3 are off by a few units of 2^-24, so e^score is right to 2e-6 of itself.
      near(attention(q, k, v, { ...options, bias }).data, want.out, { atol: 3e-6 }, "out");
      backward(() =>
        weighed(attention(q, k, v, { ...options, bias: relativeBias(table, { starts, keyStarts, bucket }) }), probe),
      );
      const numeric = (f: (q: ArrayLike<number>, t: ArrayLike<number>) => { out: number[] }, of: "query" | "table") =>
        numericGradient(
          (x) =>
            f(of === "query" ? x : q0, of === "table" ? x : table0).out.reduce((sum, o, i) => sum + o * probe[i]!, 0),
          of === "query" ? q0 : table0,
        );
      const loss = (x: ArrayLike<number>, t: ArrayLike<number>) =>
        definition(c, t, Float64Array.from(x) as never, k0, v0);
      // Sums of at most 70 · 70 terms below 0.1, each off by some units of 2^-24.
      near(table.grad!.toArray(), numeric(loss, "table"), { atol: 2e-5 }, "gradient of the table");
      if (rows < 30) near(q.grad!.toArray(), numeric(loss, "query"), { atol: 1e-5 }, "gradient of the queries");
    });
  }
}

test("a bias of the wrong size and buckets out of range are refused", () => {
  const [engine] = engines;
  using _ = new Scope();
  const starts = Int32Array.of(0, 2);
  const q = tensor(engine!, wave(4, 1), [2, 2]);
  assert.throws(
    () => attention(q, q, q, { heads: 1, starts, bias: tensor(engine!, [1, 2, 3]) }),
    /bias must be .4., got .3./,
  );
  const table = tensor(engine!, wave(4, 1), [4, 1]);
  assert.throws(
    () => relativeBias(table, { starts, bucket: (d) => d + 4 }),
    /bucket 4 is not one of the table's 4|bucket 5/,
  );
  assert.throws(
    () => relativeBias(table, { starts, keyStarts: Int32Array.of(0, 1), bucket: () => 0 }),
    /2 queries and 1 keys/,
  );
});

/** transformers 5: T5Attention._relative_position_bucket, distances -130, -20, -9, -8, -1, 0, 1, 7, 8, 9, 20, 130. */
test("buckets are those of the published code", () => {
  const distances = [-130, -20, -9, -8, -1, 0, 1, 7, 8, 9, 20, 130];
  const of = (bothWays: boolean) => distances.map((d) => relativeBucket(d, { buckets: 32, farthest: 128, bothWays }));
  assert.equal(of(true), [15, 10, 8, 8, 1, 0, 17, 23, 24, 24, 26, 31]);
  assert.equal(of(false), [31, 17, 9, 8, 1, 0, 0, 0, 0, 0, 0, 0]);
});

test("buckets of T5: both ways and causal, at the edges of the exact and the logarithmic ones", () => {
  const of = (distances: readonly number[], bothWays: boolean) =>
    distances.map((d) => relativeBucket(d, { buckets: 32, farthest: 128, bothWays }));
  assert.equal(
    of([0, -1, -7, -8, -9, -16, -32, -64, -127, -500, 1, 7, 8, 16, 127], true),
    [0, 1, 7, 8, 8, 10, 12, 14, 15, 15, 17, 23, 24, 26, 31],
  );
  assert.equal(of([5, -1, -15, -16, -20, -32, -64, -127], false), [0, 1, 15, 16, 17, 21, 26, 31]);
});

test.run();
