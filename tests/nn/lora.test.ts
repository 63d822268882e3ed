import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Engine } from "../../sdk/engine/engine.js";
import { LabelSet } from "../../sdk/heads/labels.js";
import { type Adapted, adapt } from "../../sdk/io/pretrained/adapter.js";
import type { Pretrained } from "../../sdk/io/pretrained/pretrained.js";
import { normal } from "../../sdk/nn/init.js";
import { adaptable, linear } from "../../sdk/nn/layers.js";
import { isTarget, Lora, type LoraSettings } from "../../sdk/nn/lora.js";
import { Weights } from "../../sdk/nn/weights.js";
import type { Parameter } from "../../sdk/tensor/matrix.js";
import { affine } from "../../sdk/tensor/ops/affine.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { backward } from "../../sdk/tensor/tape.js";
import { tensor } from "../../sdk/tensor/tensor.js";
import { BestWeights } from "../../sdk/train/loop/best-weights.js";
import { readCheckpoint, writeCheckpoint } from "../../sdk/train/loop/checkpoint.js";
import { finetune } from "../../sdk/train/loop/finetune.js";
import { adamW } from "../../sdk/train/optim/adamw.js";
import { classifyTask } from "../../sdk/train/tasks/classify.js";
import { engines } from "../helpers/engines.js";
import { near } from "../helpers/near.js";
import { batch, LENGTH, smallBert, tokenizer } from "../helpers/small-bert.js";
import { numericGradient, weighed } from "../helpers/training.js";
import { wave } from "../helpers/wave.js";

const test = suite("LoRA");
const [engine] = engines as [Engine];
const SETTINGS: LoraSettings = {
  r: 2,
  alpha: 6,
  dropout: 0,
  rankStabilized: false,
  targets: ["dense"],
  modulesToSave: [],
};
const [ROWS, INNER, OUT] = [3, 5, 4];

/** x Wᵀ + scaling (x Aᵀ) Bᵀ in double precision; W is (OUT, INNER). */
function definition(
  x: ArrayLike<number>,
  w: ArrayLike<number>,
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  scaling: number,
) {
  const r = a.length / INNER;
  return Float64Array.from({ length: ROWS * OUT }, (_, at) => {
    const [row, out] = [Math.floor(at / OUT), at % OUT];
    let y = 0;
    for (let i = 0; i < INNER; i++) y += x[row * INNER + i]! * w[out * INNER + i]!;
    for (let k = 0; k < r; k++) {
      let inside = 0;
      for (let i = 0; i < INNER; i++) inside += x[row * INNER + i]! * a[k * INNER + i]!;
      y += scaling * b[out * r + k]! * inside;
    }
    return y;
  });
}

const fill = (t: Parameter, seed: number): Float32Array => {
  t.assign(wave(t.size, seed));
  return t.toArray();
};

/** One linear layer with a branch, and all of its values. */
function oneLayer(settings: LoraSettings, transposed: boolean) {
  const base = new Weights(engine, {});
  const build = (w: Weights) => {
    if (!transposed) return linear(w.at("dense"), INNER, OUT, normal(1));
    const weight = w.at("dense").matrix("weight", [INNER, OUT], normal(1), "inner-out");
    return adaptable(
      w.at("dense"),
      { inner: INNER, out: OUT, transposed },
      (x, a) => affine(x, weight, null, a),
      "none",
    );
  };
  const plain = build(base);
  base.freeze(() => true);
  const lora = new Lora(base, settings);
  const own = new Weights(engine, { over: lora });
  const layer = build(own);
  const { a, b } = lora.layers.get("dense")!;
  const values = fill([...base.entries()][0]![1], 1);
  const w = transposed
    ? Float32Array.from({ length: OUT * INNER }, (_, i) => values[(i % INNER) * OUT + Math.floor(i / INNER)]!)
    : values;
  return { base, own, lora, plain, layer, w, a, b };
}

// Sums of at most 7 products of values up to 1, times a scaling of up to 4.3, in f32.
const BOUND = { atol: 3e-6, rtol: 1e-6 };

