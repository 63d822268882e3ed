import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { TaggedSentence } from "../../../sdk/data/conllu.js";
import { collate } from "../../../sdk/data/sample.js";
import { type Source, textSource } from "../../../sdk/data/source.js";
import type { Engine } from "../../../sdk/engine/engine.js";
import { findAnswers } from "../../../sdk/heads/answers.js";
import { LabelError, LabelSet } from "../../../sdk/heads/labels.js";
import { tagWords } from "../../../sdk/heads/token-windows.js";
import type { Pretrained } from "../../../sdk/io/pretrained/pretrained.js";
import type { ModelTask } from "../../../sdk/models/family/family.js";
import { Scope } from "../../../sdk/tensor/scope.js";
import { backward } from "../../../sdk/tensor/tape.js";
import { type FinetuneEvent, finetune } from "../../../sdk/train/loop/finetune.js";
import { answerTask } from "../../../sdk/train/tasks/answer.js";
import { classifyTask } from "../../../sdk/train/tasks/classify.js";
import { regressTask } from "../../../sdk/train/tasks/regress.js";
import { tagTask } from "../../../sdk/train/tasks/tag.js";
import type { Metrics, Task, TaskSettings } from "../../../sdk/train/tasks/task.js";
import { engines } from "../../helpers/engines.js";
import { LENGTH, smallBert, tokenizer } from "../../helpers/small-bert.js";

const test = suite("tasks");
const [engine] = engines as [Engine];

const lines = (...rows: string[]): Source => textSource("memory", rows.join("\n"));
const FILLER = ["the", "a", "on", "to", "mat", "sun", "up", "sat"];
const filler = (i: number) => FILLER[i % FILLER.length]!;

/** Labels that one word decides. */
const classified = lines(
  "text\tlabel",
  ...Array.from(
    { length: 24 },
    (_, i) => `${filler(i)} ${i % 2 ? "cat" : "dog"} ${filler(3 * i + 1)}\t${i % 2 ? "meows" : "barks"}`,
  ),
);
/** Whether both texts speak of the same animal. */
const paired = lines(
  "premise\thypothesis\tlabel",
  ...Array.from(
    { length: 24 },
    (_, i) =>
      `${filler(i)} ${i % 2 ? "cat" : "dog"}\t${filler(i >> 1)} ${i % 2 ? "cat" : "dog"}\t${i % 2 ? "both" : "none"}`,
  ),
);
const scored = lines(
  "sentence1\tsentence2\tscore",
  ...Array.from(
    { length: 24 },
    (_, i) => `${Array.from({ length: 1 + (i % 4) }, () => "cat").join(" ")}\t${filler(i)}\t${(i % 4) / 2}`,
  ),
);
/** CoNLL-U: the tag is decided by the word. */
const tagged = lines(
  ...Array.from({ length: 16 }, (_, i) => [filler(i), i % 2 ? "cat" : "dogs", filler(i + 3)]).flatMap((words) => [
    ...words.map((word, n) => {
      const tag = n === 1 ? "NOUN" : FILLER.indexOf(word) < 4 ? "DET" : "X";
      return [n + 1, word, "_", tag, ..."______"].join("\t");
    }),
    "",
  ]),
);
const asked = lines(
  ...Array.from({ length: 16 }, (_, i) => {
    const [before, animal] = [`${filler(i)} ${filler(i + 2)} `.repeat(1 + (i % 2)), i % 3 ? "cat" : "dog"];
    const context = `${before}${animal} ${filler(i + 1)}`;
    return JSON.stringify({
      id: `${i}`,
      question: "to the cat",
      context,
      answers: [{ text: animal, start: before.length }],
    });
  }),
);

interface Run {
  readonly metrics: Metrics;
  readonly baseline: Metrics;
  readonly events: readonly FinetuneEvent[];
  readonly untrained: Metrics;
}

