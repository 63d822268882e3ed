import { suite } from "uvu";
import * as assert from "uvu/assert";
import { maskedLm } from "../../../sdk/objectives/masked-lm.js";
import { single } from "../../../sdk/objectives/objective.js";
import { repeatPositions, trainInStages } from "../../../sdk/train/loop/stages.js";
import type { Position, Step } from "../../../sdk/train/loop/train.js";
import { adamW } from "../../../sdk/train/optim/adamw.js";
import { constantSchedule } from "../../../sdk/train/optim/schedule.js";
import { engines } from "../../helpers/engines.js";
import { SENTENCES, samples, smallBert, tokenizer } from "../../helpers/small-bert.js";

const test = suite("stages");
const [engine] = engines;
const masking = (rate: number) => single(maskedLm({ tokenizer, maskingRate: rate }));

/** Three steps on two sentences, then four on all of them; `stop` ends the run early, `from` resumes its state. */
async function run(stop = 7, before?: { weights: number[][]; moments: Float32Array[]; from: Position }) {
  const loaded = await smallBert(engine!, "masked-lm");
  const optimizer = adamW(loaded.weights);
  const entered: string[] = [];
  if (before) {
    for (const [i, [, t]] of [...loaded.weights.entries()].entries()) t.assign(before.weights[i]!);
    for (const [i, { first, second }] of optimizer.moments.entries()) {
      first.data.set(before.moments[2 * i]!);
      second.data.set(before.moments[2 * i + 1]!);
    }
    optimizer.steps = before.from.step;
  }
  const steps: Step[] = [];
  let milliseconds = 0;
  const stages = [
    { until: 3, objective: masking(0.3), samples: () => samples(SENTENCES.slice(0, 2)) },
    {
      until: 7,
      objective: masking(0.5),
      samples: () => samples(),
      enter: () => {
        entered.push("second");
        repeatPositions(loaded.weights, 4);
      },
    },
  ];
  for await (const step of trainInStages(stages, {
    engine: engine!,
    model: loaded.model,
    optimizer,
    learningRate: constantSchedule(1e-2),
    batchSize: 2,
    seed: 1,
    clock: () => milliseconds++,
    ...(before && { from: before.from }),
  })) {
    steps.push(step);
    if (step.step === stop) break;
  }
  const weights = [...loaded.weights.entries()].map(([, t]) => [...t.toArray()]);
  const moments = optimizer.moments.flatMap(({ first, second }) => [first.data.slice(), second.data.slice()]);
  optimizer[Symbol.dispose]();
  loaded[Symbol.dispose]();
  return { steps, weights, moments, entered };
}

test("every stage begins a new epoch, and is entered once", async () => {
  const { steps, entered } = await run();
  assert.equal(
    steps.map(({ step }) => step),
    [1, 2, 3, 4, 5, 6, 7],
  );
  assert.equal(entered, ["second"]);
  for (const [i, { seconds }] of steps.entries()) assert.ok(i === 0 || seconds > steps[i - 1]!.seconds, "one clock");
  // Epochs of one batch in the first stage, of two in the second.
  assert.equal(
    steps.map(({ epoch, served }) => [epoch, served]),
    [
      [1, 0],
      [2, 0],
      [3, 0],
      [4, 2],
      [5, 0],
      [5, 2],
      [6, 0],
    ],
  );
});

for (const stop of [2, 3, 4, 6]) {
  test(`a run that went on after step ${stop} has the bits of one without a break`, async () => {
    const whole = await run();
    const first = await run(stop);
    const { step, epoch, served } = first.steps.at(-1)!;
    const second = await run(7, { ...first, from: { step, epoch, served } });
    assert.equal(second.entered, stop <= 3 ? ["second"] : []);
    assert.equal(
      second.steps.map(({ loss }) => loss),
      whole.steps.slice(stop).map(({ loss }) => loss),
    );
    assert.equal(second.weights, whole.weights);
  });
}

test("a stage may have batches of a size of its own", async () => {
  using loaded = await smallBert(engine!, "masked-lm");
  using optimizer = adamW(loaded.weights);
  const stage = { objective: masking(0.3), samples: () => samples() };
  const served: number[] = [];
  for await (const step of trainInStages(
    [
      { until: 1, ...stage, batchSize: 1 },
      { until: 2, ...stage },
    ],
    { engine: engine!, model: loaded.model, optimizer, learningRate: 1e-3, batchSize: 2, seed: 1 },
  ))
    served.push(step.served);
  assert.equal(served, [1, 2]);
});

test("stages that do not ascend are refused", async () => {
  const stage = { objective: masking(0.3), samples: () => samples() };
  using loaded = await smallBert(engine!, "masked-lm");
  using optimizer = adamW(loaded.weights);
  const options = {
    engine: engine!,
    model: loaded.model,
    optimizer,
    learningRate: constantSchedule(1e-3),
    batchSize: 2,
    seed: 1,
  };
  const broken = trainInStages(
    [
      { until: 1, ...stage },
      { until: 0, ...stage },
    ],
    options,
  );
  await broken.next();
  try {
    await broken.next();
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message, /ends with step 0, before it begins \(1\)/);
  }
});

test("positions beyond the learned ones are copies of them", async () => {
  using loaded = await smallBert(engine!, "masked-lm");
  const table = new Map(loaded.weights.entries()).get("bert.embeddings.position_embeddings.weight")!;
  const before = table.toArray();
  const width = table.shape[1]!;
  repeatPositions(loaded.weights, 5);
  const after = table.toArray();
  for (let place = 0; place < table.shape[0]!; place++)
    for (let d = 0; d < width; d++) assert.is(after[place * width + d], before[(place % 5) * width + d]);
});

test.run();