for (const transposed of [false, true])
  for (const rankStabilized of [false, true])
    test(`a layer's output and gradients are the definition's${transposed ? ", weight transposed" : ""}${rankStabilized ? ", rank-stabilized" : ""}`, () => {
      const { base, own, layer, w, a, b } = oneLayer({ ...SETTINGS, rankStabilized }, transposed);
      const scaling = 6 / (rankStabilized ? Math.sqrt(2) : 2);
      const [a0, b0, x0] = [fill(a, 2), fill(b, 3), wave(ROWS * INNER, 4)];
      const probe = wave(ROWS * OUT, 5);
      {
        using _ = new Scope();
        near(layer(tensor(engine, x0, [ROWS, INNER])).data, definition(x0, w, a0, b0, scaling), BOUND);
        backward(() => weighed(layer(tensor(engine, x0, [ROWS, INNER])), probe));
      }
      const sum = (y: ArrayLike<number>) => probe.reduce((s, p, i) => s + p * y[i]!, 0);
      near(
        a.grad!.data,
        numericGradient((v) => sum(definition(x0, w, v, b0, scaling)), a0),
        { atol: 1e-4, rtol: 1e-4 },
        "A",
      );
      near(
        b.grad!.data,
        numericGradient((v) => sum(definition(x0, w, a0, v, scaling)), b0),
        { atol: 1e-4, rtol: 1e-4 },
        "B",
      );
      assert.is(
        [...base.entries()].every(([, t]) => t.grad === null),
        true,
        "the model's own weights get no gradient",
      );
      for (const weights of [own, base]) weights[Symbol.dispose]();
    });

test("merged, the layer alone gives the adapted output; unmerged, its weights are as before to the bit", () => {
  for (const transposed of [false, true]) {
    const { base, own, lora, plain, layer, w, a, b } = oneLayer(SETTINGS, transposed);
    const x0 = wave(ROWS * INNER, 4);
    const want = definition(x0, w, fill(a, 2), fill(b, 3), 3);
    const before = [...base.entries()].map(([, t]) => [...t.toArray()]);
    using _ = new Scope();
    const x = tensor(engine, x0, [ROWS, INNER]);
    lora.merge(own);
    near(plain(x).data, want, BOUND, "merged");
    near(layer(x).data, want, BOUND, "the change counts once");
    assert.throws(() => lora.merge(own), /an adapter is merged .* already/);
    assert.throws(() => backward(() => layer(x)), /unmerge it to train it/);
    lora.unmerge();
    assert.equal(
      [...base.entries()].map(([, t]) => [...t.toArray()]),
      before,
    );
    near(layer(x).data, want, BOUND, "unmerged");
    for (const weights of [own, base]) weights[Symbol.dispose]();
  }
});

test("A begins uniform within 1 / sqrt(inner), B at zero; every adapter's seed gives its own A", async () => {
  using loaded = await smallBert(engine, "feature-extraction");
  using first = adapt(loaded, { seed: 1 });
  using second = adapt(loaded, { seed: 2 });
  for (const [path, { a, b, inner }] of first.lora.layers) {
    const largest = Math.max(...a.toArray().map(Math.abs));
    // 8 * 16 draws: none in the outer fifth of the interval would happen once in 10^12.
    assert.ok(largest <= 1 / Math.sqrt(inner) && largest > 0.8 / Math.sqrt(inner), path);
    assert.ok(
      b.toArray().every((value) => value === 0),
      path,
    );
    assert.not.equal([...a.toArray()], [...second.lora.layers.get(path)!.a.toArray()]);
  }
  assert.equal([...first.lora.layers.keys()].length, 4, "queries and values of two layers");
});

test("layers are named by the last parts of their names, or by an expression for the whole", () => {
  const name = "bert.encoder.layer.1.attention.self.query";
  assert.ok(isTarget(name, ["query"]));
  assert.ok(isTarget(name, ["self.query"]));
  assert.not.ok(isTarget(name, ["uery"]));
  assert.ok(isTarget(name, /.*layer\.1\..*query/));
  assert.not.ok(isTarget(name, /query/));
});

const labels = new LabelSet(["animal", "weather"]);

function scoresOf({ model }: Pretrained<"sequence-classification">): number[] {
  using _ = new Scope();
  const b = batch();
  return [...model.sequenceScores(model.encode(b), b).data];
}

/** An adapter whose every value differs from the first ones. */
function disturbed(loaded: Pretrained<"sequence-classification">, seed: number): Adapted<"sequence-classification"> {
  const adapted = adapt(loaded, { seed, targets: ["query", "dense"] });
  for (const [i, [, t]] of [...adapted.weights.entries()].entries()) fill(t, seed + i);
  return adapted;
}

