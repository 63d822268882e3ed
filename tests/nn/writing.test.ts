import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Engine } from "../../sdk/engine/engine.js";
import { memoryFiles } from "../../sdk/io/files/files.js";
import { adapt } from "../../sdk/io/pretrained/adapter.js";
import { loadModel, type Pretrained } from "../../sdk/io/pretrained/pretrained.js";
import { saveModel } from "../../sdk/io/pretrained/save.js";
import { buildModel } from "../../sdk/models/family/build.js";
import { normal } from "../../sdk/nn/init.js";
import { linear } from "../../sdk/nn/layers.js";
import { Weights } from "../../sdk/nn/weights.js";
import { maskedLm } from "../../sdk/objectives/masked-lm.js";
import { single } from "../../sdk/objectives/objective.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { backward } from "../../sdk/tensor/tape.js";
import { type Tensor, tensor } from "../../sdk/tensor/tensor.js";
import { BestWeights } from "../../sdk/train/loop/best-weights.js";
import { readCheckpoint, writeCheckpoint } from "../../sdk/train/loop/checkpoint.js";
import { repeatPositions } from "../../sdk/train/loop/stages.js";
import { adamW } from "../../sdk/train/optim/adamw.js";
import { lamb } from "../../sdk/train/optim/lamb.js";
import type { Optimizer } from "../../sdk/train/optim/optimizer.js";
import { engines } from "../helpers/engines.js";
import { disturb, rewrite } from "../helpers/parameters.js";
import { batch, LENGTH, smallBert, tokenizer } from "../helpers/small-bert.js";
import { wave } from "../helpers/wave.js";

const test = suite("writing weights");
const [engine] = engines as [Engine];

type MaskedModel = Pretrained<"masked-lm">;

/** Scores that depend on every weight of the model. */
function scoresOf({ model }: Pick<MaskedModel, "model">): Float32Array {
  using _ = new Scope();
  return model.tokenScores(model.encode(batch()), Int32Array.of(1, 2)).toArray();
}

/** The scores of a model that has these values and has never had others. */
function freshScores({ family, config, weights }: MaskedModel): Float32Array {
  const own = new Map(weights.entries());
  using copied = new Weights(engine, { copied: (name) => own.get(name) });
  return scoresOf({ model: buildModel(family, copied, family.read(config), "masked-lm") });
}

function step(loaded: MaskedModel, optimizer: Optimizer): void {
  const objective = single(maskedLm({ tokenizer }));
  using _ = new Scope();
  const corrupted = batch();
  const tokens = corrupted.ids.map((id, i) => (i % 3 === 0 ? id : -100));
  const labelled = { ...corrupted, labels: { ...corrupted.labels, tokens } };
  backward(() => objective.losses(loaded.model, labelled, [tokens.length / 3])[0]!);
  optimizer.step(0.05, 1);
}

const WAYS: Readonly<Record<string, (loaded: MaskedModel) => void | Promise<void>>> = {
  "a user's own values": ({ weights }) => disturb(weights, 0.2),
  AdamW: (loaded) => {
    using optimizer = adamW(loaded.weights);
    step(loaded, optimizer);
  },
  LAMB: (loaded) => {
    using optimizer = lamb(loaded.weights);
    step(loaded, optimizer);
  },
  "a checkpoint": (loaded) => {
    using optimizer = adamW(loaded.weights);
    const before = writeCheckpoint(optimizer, { step: 0, epoch: 0, served: 0 }, {});
    disturb(loaded.weights, 0.2);
    scoresOf(loaded);
    const changed = writeCheckpoint(optimizer, { step: 0, epoch: 0, served: 0 }, {});
    readCheckpoint(before, optimizer, {});
    scoresOf(loaded);
    readCheckpoint(changed, optimizer, {});
  },
  "the best weights": (loaded) => {
    disturb(loaded.weights, 0.2);
    const best = new BestWeights(loaded.weights);
    best.offer(1);
    disturb(loaded.weights, 0.2, 5);
    scoresOf(loaded);
    best.restore();
  },
  "an adapter, merged": (loaded) => {
    const adapted = adapt(loaded, { targets: ["query", "dense"] });
    disturb(adapted.weights, 0.2);
    adapted.lora.merge(adapted.weights);
    adapted[Symbol.dispose]();
  },
  "an adapter, merged and unmerged, then a user's own values": (loaded) => {
    const adapted = adapt(loaded, { targets: ["query", "dense"] });
    disturb(adapted.weights, 0.2);
    adapted.lora.merge(adapted.weights);
    scoresOf(loaded);
    adapted.lora.unmerge();
    adapted[Symbol.dispose]();
    assert.equal(scoresOf(loaded), freshScores(loaded));
    disturb(loaded.weights, 0.2);
  },
  "repeated positions": ({ weights }) => repeatPositions(weights, 1),
};

for (const [way, write] of Object.entries(WAYS)) {
  test(`${way}: the next scores are those of the new values`, async () => {
    using loaded = await smallBert(engine, "masked-lm");
    const old = scoresOf(loaded);
    await write(loaded);
    const got = scoresOf(loaded);
    assert.not.equal(got, old);
    assert.equal(got, freshScores(loaded));
  });
}

test("a model that was loaded into panels scores, trains and saves as one that was made", async () => {
  using made = await smallBert(engine, "masked-lm");
  const files = memoryFiles();
  await saveModel(files, { ...made, tokenizer, maxLength: LENGTH });
  using loaded = await loadModel(engine, files, { task: "masked-lm" });
  assert.equal(scoresOf(loaded), scoresOf(made));
  for (const model of [made, loaded]) {
    using optimizer = adamW(model.weights);
    step(model, optimizer);
  }
  assert.equal(scoresOf(loaded), scoresOf(made));
  const again = memoryFiles();
  await saveModel(again, { ...loaded, tokenizer, maxLength: LENGTH });
  using reloaded = await loadModel(engine, again, { task: "masked-lm" });
  assert.equal(scoresOf(reloaded), scoresOf(made));
});

test("the tensor of an initialization is freed afterwards, and a custom layer sees assigned values", () => {
  using weights = new Weights(engine, { seed: 1 });
  const given: Tensor[] = [];
  const layer = linear(weights.at("layer"), 4, 3, (t, key) => {
    normal(0.5)(t, key);
    given.push(t);
  });
  assert.is(given.length, 1);
  assert.throws(() => given[0]!.data, /was freed/);
  const scores = () => {
    using _ = new Scope();
    return layer(tensor(engine, wave(4), [1, 4])).toArray();
  };
  const before = scores();
  rewrite(weights.at("layer").matrix("weight", [3, 4], normal(1)), () => 7);
  const sum = wave(4).reduce((total, x) => total + 7 * x, 0);
  for (const score of scores()) assert.ok(Math.abs(score - sum) < 1e-5, `${score} is not ${sum}`);
  assert.not.equal(scores(), before);
});

test("each name is requested as its own kind", () => {
  using weights = new Weights(engine, { seed: 1 });
  weights.matrix("w", [3, 4], normal(1));
  assert.throws(
    () => weights.get("w", [3, 4], normal(1)),
    /w: asked for as a tensor, but it was made as a matrix \(out-inner\)/,
  );
  assert.throws(() => weights.matrix("w", [3, 4], normal(1), "inner-out"), /asked for as a matrix \(inner-out\), but/);
  assert.throws(() => weights.matrix("w", [4, 3], normal(1)), /asked for as \[4,3\], but it was made as \[3,4\]/);
  assert.is(weights.table("w", [3, 4], normal(1)), weights.matrix("w", [3, 4], normal(1)));
});

test.run();
