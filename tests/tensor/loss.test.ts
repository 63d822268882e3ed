import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Engine } from "../../sdk/engine/engine.js";
import { scale } from "../../sdk/tensor/ops/elementwise.js";
import {
  binaryCrossEntropy,
  type CrossEntropyOptions,
  crossEntropy,
  IGNORE,
  klDivergence,
  meanSquaredError,
  raggedCrossEntropy,
} from "../../sdk/tensor/ops/loss.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { backward } from "../../sdk/tensor/tape.js";
import { type Tensor, tensor } from "../../sdk/tensor/tensor.js";
import { engines } from "../helpers/engines.js";
import { near } from "../helpers/near.js";
import { numericGradient, parameter } from "../helpers/training.js";
import { wave } from "../helpers/wave.js";

const test = suite("losses");

/** Rounding unit of f32. */
const UNIT = 2 ** -24;

/** Loss and gradient of softmax cross-entropy over consecutive rows of given widths, in double precision. */
function definition(
  x: ArrayLike<number>,
  widths: readonly number[],
  labels: Int32Array,
  options: CrossEntropyOptions = {},
) {
  const { smoothing, divisor = labels.filter((label) => label !== IGNORE).length } = options;
  const gradient = new Float64Array(x.length);
  let [loss, from] = [0, 0];
  for (const [row, width] of widths.entries()) {
    const scores = Array.from({ length: width }, (_, i) => x[from + i]!);
    const largest = Math.max(...scores);
    const logSum = largest + Math.log(scores.reduce((sum, s) => sum + Math.exp(s - largest), 0));
    const label = labels[row]!;
    for (let i = 0; label !== IGNORE && i < width; i++) {
      const share = smoothing?.amount ?? 0;
      const spread = smoothing?.over === "others" ? (i === label ? 0 : share / (width - 1)) : share / width;
      const target = (i === label ? 1 - share : 0) + spread;
      loss += (target * (logSum - scores[i]!)) / divisor;
      gradient[from + i] = (Math.exp(scores[i]! - logSum) - target) / divisor;
    }
    from += width;
  }
  return { loss, gradient };
}

/** Scores between -8 and 8, labels with some left out. */
function problem(rows: number, classes: number) {
  const scores = wave(rows * classes, rows + 31 * classes).map((v) => 8 * v);
  const labels = Int32Array.from({ length: rows }, (_, i) => (i % 4 === 3 ? IGNORE : (i * 7) % classes));
  return { scores, labels };
}

/** Mean of Σ p (log p - log q) over rows, p from `targets` and q from `x` at a temperature, and its gradient. */
function divergenceOf(x: ArrayLike<number>, targets: ArrayLike<number>, classes: number, temperature: number) {
  const rows = x.length / classes;
  const gradient = new Float64Array(x.length);
  let loss = 0;
  for (let row = 0; row < rows; row++) {
    const logs = (from: ArrayLike<number>) => {
      const d = Array.from({ length: classes }, (_, i) => from[row * classes + i]! / temperature);
      const largest = Math.max(...d);
      const logSum = largest + Math.log(d.reduce((sum, v) => sum + Math.exp(v - largest), 0));
      return d.map((v) => v - logSum);
    };
    const [q, p] = [logs(x), logs(targets)];
    for (let i = 0; i < classes; i++) {
      loss += (Math.exp(p[i]!) * (p[i]! - q[i]!)) / rows;
      gradient[row * classes + i] = (Math.exp(q[i]!) - Math.exp(p[i]!)) / temperature / rows;
    }
  }
  return { loss, gradient };
}

function compare(
  engine: Engine,
  x: Float32Array,
  shape: readonly number[],
  f: (x: Tensor) => Tensor,
  want: ReturnType<typeof definition>,
): void {
  using _ = new Scope();
  const logits = parameter(engine, x, shape);
  const loss = backward(() => f(logits));
  assert.equal(loss.shape, []);
  // Of numbers up to 20; 64 terms are added up in f32 before the sum continues in double precision.
  near([loss.item()], [want.loss], { atol: 20 * UNIT, rtol: 16 * UNIT }, "loss");
  const [largest, total] = [Math.max(...want.gradient.map(Math.abs)), { atol: 0, rtol: 40 * UNIT }];
  near(logits.grad!.data, want.gradient, { ...total, atol: largest * 4 * UNIT }, "gradient");
  backward(() => f(logits), null, 0.5);
  near(
    logits.grad!.data,
    want.gradient.map((g) => 1.5 * g),
    { ...total, atol: largest * 8 * UNIT },
    "added up",
  );
}

const SIZES = [...Array.from({ length: 17 }, (_, i) => [9, i + 1] as const), [5, 1027] as const, [3, 30_522] as const];