/** From a file to the figures of a model that was trained on it. */
async function run<Example, P extends ModelTask>(task: Task<Example, P>, source: Source, epochs = 15): Promise<Run> {
  const examples: Example[] = [];
  for await (const example of task.read(source)) examples.push(example);
  const labels = task.labels(examples);
  const settings: TaskSettings = { tokenizer, maxLength: LENGTH, labels };
  using loaded = await smallBert(engine, task.modelTask, labels, {
    hidden_dropout_prob: 0,
    attention_probs_dropout_prob: 0,
    initializer_range: 0.2,
  });
  const untrained = task.evaluate(loaded.model, examples, settings);
  const events: FinetuneEvent[] = [];
  const options = {
    loaded,
    task,
    settings,
    train: examples,
    dev: examples,
    epochs,
    learningRate: 5e-3,
    batchSize: 4,
    seed: 1,
  };
  for await (const event of finetune<Example, P>(options)) events.push(event);
  const before = engine.liveBytes;
  const metrics = task.evaluate(loaded.model, examples, settings);
  assert.is(engine.liveBytes, before, "evaluation gives all memory back");
  assert.ok(task.headline in metrics);
  assert.ok(task.decisions(examples) >= examples.length);
  return { metrics, untrained, events, baseline: task.baseline(examples, examples) };
}

for (const [name, start] of Object.entries({
  classify: () => run(classifyTask("classify"), classified),
  pair: () => run(classifyTask("pair"), paired),
  regress: () => run(regressTask(), scored),
  tag: () => run(tagTask, tagged),
  answer: () => run(answerTask, asked),
})) {
  test(`${name}: from a file to figures that an untrained model and a guesser do not reach`, async () => {
    const { metrics, untrained, baseline, events } = await start();
    const headline = name === "regress" ? "spearman" : name === "answer" ? "f1" : "accuracy";
    assert.ok(Object.values(metrics).every(Number.isFinite), JSON.stringify(metrics));
    assert.ok(metrics[headline]! > 0.9, JSON.stringify(metrics));
    assert.ok(metrics[headline]! > untrained[headline]!, JSON.stringify(untrained));
    if (name !== "tag") assert.ok(metrics[headline]! > baseline[headline]!, JSON.stringify(baseline));
    const epochs = events.flatMap((event) => (event.kind === "epoch" ? [event] : []));
    // An epoch is named when it is over: by how many have been.
    assert.equal(
      epochs.map(({ epoch }) => epoch),
      epochs.map((_, i) => i + 1),
    );
    // The weights of the best epoch are the ones that are left.
    assert.is(metrics[headline], Math.max(...epochs.map(({ metrics: own }) => own[headline]!)));
    assert.ok(
      epochs.every(
        ({ best }, i) =>
          best === epochs.slice(0, i).every((other) => other.metrics[headline]! < epochs[i]!.metrics[headline]!),
      ),
    );
    const steps = events.flatMap((event) => (event.kind === "step" ? [event] : []));
    assert.ok(steps.every(({ total }) => total === steps.length));
  });
}

test("regression: the error is squared and the score is one number a row", async () => {
  const { metrics, baseline } = await run(regressTask(), scored);
  // The guesser says the mean: the variance of 0, 0.5, 1 and 1.5.
  assert.equal(baseline, { spearman: 0, pearson: 0, mse: 0.3125 });
  assert.ok(metrics["mse"]! < 0.3125 && metrics["pearson"]! > 0.9, JSON.stringify(metrics));
});

/** A sentence as if it had been read, words joined by spaces. */
function sentence(words: string[], tags: string[]): TaggedSentence {
  const starts = words.map((_, i) => words.slice(0, i).reduce((sum, word) => sum + word.length + 1, 0));
  const offsets = Int32Array.from(words.flatMap((word, i) => [starts[i]!, starts[i]! + word.length]));
  return { words, tags, offsets, text: words.join(" ") };
}

const text = { text: "the cat", label: "meows" };

