/** The language-model head: only the chosen positions, tied or untied, with and without transform and bias. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Engine } from "../../../sdk/engine/engine.js";
import { lmHead, lmTransform } from "../../../sdk/models/family/lm-head.js";
import { normal } from "../../../sdk/nn/init.js";
import { Weights } from "../../../sdk/nn/weights.js";
import { Scope } from "../../../sdk/tensor/scope.js";
import { tensor } from "../../../sdk/tensor/tensor.js";
import { engines } from "../../helpers/engines.js";
import { near } from "../../helpers/near.js";
import { valuesOf } from "../../helpers/parameters.js";
import { wave } from "../../helpers/wave.js";

const test = suite("language-model head");
const [engine] = engines as [Engine];
const TOKENS = 4;
const WIDTH = 6;
const NARROW = 3;
const VOCABULARY = 11;
const EPS = 1e-5;
const init = normal(0.5);
/** Sums of at most 6 products of values of a few units, and a norm that divides by a deviation above 0.1. */
const BOUND = { atol: 2e-5, rtol: 2e-5 };

const hidden = wave(TOKENS * WIDTH);
const rowOf = (i: number) => [...hidden.subarray(i * WIDTH, (i + 1) * WIDTH)];

function map(x: readonly number[], weight: Float32Array, bias: Float32Array | null): number[] {
  const inner = x.length;
  return Array.from({ length: weight.length / inner }, (_, o) =>
    x.reduce((sum, v, i) => sum + v * weight[o * inner + i]!, bias?.[o] ?? 0),
  );
}

test("without transform and bias: the token embeddings times the chosen states, in the order asked for", () => {
  using w = new Weights(engine, { seed: 1 });
  using _ = new Scope();
  const embeddings = w.at("embeddings").table("weight", [VOCABULARY, WIDTH], init);
  const head = lmHead({ vocabulary: VOCABULARY, width: WIDTH, weight: w.at("embeddings"), bias: null, init });
  const scores = head.tokenScores(tensor(engine, hidden, [TOKENS, WIDTH]), Int32Array.of(3, 0));
  assert.equal(scores.shape, [2, VOCABULARY]);
  const table = embeddings.toArray();
  near(scores.data, [...map(rowOf(3), table, null), ...map(rowOf(0), table, null)], BOUND);
  assert.equal(
    [...w.entries()].map(([name]) => name),
    ["embeddings.weight"],
    "tied: no parameter of its own",
  );
});

test("dense, activation and layer norm precede the decoder", () => {
  using w = new Weights(engine, { seed: 2 });
  using _ = new Scope();
  const bias = w.at("decoder").get("bias", [VOCABULARY], init);
  const head = lmHead({
    vocabulary: VOCABULARY,
    width: NARROW,
    weight: w.at("decoder"),
    bias: w.at("decoder"),
    init,
    transform: lmTransform({
      dense: w.at("dense"),
      norm: w.at("norm"),
      from: WIDTH,
      to: NARROW,
      activation: "relu",
      eps: EPS,
      init,
    }),
  });
  const scores = head.tokenScores(tensor(engine, hidden, [TOKENS, WIDTH]), Int32Array.of(1));
  const values = (name: string) => valuesOf(w, name);
  const dense = map(rowOf(1), values("dense.weight"), values("dense.bias")).map((v) => Math.max(0, v));
  const mean = dense.reduce((sum, v) => sum + v, 0) / NARROW;
  const variance = dense.reduce((sum, v) => sum + (v - mean) ** 2, 0) / NARROW;
  const normalized = dense.map((v) => (v - mean) / Math.sqrt(variance + EPS));
  near(scores.data, map(normalized, values("decoder.weight"), bias.data), BOUND);
});

test("a bias may be given as a tensor", () => {
  using w = new Weights(engine, { seed: 3 });
  using _ = new Scope();
  const offsets = w.get("offsets", [VOCABULARY], init);
  const head = lmHead({ vocabulary: VOCABULARY, width: WIDTH, weight: w.at("tokens"), bias: offsets, init });
  const scores = head.tokenScores(tensor(engine, hidden, [TOKENS, WIDTH]), Int32Array.of(2));
  const tokens = valuesOf(w, "tokens.weight");
  near(scores.data, map(rowOf(2), tokens, offsets.data), BOUND);
});

test.run();