for (const engine of engines) {
  test(`${engine.build}: cross-entropy agrees with the definition for 1 to 17 classes and for a vocabulary`, () => {
    for (const [rows, classes] of SIZES) {
      const { scores, labels } = problem(rows, classes);
      const widths = Array<number>(rows).fill(classes);
      compare(engine, scores, [rows, classes], (x) => crossEntropy(x, labels), definition(scores, widths, labels));
      const divided = { divisor: 100 };
      compare(
        engine,
        scores,
        [rows, classes],
        (x) => crossEntropy(x, labels, divided),
        definition(scores, widths, labels, divided),
      );
      for (const over of ["others", "all"] as const) {
        if (classes < 2) continue;
        const smooth = { smoothing: { amount: 0.1, over } };
        compare(
          engine,
          scores,
          [rows, classes],
          (x) => crossEntropy(x, labels, smooth),
          definition(scores, widths, labels, smooth),
        );
      }
    }
  });

  test(`${engine.build}: ragged cross-entropy agrees with the definition`, () => {
    const widths = [...Array(17).keys()].map((n) => n + 1).concat([384, 1, 600]);
    const starts = Int32Array.from(
      [0, ...widths],
      (
        (sum) => (width: number) =>
          (sum += width)
      )(0),
    );
    const scores = wave(starts.at(-1)!, 5).map((v) => 8 * v);
    const labels = Int32Array.from(widths, (width, i) => (i % 5 === 4 ? IGNORE : (i * 3) % width));
    const want = definition(scores, widths, labels);
    compare(engine, scores, [scores.length], (x) => raggedCrossEntropy(x, starts, labels), want);
    compare(engine, scores, [scores.length, 1], (x) => raggedCrossEntropy(x, starts, labels), want);
  });

  test(`${engine.build}: binary cross-entropy and squared error agree with their definitions`, () => {
    for (const length of [...Array(17).keys()].map((n) => n + 1).concat([1000])) {
      const scores = wave(length, length).map((v) => 10 * v);
      const labels = Int32Array.from(scores, (_, i) => (i % 4 === 3 ? IGNORE : i % 2));
      const count = labels.filter((label) => label !== IGNORE).length;
      const binary = (x: ArrayLike<number>) =>
        Array.from(x).reduce(
          (sum, v, i) => (labels[i] === IGNORE ? sum : sum + Math.log1p(Math.exp(labels[i] ? -v : v)) / count),
          0,
        );
      compare(engine, scores, [length], (x) => binaryCrossEntropy(x, labels), {
        loss: binary(scores),
        gradient: Float64Array.from(scores, (v, i) =>
          labels[i] === IGNORE ? 0 : (1 / (1 + Math.exp(-v)) - labels[i]!) / count,
        ),
      });
      const targets = wave(length, 77);
      compare(engine, wave(length, 3), [length, 1], (x) => meanSquaredError(x, targets), {
        loss: wave(length, 3).reduce((sum, v, i) => sum + (v - targets[i]!) ** 2 / length, 0),
        gradient: Float64Array.from(wave(length, 3), (v, i) => (2 * (v - targets[i]!)) / length),
      });
    }
  });

  test(`${engine.build}: the divergence from soft targets agrees with the definition at any temperature`, () => {
    for (const [rows, classes] of SIZES)
      for (const temperature of [1, 2, 0.5]) {
        const [x, y] = [1, 2].map((seed) => wave(rows * classes, seed + classes).map((v) => 6 * v));
        const targets = tensor(engine, y!, [rows, classes]);
        const want = divergenceOf(x!, y!, classes, temperature);
        compare(engine, x!, [rows, classes], (t) => klDivergence(t, targets, { temperature }), want);
        targets.storage[Symbol.dispose]();
      }
  });

  test(`${engine.build}: where student and teacher agree, the divergence is 0; impossible classes take no part`, () => {
    using _ = new Scope();
    const scores = wave(2 * 33).map((v) => 9 * v);
    const x = parameter(engine, scores, [2, 33]);
    const targets = tensor(engine, scores, [2, 33]);
    assert.is(backward(() => klDivergence(x, targets, { temperature: 2 })).item(), 0);
    assert.ok(x.grad!.data.every((g) => g === 0));
    const never = tensor(engine, [0, 0, -Infinity], [1, 3]);
    // p = (1/2, 1/2, 0), q = (1/3, 1/3, 1/3): log 3 - log 2.
    near([klDivergence(tensor(engine, [1, 1, 1], [1, 3]), never).item()], [Math.log(1.5)], { rtol: 8 * UNIT });
    assert.is(klDivergence(tensor(engine, [1, 1, -Infinity], [1, 3]), never).item(), 0);
    assert.ok(
      Number.isNaN(klDivergence(tensor(engine, [1, Number.NaN], [1, 2]), tensor(engine, [0, 1], [1, 2])).item()),
    );
    assert.throws(() => klDivergence(x, tensor(engine, [1, 2], [1, 2])), /targets must be \[2, 33\]/);
    assert.throws(() => klDivergence(x, targets, { temperature: 0 }), /temperature must be a number above 0/);
  });

  test(`${engine.build}: the gradients are those of the losses`, () => {
    const [own, wanted] = [wave(8, 1), wave(8, 2)];
    const slope = numericGradient((v) => divergenceOf(v, wanted, 4, 3).loss, own);
    near(divergenceOf(own, wanted, 4, 3).gradient, slope, { atol: 1e-9 });
    const { scores, labels } = problem(4, 5);
    const options = { smoothing: { amount: 0.2, over: "others" } } as const;
    const want = numericGradient((x) => definition(x, Array(4).fill(5), labels, options).loss, scores);
    near(definition(scores, Array(4).fill(5), labels, options).gradient, want, { atol: 1e-9 });
  });

  test(`${engine.build}: with no label that counts, loss and gradient are 0`, () => {
    using _ = new Scope();
    const none = new Int32Array(3).fill(IGNORE);
    const x = parameter(engine, wave(6), [3, 2]);
    for (const options of [{}, { divisor: 7 }, { divisor: 0 }]) {
      assert.is(backward(() => crossEntropy(x, none, options)).item(), 0);
      assert.is(
        backward(() => raggedCrossEntropy(parameter(engine, wave(6)), Int32Array.of(0, 2, 4, 6), none, options)).item(),
        0,
      );
    }
    assert.equal([...x.grad!.data], Array(6).fill(0));
  });

  test(`${engine.build}: scores far apart, infinite or NaN`, () => {
    using _ = new Scope();
    const far = parameter(engine, [1e30, 0, -1e30, 3], [1, 4]);
    assert.is(backward(() => crossEntropy(far, Int32Array.of(0))).item(), 0);
    assert.equal([...far.grad!.data].map(Math.abs), [0, 0, 0, 0]);
    for (const at of [0, 3, 4]) {
      const broken = wave(5);
      broken[at] = Number.NaN;
      assert.ok(Number.isNaN(crossEntropy(tensor(engine, broken, [1, 5]), Int32Array.of(1)).item()), `NaN at ${at}`);
    }
    assert.ok(Number.isNaN(crossEntropy(tensor(engine, [Infinity, 0], [1, 2]), Int32Array.of(0)).item()));
  });

  test(`${engine.build}: the gradient of a share of the loss`, () => {
    using _ = new Scope();
    const x = parameter(engine, [0, 0], [1, 2]);
    backward(() => scale(crossEntropy(x, Int32Array.of(1)), 4));
    near(x.grad!.data, [2, -2], { atol: 4 * UNIT });
  });

  test(`${engine.build}: memory is flat`, () => {
    const live = [1, 2, 3].map(() => {
      {
        using _ = new Scope();
        const x = parameter(engine, wave(60), [6, 10]);
        backward(() => crossEntropy(x, Int32Array.of(1, 2, 3, 4, 5, IGNORE)));
      }
      return engine.liveBytes;
    });
    assert.equal(live, [0, 0, 0]);
  });
}

