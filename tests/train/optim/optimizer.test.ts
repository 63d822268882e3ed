import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Engine } from "../../../sdk/engine/engine.js";
import { constant } from "../../../sdk/nn/init.js";
import { Weights } from "../../../sdk/nn/weights.js";
import type { Parameter } from "../../../sdk/tensor/matrix.js";
import { gradOf } from "../../../sdk/tensor/tape.js";
import { type AdamOptions, adamW } from "../../../sdk/train/optim/adamw.js";
import { lamb } from "../../../sdk/train/optim/lamb.js";
import { clearGradients, clipScale, gradientNorm } from "../../../sdk/train/optim/optimizer.js";
import { engines } from "../../helpers/engines.js";
import { near } from "../../helpers/near.js";
import { wave } from "../../helpers/wave.js";

const test = suite("optimizers");

/** Rounding unit of f32. */
const UNIT = 2 ** -24;
const SHAPES: Readonly<Record<string, readonly number[]>> = { matrix: [3, 5], bias: [7], scalar: [] };

function weightsOf(engine: Engine): Weights {
  const weights = new Weights(engine, {});
  for (const [i, [name, shape]] of Object.entries(SHAPES).entries()) {
    const isMatrix = shape.length === 2;
    const t = isMatrix ? weights.matrix(name, shape, constant(0)) : weights.get(name, shape, constant(0));
    t.assign(wave(t.size, i));
  }
  return weights;
}

function setGradients(weights: Weights, step: number): void {
  for (const [i, [, t]] of [...weights.entries()].entries()) gradOf(t).data.set(wave(t.size, 10 * step + i));
}

const valuesOf = (weights: Weights): Record<string, Float32Array> =>
  Object.fromEntries(Array.from(weights.entries(), ([name, t]) => [name, t.toArray()]));

/** One parameter's course in double precision. */
interface Course {
  readonly w: Float64Array;
  readonly m: Float64Array;
  readonly v: Float64Array;
}

const courseOf = (t: Parameter): Course => ({
  w: Float64Array.from(t.toArray()),
  m: new Float64Array(t.size),
  v: new Float64Array(t.size),
});

/** Kingma & Ba 2015, algorithm 1, with Loshchilov & Hutter's decay; for `lamb` You et al. 2020, algorithm 2. */
function definition(
  { w, m, v }: Course,
  g: Float32Array,
  kind: "adam" | "lamb",
  t: number,
  rate: number,
  decay: number,
  o: Required<Pick<AdamOptions, "beta1" | "beta2" | "eps" | "biasCorrection">>,
): void {
  const u = new Float64Array(w.length);
  for (let i = 0; i < w.length; i++) {
    m[i] = o.beta1 * m[i]! + (1 - o.beta1) * g[i]!;
    v[i] = o.beta2 * v[i]! + (1 - o.beta2) * g[i]! * g[i]!;
    const first = o.biasCorrection ? m[i]! / (1 - o.beta1 ** t) : m[i]!;
    const second = o.biasCorrection ? v[i]! / (1 - o.beta2 ** t) : v[i]!;
    u[i] = first / (Math.sqrt(second) + o.eps) + decay * w[i]!;
  }
  const length = (x: Float64Array): number => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0));
  const trust = kind === "lamb" && decay > 0 && length(w) > 0 && length(u) > 0 ? length(w) / length(u) : 1;
  for (let i = 0; i < w.length; i++) w[i]! -= rate * trust * u[i]!;
}

const KINDS = [
  { what: "AdamW", kind: "adam", options: {} },
  { what: "AdamW of RoBERTa", kind: "adam", options: { beta2: 0.98, eps: 1e-6 } },
  {
    what: "the original BERT's optimizer, without bias correction",
    kind: "adam",
    options: { eps: 1e-6, biasCorrection: false },
  },
  { what: "LAMB", kind: "lamb", options: { eps: 1e-6 } },
] as const;

for (const { what, kind, options } of KINDS) {
  test(`${what} agrees with its definition; matrices are decayed, vectors are not`, () => {
    for (const engine of engines) {
      using weights = weightsOf(engine);
      using optimizer =
        kind === "lamb"
          ? lamb(weights, { ...options, weightDecay: 0.1 })
          : adamW(weights, { ...options, weightDecay: 0.1 });
      const settings = { beta1: 0.9, beta2: 0.999, eps: 1e-8, biasCorrection: kind === "adam", ...options };
      const courses = new Map(Array.from(weights.entries(), ([name, t]) => [name, courseOf(t)]));
      const steps = 20;
      for (let t = 1; t <= steps; t++) {
        setGradients(weights, t);
        for (const [name, parameter] of weights.entries()) {
          definition(
            courses.get(name)!,
            gradOf(parameter).toArray(),
            kind,
            t,
            0.01,
            parameter.shape.length >= 2 ? 0.1 : 0,
            settings,
          );
        }
        optimizer.step(0.01, 1);
        for (const [, parameter] of weights.entries())
          assert.ok(
            gradOf(parameter).data.every((g) => g === 0),
            "gradients are zeroed",
          );
      }
      assert.is(optimizer.steps, steps);
      // Each step rounds some ten times: w (at most 2), and an update of at most 0.07 |w| whose own parts round.
      for (const [name, values] of Object.entries(valuesOf(weights)))
        near(values, courses.get(name)!.w, { atol: 10 * steps * UNIT }, `${what}, ${name}`);
    }
  });
}

