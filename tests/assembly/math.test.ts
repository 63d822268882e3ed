import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Engine } from "../../sdk/engine/engine.js";
import { ACTIVATIONS } from "../../sdk/tensor/ops/activation.js";
import { engines } from "../helpers/engines.js";
import { erf } from "../helpers/special.js";

const test = suite("math kernels");

type Map = "exp" | "log" | "erf" | "tanh" | "sigmoid";

/** Run a kernel over an array, beginning `shift` elements into the engine's memory. */
function run(engine: Engine, name: Map, values: Float32Array, shift = 0): Float32Array {
  const { kernels } = engine;
  const from = engine.alloc(2 * (values.byteLength + 64));
  const [x, y] = [from + 4 * shift, from + values.byteLength + 64];
  new Float32Array(engine.memory.buffer, x, values.length).set(values);
  if (name === "exp") kernels.expAll(y, x, 0, values.length);
  else if (name === "log") kernels.logAll(y, x, 0, values.length);
  else if (name === "erf") kernels.erfAll(y, x, 0, values.length);
  else kernels.activate(y, x, ACTIVATIONS[name], 0, values.length);
  const got = new Float32Array(engine.memory.buffer, y, values.length).slice();
  engine.release(from);
  return got;
}

/** Size of a unit in the last place of f32 at `value`; that of the smallest normal number below it. */
function ulp(value: number): number {
  const exponent = Math.max(-126, Math.floor(Math.log2(Math.abs(value) || 2 ** -126)));
  return 2 ** (exponent - 23);
}

const exact: Record<Map, (x: number) => number> = {
  exp: Math.exp,
  log: Math.log,
  erf,
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
};

/** All f32 values from `low` to `high` (of one sign), at most `count` of them, evenly by their bits. */
function sweep(low: number, high: number, count = 400_000): Float32Array {
  const bits = new Int32Array(Float32Array.of(low, high).buffer);
  const [from, to] = [Math.min(bits[0]!, bits[1]!), Math.max(bits[0]!, bits[1]!)];
  const step = Math.max(1, Math.floor((to - from) / count));
  const out = new Int32Array(Math.floor((to - from) / step) + 1);
  for (let i = 0; i < out.length; i++) out[i] = from + i * step;
  return new Float32Array(out.buffer);
}

/** The largest error of a kernel over some values, in ulp. */
function worst(engine: Engine, name: Map, values: Float32Array): { error: number; at: number } {
  const got = run(engine, name, values);
  let [error, at] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    const want = exact[name](values[i]!);
    // Below the smallest normal number, zero counts as right.
    const off = Math.abs(want) < 2 ** -126 && got[i] === 0 ? 0 : Math.abs(got[i]! - want) / ulp(want);
    if (!(off <= error)) [error, at] = [Number.isNaN(off) ? Number.POSITIVE_INFINITY : off, values[i]!];
  }
  return { error, at };
}

/** Ranges and bounds in ulp, as the headers of assembly/math.ts state them: measured, then rounded up. */
const RANGES: readonly [Map, number, readonly (readonly [number, number])[]][] = [
  [
    "exp",
    1,
    [
      [1e-30, 88.72],
      [0.01, 88.72],
      [-1e-30, -87.33],
      [-0.01, -87.33],
      [-80, -87.33],
    ],
  ],
  [
    "log",
    0.9,
    [
      [1e-45, 1e-38],
      [1e-38, 3e38],
      [0.4, 2.5],
      [0.99, 1.01],
    ],
  ],
  [
    "erf",
    1.35,
    [
      [1e-37, 10],
      [-1e-37, -10],
      [0.1, 4.5],
      [0.9, 0.94],
    ],
  ],
  [
    "tanh",
    1.35,
    [
      [1e-37, 12],
      [-1e-37, -12],
      [0.1, 9.5],
      [0.6, 0.65],
    ],
  ],
  [
    "sigmoid",
    2.25,
    [
      [1e-30, 100],
      [-1e-30, -87.3],
      [-0.01, -87.3],
    ],
  ],
];

for (const engine of engines) {
  for (const [name, bound, ranges] of RANGES) {
    test(`${engine.build}: ${name} is within ${bound} ulp`, () => {
      for (const [low, high] of ranges) {
        const { error, at } = worst(engine, name, sweep(low, high));
        assert.ok(error <= bound, `${error.toFixed(3)} ulp at ${at}`);
      }
    });
  }

  test(`${engine.build}: special points are exact and NaN stays NaN`, () => {
    const { POSITIVE_INFINITY: infinity, NaN: nan } = Number;
    const points = Float32Array.of(0, infinity, -infinity, nan, 1, -200, 200);
    const f = (name: Map) => [...run(engine, name, points)];
    const e = Math.fround(Math.E);
    assert.equal(f("exp"), [1, infinity, 0, nan, e, 0, infinity]);
    assert.equal(f("log").slice(0, 6), [-infinity, infinity, nan, nan, 0, nan]);
    assert.equal(
      f("tanh").filter((_, i) => i !== 4),
      [0, 1, -1, nan, -1, 1],
    );
    assert.equal(
      f("erf").filter((_, i) => i !== 4),
      [0, 1, -1, nan, -1, 1],
    );
    assert.equal(
      f("sigmoid").filter((_, i) => i !== 4),
      [0.5, 1, 0, nan, 0, 1],
    );
    assert.ok(Object.is(run(engine, "tanh", Float32Array.of(-0))[0], -0));
    assert.ok(Object.is(run(engine, "erf", Float32Array.of(-0))[0], -0));
  });

  test(`${engine.build}: exp is 0 or infinite from where the result leaves the normal numbers`, () => {
    const edges = new Float32Array([...sweep(-87.3365, -87.3366), ...sweep(88.7228, 88.7229)]);
    const got = run(engine, "exp", edges);
    for (const [i, x] of edges.entries()) {
      const want = Math.exp(x);
      if (want < 2 ** -126 * (1 - 2 ** -22)) assert.is(got[i], 0, `exp(${x})`);
      else if (want < 2 ** 128 * (1 - 2 ** -24))
        assert.ok(Math.abs(got[i]! - want) <= 2 * ulp(want), `exp(${x}) is ${got[i]}`);
      else assert.is(got[i], Number.POSITIVE_INFINITY, `exp(${x})`);
    }
  });

  test(`${engine.build}: an element has the same bits at any position`, () => {
    const values = sweep(0.001, 20, 37);
    for (const name of Object.keys(exact) as Map[]) {
      const whole = run(engine, name, values);
      for (let length = 1; length <= 17; length++) {
        for (let shift = 0; shift < 4; shift++) {
          assert.equal(
            run(engine, name, values.slice(shift, shift + length), shift),
            whole.slice(shift, shift + length),
          );
        }
      }
    }
  });
}

test.run();
