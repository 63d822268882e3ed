import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ACTIVATIONS, type Activation, activate, activationNamed } from "../../sdk/tensor/ops/activation.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { backward } from "../../sdk/tensor/tape.js";
import { tensor } from "../../sdk/tensor/tensor.js";
import { engines } from "../helpers/engines.js";
import { near } from "../helpers/near.js";
import { normalBelow, normalDensity } from "../helpers/special.js";
import { parameter, weighed } from "../helpers/training.js";
import { wave } from "../helpers/wave.js";

const test = suite("activation");

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const inner = (x: number) => Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);
const innerSlope = (x: number) => Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);

/** Each function and its derivative in double precision. */
const definitions: Record<
  Exclude<Activation, "none">,
  readonly [f: (x: number) => number, slope: (x: number) => number]
> = {
  gelu: [(x) => x * normalBelow(x), (x) => normalBelow(x) + x * normalDensity(x)],
  gelu_tanh: [
    (x) => x * sigmoid(2 * inner(x)),
    (x) => {
      const s = sigmoid(2 * inner(x));
      return s + 2 * x * s * sigmoid(-2 * inner(x)) * innerSlope(x);
    },
  ],
  relu: [(x) => Math.max(x, 0), (x) => (x > 0 ? 1 : 0)],
  tanh: [Math.tanh, (x) => 1 - Math.tanh(x) ** 2],
  silu: [(x) => x * sigmoid(x), (x) => sigmoid(x) * (1 + x * sigmoid(-x))],
  sigmoid: [sigmoid, (x) => sigmoid(x) * sigmoid(-x)],
};
const kinds = Object.keys(definitions) as (keyof typeof definitions)[];

/** Even steps over [-20, 20] and numbers near zero. */
const points = Float32Array.from([
  ...Array.from({ length: 40_001 }, (_, i) => i / 1000 - 20),
  ...Array.from({ length: 60 }, (_, i) => (i % 2 ? 1 : -1) * 10 ** -(i / 2)),
]);

for (const engine of engines) {
  for (const kind of kinds) {
    const [f, slope] = definitions[kind];
    test(`${engine.build}: ${kind} and its gradient agree with the definition`, () => {
      using _ = new Scope();
      const y = activate(tensor(engine, points), kind);
      const want = Float64Array.from(points, f);
      // A few units in the last place of the result, or of 1/4 where it is small: squares of x enter the exponents.
      near(y.data, want, { rtol: 4 * 2 ** -23, atol: 2 ** -25 }, "y");
      // Small results are still right to five digits.
      for (const [i, value] of y.data.entries()) {
        if (Math.abs(want[i]!) < 1e-11) continue;
        assert.ok(Math.abs(value / want[i]! - 1) < 1e-5, `${kind}(${points[i]}) is ${value}, expected ${want[i]}`);
      }
      const x = parameter(engine, points, [points.length]);
      const probe = wave(points.length, 3);
      backward(() => weighed(activate(x, kind), probe));
      near(
        x.grad!.data,
        Float64Array.from(points, (x, i) => slope(x) * probe[i]!),
        { rtol: 4 * 2 ** -23, atol: 4 * 2 ** -24 },
        "dx",
      );
    });
  }

  test(`${engine.build}: widths of 1 to 17, an input used twice, and infinities`, () => {
    for (const kind of kinds) {
      const [f, slope] = definitions[kind];
      for (let width = 1; width <= 17; width++) {
        using _ = new Scope();
        const x = parameter(engine, wave(width, width), [width]);
        const before = x.toArray();
        backward(() => weighed(activate(x, kind), wave(width, 2)));
        backward(() => weighed(activate(x, kind), wave(width, 2)));
        near(activate(x, kind).data, [...before].map(f), { atol: 4 * 2 ** -24 });
        near(
          x.grad!.data,
          [...before].map((v, i) => 2 * slope(v) * wave(width, 2)[i]!),
          { atol: 10 * 2 ** -24 },
        );
      }
      using _ = new Scope();
      const [low, high, nan] = activate(tensor(engine, [-Infinity, Infinity, Number.NaN]), kind).data;
      assert.is(Math.abs(low!), kind === "tanh" ? 1 : 0);
      assert.is(high, kind === "tanh" || kind === "sigmoid" ? 1 : Infinity);
      assert.ok(Number.isNaN(nan), kind);
    }
  });
}

test("published values of both GELUs", () => {
  using _ = new Scope();
  const x = tensor(engines[0]!, [-3, -1, -0.5, 0.5, 1, 2, 3]);
  near(activate(x, "gelu").data, [-0.0040497, -0.1586553, -0.1542688, 0.3457312, 0.8413447, 1.9544997, 2.9959503], {
    atol: 2e-7,
  });
  near(activate(x, "gelu_tanh").data, [-0.0036374, -0.158808, -0.154286, 0.345714, 0.841192, 1.9545977, 2.9963626], {
    atol: 2e-7,
  });
});

test("names of config.json", () => {
  assert.is(activationNamed("gelu_new"), "gelu_tanh");
  assert.throws(() => activationNamed("mish"), /activation "mish" is not supported; expected one of linear, gelu/);
  assert.throws(() => activationNamed("constructor"), /is not supported/);
  assert.is(Object.keys(ACTIVATIONS).length, kinds.length + 1);
});

test("none gives back its input", () => {
  using _ = new Scope();
  const x = tensor(engines[0]!, [1]);
  assert.is(activate(x, "none"), x);
});

test.run();
