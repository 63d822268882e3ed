import { suite } from "uvu";
import * as assert from "uvu/assert";
import { collate, type Sample } from "../../../sdk/data/sample.js";
import { Engine } from "../../../sdk/engine/engine.js";
import { memoryFiles } from "../../../sdk/io/files/files.js";
import { loadModel } from "../../../sdk/io/pretrained/pretrained.js";
import { weightFiles } from "../../../sdk/io/pretrained/save.js";
import type { Section } from "../../../sdk/models/family/config.js";
import { tokenTargets } from "../../../sdk/objectives/masked-lm.js";
import { single } from "../../../sdk/objectives/objective.js";
import { IGNORE } from "../../../sdk/tensor/ops/loss.js";
import { Scope } from "../../../sdk/tensor/scope.js";
import { FRESH_FAMILIES, freshConfig, freshModel } from "../../../sdk/train/fresh/fresh-model.js";
import { estimateMemory } from "../../../sdk/train/loop/estimate-memory.js";
import { train } from "../../../sdk/train/loop/train.js";
import { adamW } from "../../../sdk/train/optim/adamw.js";

const test = suite("estimates of memory");
/** The promised accuracy: the estimate is within a twentieth of an engine's memory. */
const SHARE = 0.05;

const SIZES = {
  vocabSize: 4000,
  numHiddenLayers: 3,
  hiddenSize: 128,
  numAttentionHeads: 4,
  maxPositionEmbeddings: 128,
};
const BERT = freshConfig("bert", { ...SIZES, dropout: 0.1 });

const rowsOf = (count: number, length: number, labelled: number): Sample[] =>
  Array.from({ length: count }, (_, row) => ({
    ids: Int32Array.from({ length }, (_value, i) => (7 * i + row) % 4000),
    segments: new Uint8Array(length),
    special: new Uint8Array(length),
    words: new Int32Array(length),
    labels: { tokens: Int32Array.from({ length }, (_value, i) => (i < labelled ? i : IGNORE)) },
  }));

function close(estimate: number, measured: number, what: string): void {
  assert.ok(Math.abs(estimate / measured - 1) <= SHARE, `${what}: estimated ${estimate}, measured ${measured}`);
}

for (const [batch, length] of [
  [1, 128],
  [8, 64],
  [16, 32],
] as const)
  test(`a training step of ${batch} x ${length} uses the estimated memory`, async () => {
    using engine = await Engine.create();
    using loaded = freshModel(engine, BERT, "masked-lm", 1);
    using optimizer = adamW(loaded.weights);
    const rows = rowsOf(batch, length, Math.round(0.15 * length));
    const objective = single({ name: "masked-lm", ...tokenTargets("masked-lm"), corrupt: (sample: Sample) => sample });
    const settings = { batchSize: batch, learningRate: 1e-3, seed: 1, steps: 4 };
    for await (const _ of train({
      engine,
      model: loaded.model,
      objective,
      optimizer,
      samples: () => rows,
      ...settings,
    }));
    const { peak } = await estimateMemory(BERT, { task: "masked-lm", batch, length, training: true });
    close(peak, engine.memory.buffer.byteLength, "training");
  });

test("steps whose logits differ in size need the memory of the largest", async () => {
  const [batch, length, labelled] = [8, 64, 14];
  const config = freshConfig("bert", { ...SIZES, vocabSize: 30_000, dropout: 0.1 });
  using engine = await Engine.create();
  using loaded = freshModel(engine, config, "masked-lm", 1);
  using optimizer = adamW(loaded.weights);
  const objective = single({ name: "masked-lm", ...tokenTargets("masked-lm"), corrupt: (sample: Sample) => sample });
  // The numbers of labels are in several size classes; they change from step to step.
  const rows = [10, 7, 9, 8, 12, 11, 13, labelled].flatMap((count) => rowsOf(batch, length, count));
  async function* samples() {
    yield* rows;
  }
  const settings = { batchSize: batch, learningRate: 1e-3, seed: 1, epochs: 1, samples, shuffleBuffer: 1 };
  for await (const _ of train({ engine, model: loaded.model, objective, optimizer, ...settings }));
  const { peak } = await estimateMemory(config, { task: "masked-lm", batch, length, training: true });
  const { byteLength } = engine.memory.buffer;
  assert.ok(byteLength <= peak * (1 + SHARE), `estimated ${peak}, measured ${byteLength}`);
});

/** Load a model from its files and compute one batch. */
async function loadedAndRun(config: Section, dtype: "f32" | "f16" | "q8" | "q4", batch: number, length: number) {
  using source = await Engine.create();
  using fresh = freshModel(source, config, "feature-extraction", 1);
  const files = memoryFiles();
  const { config: json, weights } = weightFiles(fresh);
  await files.write("config.json", json);
  await files.write("model.safetensors", weights);
  using engine = await Engine.create();
  using loaded = await loadModel(engine, files, { task: "feature-extraction", dtype });
  const held = engine.liveBytes;
  {
    using _ = new Scope();
    loaded.model.encode(collate(rowsOf(batch, length, 1)));
  }
  return { weights: held, peak: engine.memory.buffer.byteLength };
}

for (const dtype of ["f32", "f16", "q8", "q4"] as const)
  test(`a model kept in ${dtype} uses the estimated memory`, async () => {
    const measured = await loadedAndRun(BERT, dtype, 4, 64);
    const estimate = await estimateMemory(BERT, { task: "feature-extraction", dtype, batch: 4, length: 64 });
    assert.is(estimate.weights, measured.weights);
    close(estimate.peak, measured.peak, dtype);
  });

for (const family of FRESH_FAMILIES)
  test(`${family}: every task's forward pass and training step can be estimated`, async () => {
    const config = freshConfig(family, { ...SIZES, dropout: 0.1 });
    const still = await estimateMemory(config, { batch: 2, length: 32 });
    const { peak, weights } = await estimateMemory(config, { batch: 2, length: 32, training: true });
    // Weights, gradients and two moments.
    assert.ok(
      peak > 4 * weights && weights === still.weights && still.peak < peak,
      `${weights}, ${still.peak}, ${peak}`,
    );
  });

test("threads need working memory of their own", async () => {
  const peaks = await Promise.all([1, 16].map((threads) => estimateMemory(BERT, { batch: 8, threads })));
  assert.ok(peaks[1]!.peak > peaks[0]!.peak, JSON.stringify(peaks));
});

test("impossible estimates are refused", async () => {
  const refused = async (options: object, message: RegExp, config = BERT) => {
    try {
      await estimateMemory(config, options);
      assert.unreachable();
    } catch (error) {
      assert.match((error as Error).message, message);
    }
  };
  await refused({ training: true, dtype: "q8" }, /trained in f32, got dtype q8/);
  await refused({ lengths: 3 }, /lengths/);
  const huge = { ...SIZES, numHiddenLayers: 24, hiddenSize: 4096, dropout: 0 };
  await refused({}, /memory/i, freshConfig("bert", huge));
});

test.run();
