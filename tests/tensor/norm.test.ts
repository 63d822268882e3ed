import { suite } from "uvu";
import * as assert from "uvu/assert";
import { add } from "../../sdk/tensor/ops/elementwise.js";
import { layerNorm, rmsNorm } from "../../sdk/tensor/ops/norm.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { backward } from "../../sdk/tensor/tape.js";
import { tensor } from "../../sdk/tensor/tensor.js";
import { engines } from "../helpers/engines.js";
import { near } from "../helpers/near.js";
import { numericGradient, parameter, weighed } from "../helpers/training.js";
import { wave } from "../helpers/wave.js";

const test = suite("norms");

const EPS = 1e-5;
/** Rounding unit of f32. */
const UNIT = 2 ** -24;

interface Inputs {
  readonly x: ArrayLike<number>;
  readonly gamma: ArrayLike<number>;
  readonly beta: ArrayLike<number> | null;
}

/** The definition, in double precision; `centred` selects layer norm, otherwise RMS norm. */
function definition({ x, gamma, beta }: Inputs, centred: boolean): Float64Array {
  const width = gamma.length;
  const y = new Float64Array(x.length);
  for (let row = 0; row < x.length; row += width) {
    let [mean, variance] = [0, 0];
    if (centred) for (let i = 0; i < width; i++) mean += x[row + i]! / width;
    for (let i = 0; i < width; i++) variance += (x[row + i]! - mean) ** 2 / width;
    for (let i = 0; i < width; i++)
      y[row + i] = ((x[row + i]! - mean) / Math.sqrt(variance + EPS)) * gamma[i]! + (beta?.[i] ?? 0);
  }
  return y;
}

/** The square root of each row's variance (or mean square) and eps. */
function deviations(x: ArrayLike<number>, width: number, centred: boolean): number[] {
  return Array.from({ length: x.length / width }, (_, row) => {
    const values = Array.from({ length: width }, (_, i) => x[row * width + i]!);
    const mean = centred ? values.reduce((sum, v) => sum + v / width, 0) : 0;
    return Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2 / width, 0) + EPS);
  });
}

/** Either side of vectors of four and of pairs of them, and blocks of four rows. */
const SIZES = [...Array.from({ length: 17 }, (_, i) => [1 + (i % 9), i + 1] as const), [6, 768] as const];

for (const engine of engines) {
  for (const [name, centred, shifted] of [
    ["layerNorm", true, true],
    ["layerNorm without shift", true, false],
    ["rmsNorm", false, false],
  ] as const) {
    test(`${engine.build}: ${name} and its gradients agree with the definition`, () => {
      for (const [rows, width] of SIZES) {
        using _ = new Scope();
        const inputs = { x: wave(rows * width, 1), gamma: wave(width, 2), beta: shifted ? wave(width, 3) : null };
        const probe = wave(rows * width, 4);
        const x = parameter(engine, inputs.x, [rows, width]);
        const gamma = parameter(engine, inputs.gamma);
        const beta = inputs.beta && parameter(engine, inputs.beta);
        const norm = () => (centred ? layerNorm(x, gamma, beta, EPS) : rmsNorm(x, gamma, EPS));
        // Sums of n terms below 1 are off by n / 8 + 3 units at most; the divisor is 1 / rstd.
        const n = width / 8 + 3;
        const rstd = Math.max(...deviations(inputs.x, width, centred).map((d) => 1 / d));
        near(norm().data, definition(inputs, centred), { atol: n * UNIT * rstd, rtol: n * UNIT }, `y, width ${width}`);

        backward(() => weighed(norm(), probe));
        const loss = (change: Partial<Inputs>) =>
          definition({ ...inputs, ...change }, centred).reduce((sum, y, i) => sum + y * probe[i]!, 0);
        const about = (what: string) => `${what}, ${rows} x ${width}`;
        if (width < 100) {
          const dx = numericGradient((v) => loss({ x: v }), inputs.x, 1e-6);
          // Differences of numbers up to rstd, times rstd; at width 1 nothing is left of them.
          near(x.grad!.data, dx, { atol: 2 * n * UNIT * rstd * rstd, rtol: 1e-6 }, about("dx"));
        }
        near(
          gamma.grad!.data,
          numericGradient((v) => loss({ gamma: v }), inputs.gamma),
          { atol: n * UNIT * rstd * rows, rtol: 1e-6 },
          about("dgamma"),
        );
        if (beta)
          near(
            beta.grad!.data,
            numericGradient((v) => loss({ beta: v }), inputs.beta!),
            { atol: 8 * UNIT * rows },
            about("dbeta"),
          );
      }
    });

    test(`${engine.build}: ${name}: gradients add up where x is used twice and over two passes`, () => {
      using _ = new Scope();
      const [rows, width] = [5, 12];
      const x = parameter(engine, wave(rows * width, 1), [rows, width]);
      const gamma = parameter(engine, wave(width, 2));
      const norm = () => (centred ? layerNorm(x, gamma, null, EPS) : rmsNorm(x, gamma, EPS));
      backward(() => weighed(norm(), wave(60, 3)));
      const [dx, dgamma] = [x.grad!.toArray(), gamma.grad!.toArray()];
      backward(() => weighed(add(norm(), x), wave(60, 3)));
      near(
        x.grad!.data,
        dx.map((d, i) => 2 * d + wave(60, 3)[i]!),
        { atol: 1e-6, rtol: 4 * UNIT },
      );
      near(
        gamma.grad!.data,
        dgamma.map((d) => 2 * d),
        { atol: 1e-6, rtol: 4 * UNIT },
      );
    });
  }

  test(`${engine.build}: a large mean does not drown the variance, and rows do not touch each other`, () => {
    using _ = new Scope();
    const [rows, width] = [4, 256];
    const x = wave(rows * width, 5).map((v) => v + 1000);
    const [gamma, beta] = [new Float32Array(width).fill(1), new Float32Array(width)];
    const run = (values: Float32Array) =>
      layerNorm(
        tensor(engine, values, [values.length / width, width]),
        tensor(engine, gamma),
        tensor(engine, beta),
        EPS,
      ).toArray();
    const got = run(x);
    // The mean is a sum of 256 numbers of 1000: off by a few units of 1000, while the deviation is 0.6.
    near(got, definition({ x, gamma, beta }, true), { atol: (16 * 1000 * UNIT) / 0.5 });
    for (let row = 0; row < rows; row++)
      assert.equal(run(x.slice(row * width, (row + 1) * width)), got.slice(row * width, (row + 1) * width));
  });

  test(`${engine.build}: memory is flat`, () => {
    const live = [1, 2, 3].map(() => {
      {
        using _ = new Scope();
        const x = parameter(engine, wave(60), [6, 10]);
        backward(() => weighed(layerNorm(x, tensor(engine, wave(10)), tensor(engine, wave(10)), EPS), wave(60)));
      }
      return engine.liveBytes;
    });
    assert.equal(live, [0, 0, 0]);
  });
}

test("a wrong shape throws an error that names it", () => {
  using _ = new Scope();
  const x = tensor(engines[0]!, wave(16), [1, 16]);
  assert.throws(
    () => layerNorm(x, tensor(engines[0]!, wave(4)), null, EPS),
    /layerNorm: gamma must be \[16\], got \[4\]. It is as wide as the last axis of x./,
  );
});

test.run();