test("labels that the model does not have are refused, in training and in evaluation", async () => {
  const task = classifyTask("classify");
  const labels = new LabelSet(["barks", "purrs"]);
  using loaded = await smallBert(engine, "sequence-classification", labels);
  const settings = { tokenizer, maxLength: LENGTH, labels };
  const refused = (error: unknown) =>
    error instanceof LabelError && /label "meows" is not one of the model's: barks, purrs/.test(error.message);
  assert.throws(() => task.samples([text], settings), refused);
  assert.throws(() => task.evaluate(loaded.model, [text], settings), refused);
  assert.throws(() => task.samples([text], { ...settings, labels: null }), /classify: the model has no label set/);
  const words = sentence(["cat"], ["NOUN"]);
  assert.throws(() => tagTask.samples([words], settings), /label "NOUN" is not one of the model's/);
  assert.throws(() => tagTask.samples([words], { ...settings, labels: null }), /tag: the model has no label set/);
});

test("a label number beyond the head is refused before anything is computed with it", async () => {
  using loaded = await smallBert(engine, "sequence-classification", new LabelSet(["barks", "meows"]));
  const task = classifyTask("classify");
  const [sample] = task.samples([text], { tokenizer, maxLength: LENGTH, labels: new LabelSet(["a", "b", "meows"]) });
  // Weights are packed when they are first used, and stay so.
  task.evaluate(loaded.model, [text], { tokenizer, maxLength: LENGTH, labels: loaded.labels });
  const live = engine.liveBytes;
  for (const row of [2, -1]) {
    assert.throws(
      () => {
        using _ = new Scope();
        const batch = collate([{ ...sample!, labels: { row } }]);
        backward(() => task.objective.losses(loaded.model, batch, task.objective.counts(batch))[0]!);
      },
      new RegExp(`${row}`),
    );
  }
  assert.is(engine.liveBytes, live);
});

test("files that lack a field of the task are refused by name", async () => {
  const first = async <T>(rows: AsyncIterable<T>) => {
    for await (const row of rows) return row;
    return undefined;
  };
  const failing = (promise: Promise<unknown>) =>
    promise.then(
      () => "nothing",
      (error: Error) => error.message,
    );
  assert.match(await failing(first(classifyTask("classify").read(lines("text", "a cat")))), /memory:2: no label/);
  assert.match(
    await failing(first(classifyTask("pair").read(lines("text\tlabel", "a cat\tx")))),
    /memory:2: no second text/,
  );
  assert.match(
    await failing(first(regressTask().read(lines("text\tscore", "a cat\thigh")))),
    /memory:2: score must be a number, got "high"/,
  );
});

test("words behind the longest sequence are read through windows, which give the same tags as short sentences", async () => {
  const words = Array.from({ length: 2 * LENGTH }, (_, i) => (i % 3 === 0 ? "cat" : "the"));
  const labels = new LabelSet(["NOUN", "DET"]);
  using loaded = await smallBert(engine, "token-classification", labels);
  const settings = { tokenizer, maxLength: LENGTH, labels };
  const [tags] = tagWords(loaded.model, [words], settings);
  assert.is(tags!.length, words.length);
  assert.not.ok(tags!.includes(null));
  // The first window alone has these words; half of it precedes the position where the second takes over.
  const kept = Math.floor(LENGTH / 2);
  const [alone] = tagWords(loaded.model, [words.slice(0, LENGTH - 2)], settings);
  assert.equal(tags!.slice(0, kept), alone!.slice(0, kept));
  const { accuracy } = tagTask.evaluate(loaded.model, [sentence(words, tags as string[])], settings);
  assert.is(accuracy, 1);
});

test("tags of entities are scored as entities", async () => {
  const labels = new LabelSet(["B-ANIMAL", "I-ANIMAL", "O"]);
  using loaded = await smallBert(engine, "token-classification", labels);
  const metrics = tagTask.evaluate(loaded.model, [sentence(["the", "cat"], ["O", "B-ANIMAL"])], {
    tokenizer,
    maxLength: LENGTH,
    labels,
  });
  assert.equal(Object.keys(metrics), ["accuracy", "precision", "recall", "f1"]);
});

/** A model whose span scores are as told: at tokens that `pick` chooses by their id. */
function pointing(first: string, none: number): Pretrained<"question-answering">["model"] {
  const id = tokenizer.id(first)!;
  return {
    hiddenSize: 1,
    maxLength: LENGTH,
    encode: (batch) => ({ batch }) as never,
    spanScores: (hidden) => {
      const { ids, positions } = (hidden as unknown as { batch: { ids: Int32Array; positions: Int32Array } }).batch;
      const scores = Float32Array.from({ length: 2 * ids.length }, (_, i) =>
        positions[i >> 1] === 0 ? none : ids[i >> 1] === id ? 5 : -5,
      );
      return { data: scores, shape: [ids.length, 2], size: scores.length } as never;
    },
  };
}

test("answers are sliced from the context as written, from any window; nothing is said where nothing scores higher", () => {
  const settings = { tokenizer, maxLength: LENGTH, labels: null };
  // Longer than one window; upper case and punctuation stay as they are.
  const context = `${"the sun is up ".repeat(6)}A CAT ran to ${"the mat ".repeat(6)}`;
  const question = { id: "1", question: "to the", context, answers: [{ text: "CAT", start: context.indexOf("CAT") }] };
  const [found] = findAnswers(pointing("cat", -5), [question], settings);
  assert.equal([found!.answer, found!.start, found!.score, found!.none], ["CAT", context.indexOf("CAT"), 10, -10]);
  assert.equal(answerTask.evaluate(pointing("cat", -5), [question], settings), { exact_match: 1, f1: 1 });
  const impossible = { ...question, id: "2", answers: [] };
  // The no-answer score is the lowest over the windows, and decides only where some question has no answer.
  assert.equal(answerTask.evaluate(pointing("cat", 9), [question], settings), { exact_match: 1, f1: 1 });
  assert.equal(answerTask.evaluate(pointing("cat", 9), [question, impossible], settings), {
    exact_match: 0.5,
    f1: 0.5,
  });
  assert.equal(answerTask.evaluate(pointing("cat", -5), [question, impossible], settings), {
    exact_match: 0.5,
    f1: 0.5,
  });
  const [nothing] = findAnswers(pointing("cat", 0), [{ question: "to", context: "" }], settings);
  assert.equal([nothing!.answer, nothing!.score], ["", Number.NEGATIVE_INFINITY]);
});

test("fine-tuning ends when patience does, and without a development part keeps the last epoch", async () => {
  const task = classifyTask("classify");
  const examples = Array.from({ length: 6 }, (_, i) => ({ text: filler(i), label: i % 2 ? "a" : "b" }));
  const labels = task.labels(examples)!;
  using loaded = await smallBert(engine, "sequence-classification", labels);
  const settings = { tokenizer, maxLength: LENGTH, labels };
  const options = { loaded, task, settings, train: examples, epochs: 9, learningRate: 0, batchSize: 6, seed: 1 };
  const kinds: string[] = [];
  for await (const { kind } of finetune<(typeof examples)[number], "sequence-classification">({
    ...options,
    dev: examples,
    patience: 2,
  }))
    kinds.push(kind);
  // Nothing is learned at rate 0: the first epoch is the best, two more are not better.
  assert.equal(kinds, ["step", "epoch", "step", "epoch", "step", "epoch"]);
  const steps: string[] = [];
  for await (const { kind } of finetune<(typeof examples)[number], "sequence-classification">(options))
    steps.push(kind);
  assert.equal(
    steps,
    Array.from({ length: 9 }, () => "step"),
  );
});

test("tag: a tag that the model does not have counts as wrong, and has no place among its classes", async () => {
  const labels = new LabelSet(["DET", "NOUN"]);
  const settings: TaskSettings = { tokenizer, maxLength: LENGTH, labels };
  using loaded = await smallBert(engine, "token-classification", labels);
  const sentence = (tags: string[]) => ({ words: ["the", "cat"], tags, offsets: new Int32Array(4), text: "the cat" });
  const { metrics, gold } = tagTask.predict!(loaded.model, [sentence(["X", "X"]), sentence(["DET", "X"])], settings);
  assert.equal(gold, [0]);
  assert.ok(metrics["accuracy"]! <= 0.25);
});

test.run();
