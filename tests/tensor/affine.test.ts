import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Engine } from "../../sdk/engine/engine.js";
import { type Matrix, matrix, type Orientation } from "../../sdk/tensor/matrix.js";
import { activate } from "../../sdk/tensor/ops/activation.js";
import { affine } from "../../sdk/tensor/ops/affine.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { backward } from "../../sdk/tensor/tape.js";
import { type Shape, tensor } from "../../sdk/tensor/tensor.js";
import { engines } from "../helpers/engines.js";
import { near } from "../helpers/near.js";
import { parameter, weighed } from "../helpers/training.js";
import { wave } from "../helpers/wave.js";

const test = suite("affine");

/** Rounding unit of f32. */
const UNIT = 2 ** -24;

/** A weight that wants a gradient; owned by the open scope. */
function weight(engine: Engine, values: Float32Array, shape: Shape, orientation: Orientation = "out-inner"): Matrix {
  const w = matrix(engine, values, shape, orientation);
  w.traced = true;
  return w;
}

/** (rows, inner) times (inner, columns), either one transposed, in float64. */
function product(
  a: (i: number, k: number) => number,
  b: (k: number, j: number) => number,
  rows: number,
  inner: number,
  columns: number,
): Float64Array {
  const c = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) for (let k = 0; k < inner; k++) c[i * columns + j]! += a(i, k) * b(k, j);
  return c;
}

const SIZES = [
  ...Array.from({ length: 17 }, (_, i) => [i + 1, 18 - i, ((i * 5) % 17) + 1] as const),
  [40, 384, 96] as const,
  [3, 32, 1000] as const,
];

for (const engine of engines) {
  test(`${engine.build}: result and gradients agree with the definition`, () => {
    for (const [rows, inner, out] of SIZES) {
      using _ = new Scope();
      const [x0, w0, b0, g] = [wave(rows * inner, 1), wave(out * inner, 2), wave(out, 3), wave(rows * out, 4)];
      const x = parameter(engine, x0, [rows, inner]);
      const w = weight(engine, w0, [out, inner]);
      const b = parameter(engine, b0, [out]);
      const y = affine(x, w, b);
      backward(() => weighed(affine(x, w, b), g));
      // n products of factors up to 1: n + 2 roundings of at most n units (Higham 2002, section 3.1).
      const bound = (n: number) => ({ atol: (n + 2) * UNIT * (n + 1) });
      const at = (values: Float32Array, width: number) => (i: number, j: number) => values[i * width + j]!;
      const [xs, ws, gs] = [at(x0, inner), at(w0, inner), at(g, out)];
      const want = product(xs, (k, j) => ws(j, k), rows, inner, out).map((sum, i) => sum + b0[i % out]!);
      near(y.data, want, bound(inner), "y");
      near(x.grad!.data, product(gs, ws, rows, out, inner), bound(out), "dx");
      near(
        w.grad!.data,
        product((i, k) => gs(k, i), xs, out, rows, inner),
        bound(rows),
        "dW",
      );
      near(
        b.grad!.data,
        product(() => 1, gs, 1, rows, out),
        bound(rows),
        "db",
      );
    }
  });

  test(`${engine.build}: an activation on the way out has the bits of the op of its own, with and without a tape`, () => {
    using _ = new Scope();
    const x = tensor(
      engine,
      wave(150 * 20, 1).map((value) => 4 * value),
      [150, 20],
    );
    const w = weight(engine, wave(37 * 20, 2), [37, 20]);
    const b = parameter(engine, wave(37, 3), [37]);
    for (const kind of ["gelu", "gelu_tanh", "relu", "tanh", "silu", "sigmoid"] as const) {
      const want = activate(affine(x, w, b), kind).toArray();
      assert.equal(affine(x, w, b, kind).toArray(), want, kind);
      backward(() => {
        const y = affine(x, w, b, kind);
        assert.equal(y.toArray(), want, `${kind} while a tape is open`);
        return weighed(y, wave(y.size, 4));
      });
    }
  });

  test(`${engine.build}: gradients of one input used twice add up, and those of two passes`, () => {
    using _ = new Scope();
    const x = parameter(engine, wave(6, 1), [2, 3]);
    const w = weight(engine, wave(9, 2), [3, 3]);
    const once = () => weighed(affine(x, w, null), wave(6, 3));
    const twice = () => weighed(affine(affine(x, w, null), w, null), wave(6, 3));
    backward(once);
    const first = w.grad!.toArray();
    backward(once);
    near(
      w.grad!.data,
      first.map((value) => 2 * value),
      { rtol: 2 * UNIT },
    );
    w.grad!.data.fill(0);
    backward(twice);
    const got = w.grad!.toArray();
    // Central differences of the same sum in float64.
    const loss = (weights: ArrayLike<number>) => {
      const ws = (j: number, k: number) => weights[j * 3 + k]!;
      const h = product(
        (i, k) => wave(6, 1)[i * 3 + k]!,
        (k, j) => ws(j, k),
        2,
        3,
        3,
      );
      const y = product(
        (i, k) => h[i * 3 + k]!,
        (k, j) => ws(j, k),
        2,
        3,
        3,
      );
      return wave(6, 3).reduce((sum, p, i) => sum + p * y[i]!, 0);
    };
    const step = 1e-5;
    const want = Array.from(got, (_, i) => {
      const shifted = (by: number) => Float64Array.from(wave(9, 2), (value, j) => (i === j ? value + by : value));
      return (loss(shifted(step)) - loss(shifted(-step))) / (2 * step);
    });
    // The sums have at most 18 terms below 3; differences of a cubic are off by step² times its third derivative.
    near(got, want, { atol: 18 * 3 * 4 * UNIT }, "dW of w used twice");
  });

  test(`${engine.build}: no rows give no result and gradients of zero`, () => {
    using _ = new Scope();
    const [w, b] = [weight(engine, wave(6), [2, 3]), parameter(engine, wave(2), [2])];
    backward(() => {
      const y = affine(tensor(engine, [], [0, 3]), w, b);
      assert.equal(y.shape, [0, 2]);
      return weighed(y, new Float32Array());
    });
    assert.equal([...w.grad!.data, ...b.grad!.data], Array(8).fill(0));
  });

  test(`${engine.build}: memory is flat over steps`, () => {
    const w = weight(engine, wave(20 * 24, 1), [20, 24]);
    const live: number[] = [];
    for (let step = 0; step < 5; step++) {
      {
        using _ = new Scope();
        const x = tensor(engine, wave(7 * 24, step), [7, 24]);
        backward(() => weighed(affine(x, w, null), wave(7 * 20, 9)));
        w.assign(wave(20 * 24, step));
      }
      live.push(engine.liveBytes);
    }
    assert.equal(live, Array(5).fill(live[0]));
    w[Symbol.dispose]();
    assert.is(engine.liveBytes, 0);
  });
}

