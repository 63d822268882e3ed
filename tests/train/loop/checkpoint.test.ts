import { createHash } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Engine } from "../../../sdk/engine/engine.js";
import type { Pretrained } from "../../../sdk/io/pretrained/pretrained.js";
import { readSafetensors, SafetensorsError } from "../../../sdk/io/safetensors/safetensors.js";
import { writeSafetensors } from "../../../sdk/io/safetensors/write-safetensors.js";
import { maskedLm } from "../../../sdk/objectives/masked-lm.js";
import { nextSentencePrediction } from "../../../sdk/objectives/next-sentence-prediction.js";
import { combine, type Objective } from "../../../sdk/objectives/objective.js";
import {
  CheckpointError,
  type RunSettings,
  readCheckpoint,
  writeCheckpoint,
} from "../../../sdk/train/loop/checkpoint.js";
import { type Position, train } from "../../../sdk/train/loop/train.js";
import { adamW } from "../../../sdk/train/optim/adamw.js";
import { lamb } from "../../../sdk/train/optim/lamb.js";
import type { Optimizer } from "../../../sdk/train/optim/optimizer.js";
import { linearSchedule } from "../../../sdk/train/optim/schedule.js";
import { engines } from "../../helpers/engines.js";
import { SENTENCES, samples, smallBert, tokenizer } from "../../helpers/small-bert.js";

const test = suite("checkpoints");
const [engine] = engines as [Engine];

type Model = Pretrained<"pretraining">["model"];
const objective: Objective<Model> = combine(maskedLm({ tokenizer, maskingRate: 0.3 }), nextSentencePrediction());
const PAIRED = samples([...SENTENCES, ...SENTENCES, "a cat"]).map((sample, i) => ({
  ...sample,
  labels: { pair: i % 2 },
}));
const SETTINGS: RunSettings = { command: "test", steps: 20, text: "abc" };

interface Plan {
  readonly on: Engine;
  readonly optimizer: (weights: Pretrained["weights"]) => Optimizer;
  readonly accumulate: number;
  readonly steps: number;
}

/** SHA-256 of weights, moments and step count. */
function hash(optimizer: Optimizer): string {
  const sum = createHash("sha256").update(String(optimizer.steps));
  for (const { parameter, first, second } of optimizer.moments)
    for (const t of [parameter, first, second]) sum.update(t.toArray());
  return sum.digest("hex");
}

/** Train from `from`, or the beginning, until `until`; return the state as a hash and as a checkpoint, and the samples seen. */
async function trained(
  plan: Plan,
  until: number,
  from?: Uint8Array,
): Promise<{ hash: string; bytes: Uint8Array; losses: number[] }> {
  const { on, accumulate, steps } = plan;
  using loaded = await smallBert(on, "pretraining");
  using optimizer = plan.optimizer(loaded.weights);
  let position: Position | undefined = from && readCheckpoint(from, optimizer, SETTINGS);
  const losses: number[] = [];
  const run = train({
    engine: on,
    model: loaded.model,
    objective,
    samples: () => PAIRED,
    optimizer,
    learningRate: linearSchedule(1e-2, 3, steps),
    batchSize: 2,
    gradientAccumulationSteps: accumulate,
    seed: 4,
    steps: until,
    ...(position && { from: position }),
  });
  for await (const step of run) {
    position = step;
    losses.push(step.loss);
  }
  return { hash: hash(optimizer), bytes: writeCheckpoint(optimizer, position!, SETTINGS), losses };
}

// Nine samples in batches of two: epochs end within the run, with a batch of one, and accumulation with one batch less.
const PLANS = [
  ...engines.map((on) => ({ what: `AdamW, ${on.build}`, plan: { on, optimizer: adamW, accumulate: 1, steps: 16 } })),
  { what: "AdamW, two batches a step", plan: { on: engine, optimizer: adamW, accumulate: 2, steps: 10 } },
  { what: "LAMB", plan: { on: engine, optimizer: lamb, accumulate: 1, steps: 10 } },
];

for (const { what, plan } of PLANS) {
  test(`stopped at any step and resumed, the run ends with the same bits: ${what}`, async () => {
    const whole = await trained(plan, plan.steps);
    for (let stop = 1; stop < plan.steps; stop++) {
      const begun = await trained(plan, stop);
      const resumed = await trained(plan, plan.steps, begun.bytes);
      assert.equal([...begun.losses, ...resumed.losses], whole.losses, `stopped at ${stop}`);
      assert.is(resumed.hash, whole.hash, `stopped at ${stop}`);
    }
  });
}

test("the same state is the same bytes", async () => {
  const plan = PLANS[0]!.plan;
  const [a, b] = [await trained(plan, 3), await trained(plan, 3)];
  assert.equal(a.bytes, b.bytes);
  const { metadata } = readSafetensors(a.bytes);
  assert.is(metadata.get("position"), '{"step":3,"epoch":0,"served":6}');
});

