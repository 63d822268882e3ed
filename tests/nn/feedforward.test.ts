/** Feed-forward layers against their formulas in double precision. */
import { suite } from "uvu";
import type { Engine } from "../../sdk/engine/engine.js";
import { feedForward, gatedFeedForward, packedGate, separateGate } from "../../sdk/nn/feedforward.js";
import { normal } from "../../sdk/nn/init.js";
import { linear } from "../../sdk/nn/layers.js";
import { Weights } from "../../sdk/nn/weights.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { atOnce } from "../../sdk/tensor/steps.js";
import { tensor } from "../../sdk/tensor/tensor.js";
import { engines } from "../helpers/engines.js";
import { near } from "../helpers/near.js";
import { wave } from "../helpers/wave.js";

const test = suite("feed-forward");
const [engine] = engines as [Engine];
const ROWS = 3;
const WIDTH = 5;
const INNER = 7;
/** Sums of at most 7 products of values below 1, a few units in the last place each. */
const BOUND = { atol: 2e-6, rtol: 2e-6 };

const relu = (v: number) => Math.max(0, v);

/** x Wᵀ + b in double precision. */
function map(x: readonly number[], w: Weights, inner: number, out: number): number[] {
  const weight = w.matrix("weight", [out, inner], normal(0)).toArray();
  const bias = w.get("bias", [out], normal(0)).data;
  return Array.from(bias, (b, o) => x.reduce((sum, v, i) => sum + v * weight[o * inner + i]!, b));
}

function rowsOf(values: Float32Array): number[][] {
  return Array.from({ length: ROWS }, (_, i) => [...values.subarray(i * WIDTH, (i + 1) * WIDTH)]);
}

test("plain: down(activation(up(x)))", () => {
  using weights = new Weights(engine, { seed: 1 });
  using _ = new Scope();
  const x = wave(ROWS * WIDTH);
  const up = linear(weights.at("up"), WIDTH, INNER, normal(0.5), "relu");
  const down = linear(weights.at("down"), INNER, WIDTH, normal(0.5));
  const y = atOnce(feedForward(up, down)(tensor(engine, x, [ROWS, WIDTH])));
  const want = rowsOf(x).map((row) =>
    map(map(row, weights.at("up"), WIDTH, INNER).map(relu), weights.at("down"), INNER, WIDTH),
  );
  near(y.data, want.flat(), BOUND);
});

test("gated, with two projections: down(activation(gate(x)) ⊙ up(x))", () => {
  using weights = new Weights(engine, { seed: 2 });
  using _ = new Scope();
  const x = wave(ROWS * WIDTH, 1);
  const gate = linear(weights.at("gate"), WIDTH, INNER, normal(0.5), "relu");
  const up = linear(weights.at("up"), WIDTH, INNER, normal(0.5));
  const down = linear(weights.at("down"), INNER, WIDTH, normal(0.5));
  const y = atOnce(gatedFeedForward(separateGate(gate, up), down)(tensor(engine, x, [ROWS, WIDTH])));
  const want = rowsOf(x).map((row) => {
    const gates = map(row, weights.at("gate"), WIDTH, INNER).map(relu);
    const ups = map(row, weights.at("up"), WIDTH, INNER);
    return map(
      gates.map((g, i) => g * ups[i]!),
      weights.at("down"),
      INNER,
      WIDTH,
    );
  });
  near(y.data, want.flat(), BOUND);
});

test("gated, with one projection: the first half is the gate", () => {
  using weights = new Weights(engine, { seed: 3 });
  using _ = new Scope();
  const x = wave(ROWS * WIDTH, 2);
  const both = linear(weights.at("both"), WIDTH, 2 * INNER, normal(0.5));
  const down = linear(weights.at("down"), INNER, WIDTH, normal(0.5));
  const y = atOnce(gatedFeedForward(packedGate(both, "relu"), down)(tensor(engine, x, [ROWS, WIDTH])));
  const want = rowsOf(x).map((row) => {
    const values = map(row, weights.at("both"), WIDTH, 2 * INNER);
    return map(
      values.slice(0, INNER).map((g, i) => relu(g) * values[INNER + i]!),
      weights.at("down"),
      INNER,
      WIDTH,
    );
  });
  near(y.data, want.flat(), BOUND);
});

test.run();
