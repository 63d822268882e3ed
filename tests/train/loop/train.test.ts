import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Sample } from "../../../sdk/data/sample.js";
import { Engine } from "../../../sdk/engine/engine.js";
import type { Pretrained } from "../../../sdk/io/pretrained/pretrained.js";
import { maskedLm } from "../../../sdk/objectives/masked-lm.js";
import { type Objective, single } from "../../../sdk/objectives/objective.js";
import { multiply } from "../../../sdk/tensor/ops/elementwise.js";
import { type Tensor, tensor } from "../../../sdk/tensor/tensor.js";
import { type Step, TrainingError, type TrainOptions, train } from "../../../sdk/train/loop/train.js";
import { adamW } from "../../../sdk/train/optim/adamw.js";
import { gradientNorm, type Optimizer } from "../../../sdk/train/optim/optimizer.js";
import { constantSchedule } from "../../../sdk/train/optim/schedule.js";
import { engines } from "../../helpers/engines.js";
import { near } from "../../helpers/near.js";
import { SENTENCES, samples, smallBert, tokenizer } from "../../helpers/small-bert.js";

const test = suite("train");
const [engine] = engines as [Engine];

type Mask = Pretrained<"masked-lm">;
const objective: Objective<Mask["model"]> = single(maskedLm({ tokenizer, maskingRate: 0.3 }));
/** Ten sequences of several lengths. */
const TEN = samples([
  ...SENTENCES,
  ...SENTENCES.map((text) => `${text} ${text}`.slice(0, 40)),
  "a cat",
  "the dog sat up",
]);

interface Run {
  readonly loaded: Mask;
  readonly optimizer: Optimizer;
  readonly options: TrainOptions<Mask["model"]>;
}

/** Everything that a run needs; `extra` goes into its options, `config` into the model's. */
async function within<T>(
  extra: Partial<TrainOptions<Mask["model"]>>,
  work: (run: Run) => Promise<T>,
  config: object = {},
  on = engine,
): Promise<T> {
  using loaded = await smallBert(on, "masked-lm", null, config);
  using optimizer = adamW(loaded.weights);
  const options = {
    engine: on,
    model: loaded.model,
    objective,
    samples: () => TEN,
    optimizer,
    learningRate: constantSchedule(1e-3),
    batchSize: 4,
    seed: 1,
    steps: 6,
    ...extra,
  };
  return await work({ loaded, optimizer, options });
}

async function collect(options: TrainOptions<Mask["model"]>): Promise<Step[]> {
  const steps: Step[] = [];
  for await (const step of train(options)) steps.push(step);
  return steps;
}

const weightsOf = ({ loaded }: Run): number[] => [...loaded.weights.entries()].flatMap(([, t]) => [...t.toArray()]);
const losses = (steps: readonly Step[]): number[] => steps.map(({ loss }) => loss);
type Trained = Awaited<ReturnType<typeof run>>;
const run = (extra: Partial<TrainOptions<Mask["model"]>> = {}) =>
  within(extra, async (r) => ({ steps: await collect(r.options), weights: weightsOf(r) }));

async function failing(options: TrainOptions<Mask["model"]>): Promise<Error> {
  return collect(options).then(
    () => {
      throw new Error("the run should have failed");
    },
    (error: Error) => error,
  );
}

test("the same seed gives the same bits, another seed others", async () => {
  const [a, b, c] = [await run(), await run(), await run({ seed: 2 })];
  assert.equal(losses(a.steps), losses(b.steps));
  assert.equal(a.weights, b.weights);
  assert.not.equal(losses(a.steps), losses(c.steps));
});

test("the report of a step: position, rate, parts, tokens, times by the caller's clock", async () => {
  let now = 0;
  const { steps } = await run({
    learningRate: (step) => 1e-3 / (step + 1),
    clock: () => (now += 10),
    epochs: 2,
    steps: 100,
  });
  assert.equal(
    steps.map(({ step, epoch, served }) => [step, epoch, served]),
    [
      [1, 0, 4],
      [2, 0, 8],
      [3, 1, 0],
      [4, 1, 4],
      [5, 1, 8],
      [6, 2, 0],
    ],
  );
  assert.equal(
    steps.map(({ learningRate }) => learningRate),
    [1, 2, 3, 4, 5, 6].map((n) => 1e-3 / n),
  );
  for (const { loss, parts, gradientNorm: norm, tokensPerSecond, seconds } of steps) {
    assert.equal(parts, { "masked-lm": loss });
    assert.ok(norm > 0 && tokensPerSecond > 0 && seconds > 0);
  }
  const perEpoch = TEN.reduce((sum, { ids }) => sum + ids.length, 0);
  assert.is(
    steps.slice(0, 3).reduce((sum, { tokens }) => sum + tokens, 0),
    perEpoch,
  );
});

