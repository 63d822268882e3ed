/** Multi-label classification: its loss as PyTorch computes it, its scores as scikit-learn does, and the task as a whole. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { collate } from "../../../sdk/data/sample.js";
import { textSource } from "../../../sdk/data/source.js";
import { Engine } from "../../../sdk/engine/engine.js";
import { LabelSet } from "../../../sdk/heads/labels.js";
import { encodeText, multiLabelClassification } from "../../../sdk/heads/pooled.js";
import { memoryFiles } from "../../../sdk/io/files/files.js";
import { loadModel } from "../../../sdk/io/pretrained/pretrained.js";
import { saveModel } from "../../../sdk/io/pretrained/save.js";
import { loadTokenizer } from "../../../sdk/io/tokenizers/tokenizer-files.js";
import { textClassification } from "../../../sdk/pipelines/text-classification.js";
import { Scope } from "../../../sdk/tensor/scope.js";
import { finetune } from "../../../sdk/train/loop/finetune.js";
import { multiLabelScores } from "../../../sdk/train/metrics/classification.js";
import { type MultiLabelledText, multiLabelTask } from "../../../sdk/train/tasks/multi-label.js";
import { near } from "../../helpers/near.js";
import { BOUND, LENGTH, type ReferenceModel, reference, referenceFolder } from "../../helpers/reference-folder.js";
import { refused } from "../../helpers/refused.js";

const test = suite("multi-label");
const engine = await Engine.create();
const { multi } = reference<{
  multi: ReferenceModel & { learned: { texts: string[]; classes: number[][]; loss: number } };
}>("text-classification");
const task = multiLabelTask();

async function rowsOf(text: string): Promise<MultiLabelledText[]> {
  const rows: MultiLabelledText[] = [];
  for await (const row of task.read(textSource("rows", text))) rows.push(row);
  return rows;
}

test("the loss is PyTorch's BCEWithLogitsLoss: the mean over texts and classes", async () => {
  const files = referenceFolder(multi);
  using loaded = await loadModel(engine, files, { task: "sequence-classification" });
  const tokenizer = await loadTokenizer(files);
  const { texts, classes, loss } = multi.learned;
  const samples = texts.map((text, i) => ({
    ...encodeText(tokenizer, { text }, LENGTH),
    labels: { classes: Int32Array.from(classes[i]!) },
  }));
  using _ = new Scope();
  const batch = collate(samples);
  const objective = multiLabelClassification();
  assert.is(objective.count(batch), 9);
  const got = objective.loss(loaded.model, loaded.model.encode(batch), batch, 9).item();
  near([got], [loss], BOUND);
});

test("scores are scikit-learn's: F1 of average micro and macro, and the accuracy of whole rows", () => {
  const gold = [
    [1, 0, 1, 0],
    [0, 0, 0, 0],
    [1, 1, 0, 0],
    [0, 1, 1, 0],
    [1, 0, 0, 0],
  ];
  const predicted = [
    [1, 0, 0, 0],
    [0, 0, 0, 0],
    [1, 1, 1, 0],
    [0, 0, 1, 0],
    [1, 0, 0, 1],
  ];
  const { microF1, macroF1, exactMatch } = multiLabelScores(predicted, gold, 4);
  near([microF1, macroF1, exactMatch], [0.7142857142857143, 0.5416666666666666, 0.2], { atol: 1e-12 });
});

test("rows: lists in JSON, one label, none, and a column of names divided by commas", async () => {
  const json = [
    '{"text": "a", "labels": ["x", "y"]}',
    '{"text": "b", "label": ["y"]}',
    '{"text": "c", "label": "z"}',
    '{"text": "d", "labels": []}',
    '{"text": "e", "label": [1, 2]}',
  ].join("\n");
  assert.equal(
    (await rowsOf(json)).map(({ labels }) => labels),
    [["x", "y"], ["y"], ["z"], [], ["1", "2"]],
  );
  assert.equal(
    (await rowsOf("text\tlabels\na\tx, y\nb\t\nc\tz")).map(({ labels }) => labels),
    [["x", "y"], [], ["z"]],
  );
  await refused(() => rowsOf('{"text": "a", "labels": [["x"]]}'), /rows:1: labels must be a list of texts or numbers/);
  await refused(() => rowsOf('{"text": "a"}'), /rows:1: no labels; expected a list/);
});

test("learned, saved and predicted: each label is a decision of its own, and may be none", async () => {
  const files = referenceFolder(multi);
  const tokenizer = await loadTokenizer(files);
  // Whether there is a cat, a dog and the sun: any of them, or none.
  const rows = await rowsOf(
    [
      ["the cat sat on the mat", ["cat"]],
      ["a dog ran to the cat", ["cat", "dog"]],
      ["the sun is up", ["sun"]],
      ["who was in paris", []],
      ["the dog ran", ["dog"]],
      ["the cat and the dog", ["cat", "dog"]],
      ["anna lives in rome", []],
      ["a cat", ["cat"]],
      ["a dog", ["dog"]],
    ]
      .map(([text, labels]) => JSON.stringify({ text, labels }))
      .join("\n"),
  );
  const labels = task.labels(rows)!;
  assert.equal([labels.names, labels.multiLabel], [["cat", "dog", "sun"], true]);
  using loaded = await loadModel(engine, files, { task: "sequence-classification", labels });
  const settings = { tokenizer, labels, maxLength: LENGTH };
  const run = { loaded, task, settings, train: rows, dev: rows, epochs: 40, learningRate: 1e-2, batchSize: 4, seed: 1 };
  for await (const _ of finetune(run));
  assert.equal(task.evaluate(loaded.model, rows, settings), { micro_f1: 1, macro_f1: 1, exact_match: 1 });
  const folder = memoryFiles();
  await saveModel(folder, { ...loaded, tokenizer, maxLength: LENGTH });
  const config = JSON.parse(new TextDecoder().decode((await folder.read("config.json"))!)) as Record<string, unknown>;
  assert.is(config["problem_type"], "multi_label_classification");
  using classify = await textClassification(folder, { engine, threshold: 0.5 });
  for (const { text, labels: want } of rows)
    assert.equal(
      classify(text)
        .map(({ label }) => label)
        .sort(),
      [...want].sort(),
      text,
    );
  using again = await loadModel(engine, folder);
  assert.ok(again.labels!.multiLabel);
});

test("the baseline predicts the labels of more than half of the texts; the threshold changes the predictions", async () => {
  const rows = await rowsOf(
    '{"text":"a","labels":["x"]}\n{"text":"b","labels":["x","y"]}\n{"text":"c","labels":["x"]}',
  );
  // x is right three times of three, y is missed once: F1 of 3 / (3 + 1/2).
  near([task.baseline(rows, rows)["micro_f1"]!], [6 / 7], { atol: 1e-12 });
  const files = referenceFolder(multi);
  using loaded = await loadModel(engine, files, { task: "sequence-classification" });
  const settings = { tokenizer: await loadTokenizer(files), labels: loaded.labels, maxLength: LENGTH };
  const all = [{ text: "the sun is up", labels: loaded.labels!.names }];
  assert.is(multiLabelTask({ threshold: 0 }).evaluate(loaded.model, all, settings)["micro_f1"], 1);
  assert.is(multiLabelTask({ threshold: 1 }).evaluate(loaded.model, all, settings)["micro_f1"], 0);
  assert.ok(loaded.labels instanceof LabelSet);
});

test.run();
