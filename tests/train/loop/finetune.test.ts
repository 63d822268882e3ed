import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Engine } from "../../../sdk/engine/engine.js";
import { LabelSet } from "../../../sdk/heads/labels.js";
import { constant } from "../../../sdk/nn/init.js";
import { Weights } from "../../../sdk/nn/weights.js";
import { BestWeights } from "../../../sdk/train/loop/best-weights.js";
import { readCheckpoint, writeCheckpoint } from "../../../sdk/train/loop/checkpoint.js";
import { type FinetuneEvent, type FinetuneOptions, finetune } from "../../../sdk/train/loop/finetune.js";
import { adamW } from "../../../sdk/train/optim/adamw.js";
import { classifyTask, type LabelledText } from "../../../sdk/train/tasks/classify.js";
import { engines } from "../../helpers/engines.js";
import { LENGTH, smallBert, tokenizer } from "../../helpers/small-bert.js";

const test = suite("fine-tuning");
const [engine] = engines as [Engine];

test("the best weights are kept, the first of equal ones", () => {
  using weights = new Weights(engine, {});
  const w = weights.get("w", [1], constant(0));
  const best = new BestWeights(weights);
  best.restore();
  const offers = [0.2, 0.5, 0.5, 0.4].map((figure, i) => {
    w.data[0] = i;
    return best.offer(figure);
  });
  assert.equal(offers, [true, true, false, false]);
  assert.equal(best.state, { figure: 0.5, since: 2, seen: 4 });
  best.restore();
  assert.is(w.item(), 1);
});

test("a figure that is not a number is worse than any", () => {
  using weights = new Weights(engine, {});
  const best = new BestWeights(weights);
  assert.equal(
    [Number.NaN, Number.NaN, -1, Number.NaN].map((figure) => best.offer(figure)),
    [true, false, true, false],
  );
});

const labels = new LabelSet(["animal", "weather"]);
const settings = { tokenizer, labels, maxLength: LENGTH };
const row = (text: string, label: string): LabelledText => ({ text, label });
const TRAIN = [
  row("the cat sat", "animal"),
  row("the sun is up", "weather"),
  row("a dog ran", "animal"),
  row("is the sun up", "weather"),
  row("dogs and cats", "animal"),
];
const DEV = [
  row("the dog sat", "animal"),
  row("sun is up", "weather"),
  row("cats ran on", "animal"),
  row("the mat is up", "weather"),
];
const task = classifyTask("classify");

type Extra = Partial<FinetuneOptions<LabelledText, "sequence-classification">>;

/** Fine-tune from the same beginning, stopping after `stop` steps; then as often as `resume` says, from a checkpoint. */
async function run(
  extra: Extra,
  stop = Number.POSITIVE_INFINITY,
  checkpoint?: Uint8Array,
): Promise<{ events: FinetuneEvent[]; weights: number[]; checkpoint: Uint8Array | null }> {
  using loaded = await smallBert(engine, "sequence-classification", labels);
  using optimizer = adamW(loaded.weights, { weightDecay: 0.01 });
  const best = new BestWeights(loaded.weights);
  const from = checkpoint && readCheckpoint(checkpoint, optimizer, {}, best);
  const events: FinetuneEvent[] = [];
  const options = {
    loaded,
    task,
    settings,
    train: TRAIN,
    epochs: 4,
    learningRate: 3e-3,
    batchSize: 2,
    seed: 1,
    optimizer,
    best,
    ...(from && { from }),
    ...extra,
  };
  for await (const event of finetune(options)) {
    events.push(event);
    if (event.kind !== "step" || event.step.step < stop) continue;
    return { events, weights: [], checkpoint: writeCheckpoint(optimizer, event.step, {}, best) };
  }
  return { events, weights: [...loaded.weights.entries()].flatMap(([, t]) => [...t.toArray()]), checkpoint: null };
}

/** The fields of an event, without times. */
const said = (event: FinetuneEvent): unknown => (event.kind === "step" ? [event.step.step, event.step.loss] : event);

test("steps, and the figures of each epoch after it; the best weights at the end", async () => {
  const { events, weights } = await run({ dev: DEV });
  const kinds = events.map((event) => (event.kind === "step" ? event.step.step : `epoch ${event.epoch}`));
  assert.equal(kinds, [1, 2, 3, "epoch 1", 4, 5, 6, "epoch 2", 7, 8, 9, "epoch 3", 10, 11, 12, "epoch 4"]);
  const figures = events.flatMap((event) => (event.kind === "epoch" ? [event.metrics["accuracy"]!] : []));
  const place = figures.indexOf(Math.max(...figures));
  // As many epochs as were best, of the same schedule, end with the same weights.
  const { checkpoint } = await run({}, 3 * (place + 1));
  using loaded = await smallBert(engine, "sequence-classification", labels);
  using optimizer = adamW(loaded.weights);
  readCheckpoint(checkpoint!, optimizer, {}, new BestWeights(loaded.weights));
  assert.equal(
    [...loaded.weights.entries()].flatMap(([, t]) => [...t.toArray()]),
    weights,
  );
});

for (const [what, extra] of [
  ["", { dev: DEV }],
  [", with early stopping", { dev: DEV, patience: 1 }],
  [", without a development part", {}],
] as const) {
  test(`stopped at any step and resumed, the run ends with the same weights and figures${what}`, async () => {
    const whole = await run(extra);
    const steps = whole.events.filter(({ kind }) => kind === "step").length;
    for (let stop = 1; stop <= steps; stop++) {
      const begun = await run(extra, stop);
      const resumed = await run(extra, Number.POSITIVE_INFINITY, begun.checkpoint!);
      assert.equal([...begun.events, ...resumed.events].map(said), whole.events.map(said), `stopped at ${stop}`);
      assert.equal(resumed.weights, whole.weights, `stopped at ${stop}`);
    }
  });
}

test("no memory leaks", async () => {
  await run({ dev: DEV });
  const { liveBytes } = engine;
  await run({ dev: DEV });
  assert.is(engine.liveBytes, liveBytes);
});

test.run();