test("a wrong shape throws an error that names it", () => {
  using _ = new Scope();
  const engine = engines[0]!;
  const x = tensor(engine, wave(6), [2, 3]);
  assert.throws(
    () => affine(x, matrix(engine, wave(8), [2, 4]), null),
    /affine: weight must be \[out, 3\], got \[2, 4\]/,
  );
  assert.throws(
    () => affine(x, matrix(engine, wave(6), [2, 3]), tensor(engine, wave(3))),
    /affine: bias must be \[2\], got \[3\]/,
  );
});

for (const engine of engines) {
  test(`${engine.build}: a weight stored (inner, out) gives the same product and gradients`, () => {
    for (const [rows, inner, out] of SIZES) {
      const [x0, w0, b0, g] = [wave(rows * inner, 1), wave(out * inner, 2), wave(out, 3), wave(rows * out, 4)];
      const transposed = Float32Array.from(w0, (_, i) => w0[(i % out) * inner + Math.floor(i / out)]!);
      const run = (other: boolean) => {
        using _ = new Scope();
        const x = parameter(engine, x0, [rows, inner]);
        const w = other ? weight(engine, transposed, [inner, out], "inner-out") : weight(engine, w0, [out, inner]);
        const b = parameter(engine, b0, [out]);
        const y = affine(x, w, b, "tanh").toArray();
        backward(() => weighed(affine(x, w, b, "tanh"), g));
        return { y, dx: x.grad!.toArray(), dw: w.grad!.toArray(), db: b.grad!.toArray() };
      };
      const [plain, other] = [run(false), run(true)];
      near(other.y, plain.y, {}, "y");
      near(other.dx, plain.dx, {}, "dx");
      near(other.db, plain.db, {}, "db");
      // Sums of `rows` products below 1 whose factors change places: the same roundings, in the same order.
      near(
        Float32Array.from(plain.dw, (_, i) => other.dw[(i % inner) * out + Math.floor(i / inner)]!),
        plain.dw,
        { atol: 2 * (rows + 2) * UNIT },
        "dw",
      );
    }
  });
}

test.run();
