import { suite } from "uvu";
import * as assert from "uvu/assert";
import { textSource } from "../../../sdk/data/source.js";
import { embedTexts, simcse } from "../../../sdk/heads/embedding.js";
import { cosineError, multipleNegatives } from "../../../sdk/objectives/contrastive.js";
import { Scope } from "../../../sdk/tensor/scope.js";
import { backward } from "../../../sdk/tensor/tape.js";
import { finetune } from "../../../sdk/train/loop/finetune.js";
import { train } from "../../../sdk/train/loop/train.js";
import { pearson } from "../../../sdk/train/metrics/correlation.js";
import { adamW } from "../../../sdk/train/optim/adamw.js";
import { constantSchedule } from "../../../sdk/train/optim/schedule.js";
import { embedTask, type TextPair } from "../../../sdk/train/tasks/embed.js";
import { engines } from "../../helpers/engines.js";
import { near } from "../../helpers/near.js";
import { LENGTH, samples, smallBert, tokenizer } from "../../helpers/small-bert.js";
import { numericGradient, parameter } from "../../helpers/training.js";

const test = suite("embed");
const [engine] = engines;
const pooling = { mode: "mean", normalize: true } as const;
const settings = { tokenizer, maxLength: LENGTH, labels: null };
const PAIRS: TextPair[] = [
  { text: "the cat sat", pair: "a dog ran to the cat" },
  { text: "the sun is up", pair: "dogs and cats" },
  { text: "a dog ran", pair: "the mat" },
  { text: "cats ran on", pair: "the sun sat" },
];

/** Two rows of length 1 and two others, for the losses' definitions. */
const FIRST = [0.6, 0.8, 1, 0];
const SECOND = [0.8, 0.6, -0.28, 0.96];

test("negatives from the batch: loss and gradient agree with the definition", () => {
  using _ = new Scope();
  const definition = (a: ArrayLike<number>): number => {
    let sum = 0;
    for (const row of [0, 1]) {
      const scores = [0, 1].map(
        (other) => 20 * (a[2 * row]! * SECOND[2 * other]! + a[2 * row + 1]! * SECOND[2 * other + 1]!),
      );
      sum += Math.log(scores.reduce((total, score) => total + Math.exp(score - scores[row]!), 0));
    }
    return sum / 2;
  };
  const first = parameter(engine!, FIRST, [2, 2]);
  const second = parameter(engine!, SECOND, [2, 2]);
  const loss = backward(() => multipleNegatives(first, second, 20, 2));
  // Scores up to 20 are off by 20 units of 2^-24.
  near([loss.item()], [definition(FIRST)], { atol: 3e-6 }, "loss");
  near(first.grad!.toArray(), numericGradient(definition, FIRST), { atol: 3e-5 }, "gradient");
});

test("cosines against scores: the mean of squared differences", () => {
  using _ = new Scope();
  const first = parameter(engine!, FIRST, [2, 2]);
  const second = parameter(engine!, SECOND, [2, 2]);
  const loss = cosineError(first, second, Float32Array.of(1, 0), 2);
  near([loss.item()], [((0.96 - 1) ** 2 + 0.28 ** 2) / 2], { atol: 1e-6 });
});

test("pairs without scores: training makes every text find its own partner", async () => {
  using loaded = await smallBert(engine!, "feature-extraction");
  const task = embedTask(pooling, false);
  const before = task.evaluate(loaded.model, PAIRS, settings);
  for await (const _ of finetune({
    loaded,
    task,
    settings,
    train: PAIRS,
    epochs: 60,
    learningRate: 1e-2,
    batchSize: 4,
    seed: 1,
  }));
  const after = task.evaluate(loaded.model, PAIRS, settings);
  assert.is(after["accuracy"], 1);
  assert.is(after["mrr"], 1);
  assert.ok(before["mrr"]! < 1);
  // Each text shares words with its partner, and more with others: a guesser by words does not find all.
  assert.ok(task.baseline(PAIRS, PAIRS)["accuracy"]! < 1);
});

test("pairs with scores: training orders cosines as the scores do", async () => {
  const scored = PAIRS.map((pair, i) => ({ ...pair, score: [5, 0, 3, 1][i]! }));
  using loaded = await smallBert(engine!, "feature-extraction");
  const task = embedTask(pooling, true);
  assert.equal(
    task.samples(scored, settings).map(({ labels }) => labels.value),
    [1, 0, 0.6, 0.2],
  );
  for await (const _ of finetune({
    loaded,
    task,
    settings,
    train: scored,
    epochs: 80,
    learningRate: 1e-2,
    batchSize: 4,
    seed: 1,
  }));
  assert.is(task.evaluate(loaded.model, scored, settings)["spearman"], 1);
});

test("truncate_dim: scored by the numbers of each vector that the folder keeps", async () => {
  const scored = PAIRS.map((pair, i) => ({ ...pair, score: [5, 0, 3, 1][i]! }));
  using loaded = await smallBert(engine!, "feature-extraction");
  const cosines = scored.map(({ text, pair }) => {
    const raw = embedTexts(loaded.model, tokenizer, [text, pair], { mode: "mean", normalize: false }, LENGTH);
    const [a, b] = raw.map((vector) => vector.subarray(0, 4)) as [Float32Array, Float32Array];
    return a.reduce((sum, x, i) => sum + x * b[i]!, 0) / (Math.hypot(...a) * Math.hypot(...b));
  });
  const definition = pearson(
    cosines,
    scored.map(({ score }) => score),
  );
  const figures = embedTask(pooling, true, { dimensions: 4 }).evaluate(loaded.model, scored, settings);
  // Cosines in 32 bits differ from the definition's by a few units of 2^-24.
  near([figures["pearson"]!], [definition], { atol: 1e-5 });
  assert.ok(
    Math.abs(embedTask(pooling, true).evaluate(loaded.model, scored, settings)["pearson"]! - definition) > 1e-3,
  );
});

test("files: pairs with and without scores are read; a text alone and a mixture are refused", async () => {
  const read = async (text: string) => {
    const rows: TextPair[] = [];
    for await (const row of embedTask(pooling, true).read(textSource("pairs.tsv", text))) rows.push(row);
    return rows;
  };
  assert.equal((await read("score\tsentence1\tsentence2\n2.5\ta\tb\n"))[0], {
    text: "a",
    pair: "b",
    score: 2.5,
    line: 2,
  });
  assert.equal(await read("text\tpair\na\tb\n"), [{ text: "a", pair: "b", line: 2 }]);
  try {
    await read("text\tlabel\na\tb\n");
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message, /pairs.tsv:2: no second text/);
  }
  const mixed = [
    { text: "a", pair: "b", score: 1 },
    { text: "c", pair: "d" },
  ];
  assert.throws(() => embedTask(pooling, true).samples(mixed, settings), /1 of 2 pairs have a score/);
});

test("SimCSE: a text and itself under another dropout; the loss falls", async () => {
  using loaded = await smallBert(engine!, "feature-extraction");
  using optimizer = adamW(loaded.weights);
  const losses: number[] = [];
  const run = train({
    engine: engine!,
    model: loaded.model,
    objective: simcse({ mode: "cls", normalize: true }),
    samples: () => samples(),
    optimizer,
    learningRate: constantSchedule(5e-3),
    batchSize: 4,
    seed: 1,
    steps: 40,
  });
  for await (const { loss } of run) losses.push(loss);
  assert.ok(losses.at(-1)! < losses[0]! / 2, `${losses[0]} -> ${losses.at(-1)}`);
});

test.run();
