import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Sample } from "../../../sdk/data/sample.js";
import type { Engine } from "../../../sdk/engine/engine.js";
import type { ModelTask } from "../../../sdk/models/family/family.js";
import { causalLm } from "../../../sdk/objectives/causal-lm.js";
import { tokenTargets } from "../../../sdk/objectives/masked-lm.js";
import { type Objective, single } from "../../../sdk/objectives/objective.js";
import { sequenceToSequence } from "../../../sdk/objectives/sequence-to-sequence.js";
import { IGNORE } from "../../../sdk/tensor/ops/loss.js";
import { FRESH_FAMILIES, freshConfig, freshModel } from "../../../sdk/train/fresh/fresh-model.js";
import { estimateMemory } from "../../../sdk/train/loop/estimate-memory.js";
import { train } from "../../../sdk/train/loop/train.js";
import { adamW } from "../../../sdk/train/optim/adamw.js";
import { engines } from "../../helpers/engines.js";

const test = suite("layers that are computed again");
const [engine] = engines as [Engine];

const SIZES = { vocabSize: 90, numHiddenLayers: 3, hiddenSize: 32, numAttentionHeads: 4, maxPositionEmbeddings: 24 };
const same = (sample: Sample): Sample => sample;

/** Sequences of several lengths; every third token has a label. */
const rows = (): Sample[] =>
  [7, 12, 5, 9].map((length, row) => {
    const own: Sample = {
      ids: Int32Array.from({ length }, (_, i) => 1 + ((13 * i + 5 * row) % 80)),
      segments: new Uint8Array(length),
      special: new Uint8Array(length),
      words: new Int32Array(length),
      labels: { tokens: Int32Array.from({ length }, (_, i) => (i % 3 === 1 ? 2 + i : IGNORE)) },
    };
    return { ...own, target: own };
  });

function learningOf(family: string): { task: ModelTask; objective: Objective<never> } {
  if (family === "gpt2") return { task: "causal-lm", objective: single(causalLm()) as Objective<never> };
  if (["bart", "mbart", "t5", "mt5", "umt5"].includes(family))
    return { task: "seq2seq-lm", objective: sequenceToSequence("seq2seq", same) as Objective<never> };
  const masked = { name: "masked-lm", ...tokenTargets("masked-lm"), corrupt: same };
  return { task: "masked-lm", objective: single(masked) as Objective<never> };
}

async function trained(family: string, recompute: boolean) {
  const { task, objective } = learningOf(family);
  using loaded = freshModel(engine, freshConfig(family, { ...SIZES, dropout: 0.2 }), task, 1);
  using optimizer = adamW(loaded.weights);
  const losses: number[] = [];
  const settings = { learningRate: 1e-2, batchSize: 2, gradientAccumulationSteps: 2, seed: 3, steps: 3, recompute };
  const model = loaded.model as never;
  for await (const { loss } of train({ engine, model, objective, optimizer, samples: rows, ...settings }))
    losses.push(loss);
  return { losses, weights: [...loaded.weights.entries()].map(([name, t]) => [name, [...t.toArray()]]) };
}

for (const family of FRESH_FAMILIES)
  test(`${family}: the bits are those of a pass that keeps everything, dropout included`, async () => {
    const kept = await trained(family, false);
    const again = await trained(family, true);
    assert.equal(again.losses, kept.losses);
    assert.equal(again.weights, kept.weights);
    assert.is(new Set(kept.losses).size, 3);
    assert.is(engine.liveBytes > 0 && engine.isDisposed, false);
  });

test("frozen embeddings: the layers learn the same", async () => {
  const run = async (recompute: boolean) => {
    using loaded = freshModel(engine, freshConfig("bert", { ...SIZES, dropout: 0.2 }), "masked-lm", 1);
    loaded.weights.freeze((name) => name.includes("embeddings"));
    using optimizer = adamW(loaded.weights);
    const { objective } = learningOf("bert");
    const settings = { learningRate: 1e-2, batchSize: 4, seed: 3, steps: 2, recompute };
    const model = loaded.model as never;
    for await (const _ of train({ engine, model, objective, optimizer, samples: rows, ...settings }));
    return [...loaded.weights.entries()].map(([, t]) => [...t.toArray()]);
  };
  assert.equal(await run(true), await run(false));
});

test("no memory leaks, and far less is taken", async () => {
  const before = engine.liveBytes;
  await trained("bert", true);
  assert.is(engine.liveBytes, before);
  const config = freshConfig("bert", {
    ...{ vocabSize: 1000, numHiddenLayers: 12, hiddenSize: 64, numAttentionHeads: 4, maxPositionEmbeddings: 128 },
    dropout: 0.1,
  });
  const options = { task: "masked-lm", batch: 32, length: 128, training: true } as const;
  const kept = await estimateMemory(config, options);
  const again = await estimateMemory(config, { ...options, recompute: true });
  // One layer's activations instead of twelve, beside their outputs and the weights.
  assert.ok(again.peak < kept.peak / 3, `${again.peak} of ${kept.peak}`);
});

test.run();
