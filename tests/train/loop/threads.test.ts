/** Training, inference and generation have the same bits on any number of threads. */
import { createHash } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { collate, type Sample } from "../../../sdk/data/sample.js";
import type { Engine } from "../../../sdk/engine/engine.js";
import { generateText } from "../../../sdk/generate/generate.js";
import { bert } from "../../../sdk/models/encoders/bert.js";
import { Weights } from "../../../sdk/nn/weights.js";
import { maskedLm } from "../../../sdk/objectives/masked-lm.js";
import { single } from "../../../sdk/objectives/objective.js";
import type { WeightDtype } from "../../../sdk/tensor/compact-panels.js";
import { Scope } from "../../../sdk/tensor/scope.js";
import { freshConfig, freshModel } from "../../../sdk/train/fresh/fresh-model.js";
import { train } from "../../../sdk/train/loop/train.js";
import { adamW } from "../../../sdk/train/optim/adamw.js";
import { lamb } from "../../../sdk/train/optim/lamb.js";
import { builds } from "../../helpers/engines.js";
import { divisionsOf, threadedEngine } from "../../helpers/threads.js";
import { wave } from "../../helpers/wave.js";

const test = suite("threads of whole models");

const VOCABULARY = 300;
/** Large enough that products, attention, dropout, losses and the optimizer are divided. */
const SIZES = {
  vocabSize: VOCABULARY,
  numHiddenLayers: 2,
  hiddenSize: 96,
  numAttentionHeads: 3,
  maxPositionEmbeddings: 160,
  dropout: 0.1,
};
/** Tokens of each sequence. */
const LENGTHS = [150, 31, 97, 64, 8];

function samplesOf(lengths: readonly number[]): Sample[] {
  return lengths.map((length, row) => ({
    ids: Int32Array.from(wave(length, row), (value) => 5 + Math.floor(((value + 1) / 2) * (VOCABULARY - 5))),
    segments: new Uint8Array(length),
    special: new Uint8Array(length),
    words: new Int32Array(length),
    labels: {},
  }));
}

/** Hidden states, then losses, weights and moments of a few training steps. */
async function trained(engine: Engine, optimizerOf: typeof adamW | typeof lamb): Promise<string> {
  const sum = createHash("sha256");
  const { model, weights } = freshModel(engine, freshConfig("bert", SIZES), "masked-lm", 3);
  const samples = samplesOf(LENGTHS);
  {
    using _ = new Scope();
    sum.update(model.encode(collate(samples)).toArray());
  }
  using optimizer = optimizerOf(weights);
  const steps = train({
    engine,
    model,
    objective: single(maskedLm({ tokenizer: { size: VOCABULARY, special: { mask: 4 } }, maskingRate: 0.3 })),
    samples: () => samples,
    optimizer,
    learningRate: 1e-3,
    batchSize: 3,
    seed: 2,
    steps: 4,
  });
  for await (const { loss, gradientNorm } of steps) sum.update(Float64Array.of(loss, gradientNorm));
  for (const { parameter, first, second } of optimizer.moments)
    for (const t of [parameter, first, second]) sum.update(t.toArray());
  return sum.digest("hex");
}

for (const build of builds)
  for (const [name, optimizerOf] of Object.entries({ adamW, lamb }))
    test(`${build}: training with ${name} has the same bits on 1, 2 and 3 threads`, async () => {
      const hashes: string[] = [];
      for (const threads of [1, 2, 3]) {
        using engine = await threadedEngine(threads, { build });
        const divided = divisionsOf(engine);
        hashes.push(await trained(engine, optimizerOf));
        if (threads > 1) assert.ok(divided.count > 100, `${divided.count} ranges were divided`);
      }
      assert.equal(hashes, Array(3).fill(hashes[0]));
    });

/** Hidden states of rows of several lengths, from weights of a type. */
function hiddenStates(engine: Engine, dtype: WeightDtype): Float32Array {
  const model = bert.encoder(new Weights(engine, { seed: 3, dtype }), bert.read(freshConfig("bert", SIZES)));
  using _ = new Scope();
  return model.encode(collate(samplesOf(LENGTHS))).toArray();
}

for (const build of builds)
  for (const dtype of ["f16", "q8", "q4"] as const)
    test(`${build}: a model in ${dtype} has the same bits on 1, 2 and 3 threads`, async () => {
      const states: Float32Array[] = [];
      for (const threads of [1, 2, 3]) {
        using engine = await threadedEngine(threads, { build });
        const divided = divisionsOf(engine);
        states.push(hiddenStates(engine, dtype));
        if (threads > 1) assert.ok(divided.count > 10, `${divided.count} ranges were divided`);
      }
      assert.ok(states[0]!.every(Number.isFinite));
      assert.equal(states[1], states[0]);
      assert.equal(states[2], states[0]);
    });

test("generated ids are the same on 1, 2 and 3 threads", async () => {
  const ids: number[][][] = [];
  for (const threads of [1, 2, 3]) {
    using engine = await threadedEngine(threads);
    const divided = divisionsOf(engine);
    const { model } = freshModel(engine, freshConfig("gpt2", { ...SIZES, hiddenSize: 192 }), "causal-lm", 3);
    const prompts = samplesOf([90, 40]).map((sample) => sample.ids);
    ids.push(generateText({ engine, model }, prompts, { max_new_tokens: 12, eos_token_id: [] }));
    if (threads > 1) assert.ok(divided.count > 10, `${divided.count} ranges were divided`);
  }
  assert.equal(ids[1], ids[0]);
  assert.equal(ids[2], ids[0]);
});

test.run();