test("every epoch serves every sample once, in its own order and with its own masks", async () => {
  const seen: { sample: Sample; drawn: number }[] = [];
  const watching: typeof objective = {
    ...objective,
    corrupt(sample, rng) {
      seen.push({ sample, drawn: rng.fork(9)() });
      return objective.corrupt(sample, rng);
    },
  };
  await run({ objective: watching, epochs: 2, steps: 100 });
  const [first, second] = [seen.slice(0, 10), seen.slice(10)];
  assert.is(seen.length, 20);
  for (const epoch of [first, second]) assert.equal(new Set(epoch.map(({ sample }) => sample)), new Set(TEN));
  assert.not.equal(
    first.map(({ sample }) => TEN.indexOf(sample)),
    second.map(({ sample }) => TEN.indexOf(sample)),
  );
  assert.is(new Set(seen.map(({ drawn }) => drawn)).size, 20);
});

test("the loss falls: one batch is learned by heart", async () => {
  const { steps } = await run({ samples: () => TEN.slice(0, 4), learningRate: constantSchedule(1e-2), steps: 150 });
  assert.ok(steps.at(-1)!.loss < 0.5 * steps[0]!.loss, `${steps[0]!.loss} to ${steps.at(-1)!.loss}`);
});

test("accumulated batches are one large batch", async () => {
  const still = { hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 };
  const runs: Trained[] = [];
  for (const [rows, accumulate] of [
    [4, 1],
    [2, 2],
    [1, 4],
  ] as const) {
    runs.push(
      await within(
        { batchSize: rows, gradientAccumulationSteps: accumulate, steps: 5 },
        async (r) => ({ steps: await collect(r.options), weights: weightsOf(r) }),
        still,
      ),
    );
  }
  const [whole, ...parts] = runs as [Trained, ...Trained[]];
  for (const part of parts) {
    assert.equal(
      part.steps.map(({ epoch, served, tokens }) => [epoch, served, tokens]),
      whole.steps.map(({ epoch, served, tokens }) => [epoch, served, tokens]),
    );
    // Sums of the same f32 numbers in another order; Adam's first steps magnify errors of small gradients.
    near(losses(part.steps), losses(whole.steps), { rtol: 1e-5 });
    near(part.weights, whole.weights, { atol: 2e-4 });
  }
});

/** The objective, but the n-th loss that is computed is multiplied by `factor`. */
function spoiled(n: number, factor: number): typeof objective {
  let calls = 0;
  return {
    ...objective,
    losses(model, batch, counts) {
      const parts = objective.losses(model, batch, counts);
      // `scale` refuses such factors.
      const times = (loss: Tensor) => multiply(loss, tensor(loss.engine, [factor], loss.shape));
      return ++calls === n ? parts.map(times) : parts;
    },
  };
}

test("a loss that is not a number ends the run by name; weights, gradients and moments are as before", async () => {
  for (const [factor, message] of [
    [Number.NaN, /step 1: the masked-lm loss is NaN/],
    [Number.POSITIVE_INFINITY, /step 1: the masked-lm loss is Infinity/],
  ] as const) {
    // The fourth loss is that of the second batch of the second step: the first batch has left a gradient by then.
    const options = { batchSize: 2, gradientAccumulationSteps: 2, steps: 5 };
    const { weights: untouched } = await run({ ...options, steps: 1 });
    await within({ ...options, objective: spoiled(4, factor) }, async (r) => {
      const error = await failing(r.options);
      assert.instance(error, TrainingError);
      assert.match(error.message, message);
      assert.equal(weightsOf(r), untouched);
      assert.is(gradientNorm(r.optimizer), 0);
      // Training continues from there as if it had not been interrupted.
      const rest = await collect({ ...r.options, objective, from: { step: 1, epoch: 0, served: 4 } });
      const whole = await run(options);
      assert.equal(losses(rest), losses(whole.steps.slice(1)));
      assert.equal(weightsOf(r), whole.weights);
    });
  }
});