test("an untrained adapter changes nothing; one model carries several, each with its own head", async () => {
  using loaded = await smallBert(engine, "sequence-classification", labels);
  const before = scoresOf(loaded);
  using fresh = adapt(loaded);
  near(scoresOf(fresh), before, {}, "B is 0");
  using first = disturbed(loaded, 10);
  using second = disturbed(loaded, 20);
  const [one, two] = [scoresOf(first), scoresOf(second)];
  assert.not.equal(one, two);
  assert.equal([scoresOf(second), scoresOf(loaded), scoresOf(first)], [two, before, one]);
  first.lora.merge(first.weights);
  // 2 layers of sums of 16 to 64 products: the bound of one layer, times the gain of the norms after it.
  near(scoresOf(loaded), one, { atol: 5e-5, rtol: 1e-5 }, "merged");
  assert.throws(() => scoresOf(second), /another adapter is merged/);
  first.lora.unmerge();
  assert.equal([scoresOf(second), scoresOf(loaded), scoresOf(first)], [two, before, one]);
});

test("fine-tuning an adapted model learns the adapter alone", async () => {
  using loaded = await smallBert(engine, "sequence-classification", labels);
  const body = [...loaded.weights.entries()].map(([, t]) => t.toArray());
  // The body is random and small: where its pooler is not adapted as well, all texts look the same to the head.
  using adapted = adapt(loaded, { r: 2, dropout: 0.1, targets: ["query", "value", "dense"] });
  assert.equal(adapted.lora.settings.modulesToSave.includes("classifier"), true);
  const train = ["the cat sat", "a dog ran", "the sun is up", "is the sun up"].map((text, i) => ({
    text,
    label: i < 2 ? "animal" : "weather",
  }));
  const task = classifyTask("classify");
  const settings = { tokenizer, labels, maxLength: LENGTH };
  const losses: number[] = [];
  for await (const event of finetune({
    loaded: adapted,
    task,
    settings,
    train,
    epochs: 60,
    learningRate: 2e-2,
    batchSize: 4,
    seed: 1,
  }))
    if (event.kind === "step") losses.push(event.step.loss);
  assert.ok(losses.at(-1)! < 0.5 * losses[0]!, `loss ${losses[0]} -> ${losses.at(-1)}`);
  assert.is(task.evaluate(adapted.model, train, settings)["accuracy"], 1);
  assert.equal(
    [...loaded.weights.entries()].map(([, t]) => t.toArray()),
    body,
  );
});

test("a run over an adapter is resumed from its checkpoint with the same bits", async () => {
  const run = async (stop: number, checkpoint?: Uint8Array): Promise<{ values: number[]; saved: Uint8Array }> => {
    using loaded = await smallBert(engine, "sequence-classification", labels);
    using adapted = adapt(loaded, { r: 2, dropout: 0.1 });
    using optimizer = adamW(adapted.weights);
    const best = new BestWeights(adapted.weights);
    const from = checkpoint && readCheckpoint(checkpoint, optimizer, {}, best);
    const train = ["the cat sat", "the sun is up", "a dog ran"].map((text, i) => ({ text, label: labels.name(i % 2) }));
    const settings = { tokenizer, labels, maxLength: LENGTH };
    const common = { loaded: adapted, task: classifyTask("classify"), settings, train, optimizer, best };
    let at = { step: 0, epoch: 0, served: 0 };
    for await (const event of finetune({
      ...common,
      epochs: 2,
      learningRate: 1e-2,
      batchSize: 1,
      seed: 1,
      ...(from && { from }),
    })) {
      if (event.kind === "step") at = event.step;
      if (at.step === stop) break;
    }
    const values = [...adapted.weights.entries()].flatMap(([, t]) => [...t.toArray()]);
    return { values, saved: writeCheckpoint(optimizer, at, {}, best) };
  };
  const whole = await run(6);
  const half = await run(2);
  assert.not.equal(half.values, whole.values);
  assert.equal((await run(6, half.saved)).values, whole.values);
});

test("mismatches are named", async () => {
  using loaded = await smallBert(engine, "sequence-classification", labels);
  assert.throws(() => adapt(loaded, { targets: ["query", "qeury"] }), /no layer is named qeury; .*query, key, value/);
  assert.throws(() => adapt(loaded, { r: 0 }), /r must be a whole number from 1/);
});

test("an adapter leaks no memory", async () => {
  using loaded = await smallBert(engine, "sequence-classification", labels);
  scoresOf(loaded);
  const { liveBytes } = engine;
  {
    using adapted = disturbed(loaded, 1);
    scoresOf(adapted);
    adapted.lora.merge(adapted.weights);
    scoresOf(adapted);
    adapted.lora.unmerge();
  }
  scoresOf(loaded);
  assert.is(engine.liveBytes, liveBytes);
});

test.run();