/** Reading must fail by name and change nothing. */
async function refused(
  bytes: Uint8Array,
  kind: new (message: string) => Error,
  message: RegExp,
  settings = SETTINGS,
  on = engine,
): Promise<void> {
  using loaded = await smallBert(on, "pretraining");
  using optimizer = adamW(loaded.weights);
  const before = hash(optimizer);
  let error: unknown;
  try {
    readCheckpoint(bytes, optimizer, settings);
  } catch (caught) {
    error = caught;
  }
  assert.instance(error, kind, `expected ${kind.name} ${message}, got ${error}`);
  assert.match((error as Error).message, message);
  assert.is(hash(optimizer), before);
}

/** The same checkpoint with other tensors or metadata. */
function changed(
  bytes: Uint8Array,
  metadata: object,
  change: (name: string) => string | null = (name) => name,
  shorter = "",
): Uint8Array {
  const file = readSafetensors(bytes);
  const tensors = [...file.names()].flatMap((name) => {
    const other = change(name);
    const values = file.floats(name);
    return other === null
      ? []
      : [{ name: other, shape: name === shorter ? [1, ...file.shape(name)!] : file.shape(name)!, values }];
  });
  const kept = Object.entries({ ...Object.fromEntries(file.metadata), ...metadata }).filter(
    ([, value]) => value !== undefined,
  );
  return writeSafetensors(tensors, Object.fromEntries(kept) as Record<string, string>);
}

test("a checkpoint of another run is refused by name, and nothing is half restored", async () => {
  const { bytes } = await trained(PLANS[0]!.plan, 2);
  await refused(bytes, CheckpointError, /made with text "abc", this run has "abd"/, { ...SETTINGS, text: "abd" });
  await refused(bytes, CheckpointError, /made with rate not set, this run has 0\.1/, { ...SETTINGS, rate: 0.1 });
  await refused(bytes, CheckpointError, /made with steps 20, this run has not set/, { command: "test", text: "abc" });
  for (const on of engines.slice(1))
    await refused(bytes, CheckpointError, /made with arithmetic "strict", this run has "relaxed"/, SETTINGS, on);
  const last = [...readSafetensors(bytes).names()].at(-1)!;
  await refused(
    changed(bytes, {}, (name) => (name === last ? null : name)),
    CheckpointError,
    /does not fit this model: it has no weight\./,
  );
  await refused(
    changed(bytes, {}, (name) => (name === last ? "weight.other" : name)),
    CheckpointError,
    /it has no weight\./,
  );
  await refused(
    changed(bytes, {}, (name) => name, last),
    CheckpointError,
    /is \[1,[\d,]+\] there and \[\d+[\d,]*\] here/,
  );
  const more = writeSafetensors(
    [
      ...[...readSafetensors(bytes).names()].map((name) => ({
        name,
        shape: readSafetensors(bytes).shape(name)!,
        values: readSafetensors(bytes).floats(name),
      })),
      { name: "weight.more", shape: [], values: new Float32Array(1) },
    ],
    Object.fromEntries(readSafetensors(bytes).metadata),
  );
  await refused(more, CheckpointError, /weight\.more is not one of its tensors/);
});

test("a damaged checkpoint is refused by name", async () => {
  const { bytes } = await trained(PLANS[0]!.plan, 2);
  for (const share of [0, 0.001, 0.3, 0.9999])
    await refused(bytes.subarray(0, Math.floor(share * bytes.length)), SafetensorsError, /./);
  await refused(
    changed(bytes, { version: undefined }),
    CheckpointError,
    /not a checkpoint: its metadata has no version/,
  );
  await refused(changed(bytes, { version: "2" }), CheckpointError, /format 2, this version reads 1/);
  await refused(changed(bytes, { settings: "{" }), CheckpointError, /settings cannot be read/);
  await refused(changed(bytes, { position: "null" }), CheckpointError, /position cannot be read/);
  await refused(
    changed(bytes, { position: '{"step":1}' }),
    CheckpointError,
    /epoch must be a whole number of at least 0, got nothing/,
  );
  await refused(changed(bytes, { steps: "-1" }), CheckpointError, /steps must be a whole number of at least 0, got -1/);
});

test("weights that are not numbers are not saved", async () => {
  using loaded = await smallBert(engine, "pretraining");
  using optimizer = adamW(loaded.weights);
  optimizer.moments[3]!.second.data[0] = Number.NaN;
  assert.throws(
    () => writeCheckpoint(optimizer, { step: 0, epoch: 0, served: 0 }, SETTINGS),
    /tensor second\..*element 0 is not a number/,
  );
});

test.run();