test("a gradient that is not a number ends the run before a weight is touched", async () => {
  await within({}, async (r) => {
    const [, bias] = [...r.loaded.weights.entries()].find(([name]) => name === "cls.predictions.bias")!;
    const before = weightsOf(r);
    const breaking = {
      ...objective,
      losses: (...args: Parameters<typeof objective.losses>) => {
        bias.grad?.data.fill(Number.POSITIVE_INFINITY);
        return objective.losses(...args);
      },
    };
    // A gradient from elsewhere that is broken: made by a first step, spoiled in the second.
    const error = await failing({ ...r.options, objective: breaking });
    assert.instance(error, TrainingError);
    assert.match(error.message, /step 1: the gradient's norm is Infinity/);
    assert.is(before.length, weightsOf(r).length);
    assert.ok(weightsOf(r).every((w) => Number.isFinite(w)));
    assert.is(gradientNorm(r.optimizer), 0);
  });
});

test("a rate that is not a number, no end, no samples and foreign positions are refused", async () => {
  await within({}, async ({ options }) => {
    assert.match(
      (await failing({ ...options, learningRate: () => Number.NaN })).message,
      /step 0: the learning rate is NaN/,
    );
    const { steps: _, ...endless } = options;
    assert.match((await failing(endless)).message, /give steps or epochs/);
    assert.match((await failing({ ...options, samples: () => [] })).message, /epoch 0 has no samples/);
    assert.match(
      (await failing({ ...options, from: { step: 1, epoch: 0, served: 11 } })).message,
      /resumed at sample 11 of epoch 0, which has 10/,
    );
    assert.equal(await collect({ ...options, from: { step: 6, epoch: 1, served: 0 } }), []);
  });
});

test("an abort ends the run between steps", async () => {
  await within({ steps: 1000 }, async ({ options, optimizer }) => {
    const controller = new AbortController();
    let done = 0;
    const error = await (async () => {
      for await (const { step } of train({ ...options, signal: controller.signal }))
        if ((done = step) === 3) controller.abort();
    })().catch((caught: unknown) => caught);
    assert.is((error as Error).name, "AbortError");
    assert.equal([done, optimizer.steps], [3, 3]);
  });
});

test("a batch without a target changes no loss and breaks nothing", async () => {
  const blank = samples(["a"]).map((sample) => ({ ...sample, special: sample.special.map(() => 1) }));
  const { steps, weights } = await run({ samples: () => blank, steps: 3 });
  assert.equal(losses(steps), [0, 0, 0]);
  assert.ok(weights.every((w) => Number.isFinite(w)));
});

test("a model whose memory runs out in a step can continue with smaller batches", async () => {
  using small = await Engine.create({ maximumBytes: 2_000_000 });
  await within(
    {},
    async (r) => {
      const long = { ...TEN[0]!, ids: TEN[0]!.ids };
      const error = await failing({
        ...r.options,
        samples: () => Array.from({ length: 3000 }, () => long),
        batchSize: 3000,
      });
      assert.is(error.name, "OutOfMemoryError");
      assert.is(gradientNorm(r.optimizer), 0);
      const { steps } = await run();
      assert.equal(losses(await collect(r.options)), losses(steps));
    },
    {},
    small,
  );
});

for (const { build } of engines) {
  for (const [what, list, settled] of [
    ["the same lengths", Array.from({ length: 8 }, () => TEN[0]!), 2],
    ["many lengths", TEN, 100],
  ] as const) {
    test(`1,000 steps of ${what} take no more memory than step ${settled}, ${build}`, async () => {
      using on = await Engine.create({ build });
      const check = async ({ options }: Run): Promise<void> => {
        let [live, bytes] = [0, 0];
        for await (const { step } of train(options)) {
          if (step === settled) [live, bytes] = [on.liveBytes, on.memory.buffer.byteLength];
          if (step > settled) assert.equal([on.liveBytes, on.memory.buffer.byteLength], [live, bytes], `step ${step}`);
        }
      };
      await within({ steps: 1000, samples: () => list }, check, {}, on);
    });
  }
}

test.run();