test("published values of label smoothing", () => {
  using _ = new Scope();
  const x = tensor(engines[0]!, [0.7, 0.1, 0.1, 0.1].map(Math.log), [1, 4]);
  const loss = (over: "others" | "all") =>
    crossEntropy(x, Int32Array.of(0), { smoothing: { amount: 0.1, over } }).item();
  near([loss("others"), loss("all")], [0.551266, 0.502618], { atol: 1e-6 });
});

test("wrong labels throw an error that names them", () => {
  using _ = new Scope();
  const x = tensor(engines[0]!, wave(6), [2, 3]);
  assert.throws(() => crossEntropy(x, Int32Array.of(0, 3)), /crossEntropy: label 1 is 3, but row 1 has 3 classes/);
  assert.throws(() => crossEntropy(x, Int32Array.of(0, -1)), /label 1 is -1/);
  assert.throws(() => crossEntropy(x, Int32Array.of(0)), /crossEntropy: labels must have 2 entries/);
  assert.throws(() => crossEntropy(x, Int32Array.of(0, 1), { divisor: 0 }), /divisor is 0, but 2 labels count/);
  const line = tensor(engines[0]!, wave(6));
  assert.throws(
    () => raggedCrossEntropy(line, Int32Array.of(0, 2, 6), Int32Array.of(2, 0)),
    /label 0 is 2, but row 0 has 2/,
  );
  assert.throws(
    () => raggedCrossEntropy(line, Int32Array.of(0, 2, 5), Int32Array.of(1, 0)),
    /starts must ascend from 0 to the 6 tokens/,
  );
  assert.throws(() => binaryCrossEntropy(line, Int32Array.of(0, 1, 2, 0, 0, 0)), /label 2 is 2/);
  assert.throws(
    () => meanSquaredError(line, Float32Array.of(1, 2, Number.NaN, 0, 0, 0)),
    /target 2 must be a finite number, got NaN/,
  );
});

test.run();