test("the first step moves by the rate, without bias correction by √10 times as much", () => {
  const [engine] = engines as [Engine];
  for (const [biasCorrection, factor] of [
    [true, 1],
    [false, Math.sqrt(10)],
  ] as const) {
    using weights = weightsOf(engine);
    using optimizer = adamW(weights, { weightDecay: 0, biasCorrection });
    const before = valuesOf(weights);
    setGradients(weights, 1);
    const signs = new Map(Array.from(weights.entries(), ([name, t]) => [name, gradOf(t).toArray().map(Math.sign)]));
    optimizer.step(0.001, 1);
    // eps is 1e-8 of gradients of at least 1e-3; the difference of two values near 1 is rounded to their unit.
    for (const [name, t] of weights.entries())
      near(
        t.toArray().map((w, i) => before[name]![i]! - w),
        signs.get(name)!.map((s) => 0.001 * factor * s),
        { atol: 4 * UNIT, rtol: 1e-4 },
      );
  }
});

test("without bias correction a constant gradient gives 3.16 times the rate at first, 6.57 times at step 12", () => {
  const [engine] = engines as [Engine];
  using weights = new Weights(engine, {});
  const t = weights.get("w", [1], constant(0));
  using optimizer = adamW(weights, { weightDecay: 0, biasCorrection: false });
  const moved: number[] = [];
  for (let step = 0; step < 40; step++) {
    t.data[0] = 0;
    gradOf(t).data[0] = 1;
    optimizer.step(1, 1);
    moved.push(-t.data[0]!);
  }
  near([moved[0]!, moved[11]!], [3.1623, 6.57], { rtol: 1e-3 });
  assert.is(moved.indexOf(Math.max(...moved)), 11);
});

test("clipping is PyTorch's: the norm over all gradients, and 0 turns it off", () => {
  const [engine] = engines as [Engine];
  using weights = weightsOf(engine);
  using optimizer = adamW(weights);
  setGradients(weights, 3);
  const all = [...weights.entries()].flatMap(([, t]) => [...gradOf(t).data]);
  const norm = Math.sqrt(all.reduce((sum, g) => sum + g * g, 0));
  near([gradientNorm(optimizer)], [norm], { rtol: 1e-12 });
  assert.is(clipScale(norm, 0), 1);
  assert.is(clipScale(0.5, 1), 1);
  assert.is(clipScale(4, 1), 1 / (4 + 1e-6));
  assert.is(clipScale(0, 1), 1);
  for (const broken of [Number.NaN, Number.POSITIVE_INFINITY]) {
    gradOf(new Map(weights.entries()).get("bias")!).data[6] = broken;
    assert.not.ok(Number.isFinite(gradientNorm(optimizer)));
  }
  clearGradients(optimizer);
  assert.is(gradientNorm(optimizer), 0);
});

test("the scale multiplies gradients before the moments see them", () => {
  const [engine] = engines as [Engine];
  const run = (scale: number, factor: number): Record<string, Float32Array> => {
    using weights = weightsOf(engine);
    using optimizer = lamb(weights);
    setGradients(weights, 1);
    for (const [, t] of weights.entries()) for (let i = 0; i < t.size; i++) gradOf(t).data[i]! *= factor;
    optimizer.step(0.1, scale);
    return valuesOf(weights);
  };
  assert.equal(run(0.25, 1), run(1, 0.25));
});

test("frozen parameters stay, and a factor of 0 is as good", () => {
  const [engine] = engines as [Engine];
  using weights = weightsOf(engine);
  weights.freeze((name) => name === "matrix");
  using optimizer = adamW(weights, { factor: (name) => (name === "bias" ? 0 : 1) });
  assert.equal(
    optimizer.moments.map(({ name }) => name),
    ["bias", "scalar"],
  );
  const before = valuesOf(weights);
  setGradients(weights, 1);
  optimizer.step(0.1, 1);
  const after = valuesOf(weights);
  assert.equal([after["matrix"], after["bias"]], [before["matrix"], before["bias"]]);
  assert.is.not(after["scalar"]![0], before["scalar"]![0]);
});

test("an optimizer gives its memory back", () => {
  for (const engine of engines) {
    const before = engine.liveBytes;
    {
      using weights = weightsOf(engine);
      using optimizer = adamW(weights);
      setGradients(weights, 1);
      optimizer.step(0.1, 1);
    }
    assert.is(engine.liveBytes, before);
  }
});

test.run();
