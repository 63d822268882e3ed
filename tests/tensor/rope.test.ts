import { suite } from "uvu";
import * as assert from "uvu/assert";
import { RotaryTable, sinusoidalPositions } from "../../sdk/nn/position.js";
import { logBucket } from "../../sdk/nn/relative-position.js";
import { disentangledBias } from "../../sdk/tensor/ops/disentangled-bias.js";
import { rotate } from "../../sdk/tensor/ops/rope.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { backward } from "../../sdk/tensor/tape.js";
import { tensor } from "../../sdk/tensor/tensor.js";
import { engines } from "../helpers/engines.js";
import { near } from "../helpers/near.js";
import { numericGradient, parameter, weighed } from "../helpers/training.js";
import { wave } from "../helpers/wave.js";

const test = suite("positions");
const HEADS = 2;
const POSITIONS = Int32Array.of(0, 3, 1, 7, 3);

for (const engine of engines) {
  for (const dim of [2, 6, 8, 10]) {
    test(`${engine.build}: heads of ${dim} are turned by their angles, and gradients turn back`, () => {
      using _ = new Scope();
      const width = HEADS * dim;
      const x0 = wave(POSITIONS.length * width, 1);
      const probe = wave(x0.length, 2);
      const definition = (x: ArrayLike<number>): Float64Array => {
        const y = new Float64Array(x.length);
        for (const [token, position] of POSITIONS.entries()) {
          for (let head = 0; head < HEADS; head++) {
            for (let i = 0; i < dim / 2; i++) {
              const [a, b] = [token * width + head * dim + i, token * width + head * dim + dim / 2 + i];
              const angle = position / 50 ** ((2 * i) / dim);
              y[a] = x[a]! * Math.cos(angle) - x[b]! * Math.sin(angle);
              y[b] = x[b]! * Math.cos(angle) + x[a]! * Math.sin(angle);
            }
          }
        }
        return y;
      };
      const table = tensor(engine, new RotaryTable(dim, 50).values(8), [8, dim]);
      const x = parameter(engine, x0, [POSITIONS.length, width]);
      // Angles up to 7 in f32 are off by 4e-7.
      near(rotate(x, table, POSITIONS).data, definition(x0), { atol: 2e-6 }, "y");
      backward(() => weighed(rotate(x, table, POSITIONS), probe));
      const loss = (at: Float64Array) => definition(at).reduce((sum, y, i) => sum + y * probe[i]!, 0);
      near(x.grad!.toArray(), numericGradient(loss, x0), { atol: 3e-6 }, "gradient");
    });
  }

  test(`${engine.build}: a pair of query and key takes the score of its distance`, () => {
    using _ = new Scope();
    const starts = Int32Array.of(0, 3, 4, 9);
    const entries = 6;
    const entry = (d: number) => Math.min(5, Math.max(0, d + 3));
    const [q0, k0] = [wave(9 * entries, 1), wave(9 * entries, 2)];
    const elements = 2 * (9 + 1 + 25);
    const probe = wave(elements, 3);
    // Head 0 asks queries, head 1 asks queries and keys.
    const definition = (q: ArrayLike<number>, k: ArrayLike<number>): number[] =>
      [0, 1, 2].flatMap((row) => {
        const [start, n] = [starts[row]!, starts[row + 1]! - starts[row]!];
        return [0, 1].flatMap((head) =>
          Array.from({ length: n * n }, (__, at) => {
            const [i, j] = [Math.floor(at / n), at % n];
            const column = entry(i - j);
            const own = q[(start + i) * entries + column]!;
            return 0.5 * (head === 0 ? own : own + k[(start + j) * entries + column]!);
          }),
        );
      });
    const q = parameter(engine, q0, [9, entries]);
    const k = parameter(engine, k0, [9, entries]);
    const parts = [
      { scores: q, head: 0, byKey: false },
      { scores: q, head: 1, byKey: false },
      { scores: k, head: 1, byKey: true },
    ];
    const options = { starts, heads: 2, factor: 0.5, entry };
    near(disentangledBias(parts, options).data, definition(q0, k0), { atol: 1e-7 });
    backward(() => weighed(disentangledBias(parts, options), probe));
    const loss = (q1: ArrayLike<number>, k1: ArrayLike<number>) =>
      definition(q1, k1).reduce((sum, b, i) => sum + b * probe[i]!, 0);
    near(
      q.grad!.toArray(),
      numericGradient((at) => loss(at, k0), q0),
      { atol: 2e-6 },
      "of queries",
    );
    near(
      k.grad!.toArray(),
      numericGradient((at) => loss(q0, at), k0),
      { atol: 2e-6 },
      "of keys",
    );
    assert.throws(() => disentangledBias(parts, { ...options, entry: () => 6 }), /entry 6 is not one of the table's 6/);
  });
}

test("positions and tables that do not fit are refused", () => {
  const [engine] = engines;
  using _ = new Scope();
  const table = tensor(engine!, new RotaryTable(4, 100).values(2), [2, 4]);
  const x = tensor(engine!, wave(8, 1), [1, 8]);
  assert.throws(() => rotate(x, table, Int32Array.of(2)), /position 2 is not one of the table's 2/);
  assert.throws(() => rotate(tensor(engine!, wave(6, 1), [1, 6]), table, Int32Array.of(0)), /heads of 4/);
});

/** transformers 5: make_log_bucket_position with 8 buckets and 48 places, distances -40, -9, -5, -4, 0, 4, 5, 9, 40. */
test("DeBERTa's buckets are those of the published code", () => {
  assert.equal(
    [-40, -9, -5, -4, 0, 4, 5, 9, 40].map((d) => logBucket(d, 8, 48)),
    [-7, -5, -5, -4, 0, 4, 5, 5, 7],
  );
});

test("sines in the first half, cosines in the second", () => {
  const [engine] = engines;
  using _ = new Scope();
  const { data } = sinusoidalPositions(engine!, Int32Array.of(0, 5), 4);
  const want = [0, 0, 1, 1, Math.sin(5), Math.sin(0.05), Math.cos(5), Math.cos(0.05)];
  near(data, want.map(Math.fround), { atol: 1e-7 });
});

test.run();
