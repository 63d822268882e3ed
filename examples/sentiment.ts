/**
 * Sentiment: a linear classifier on the [CLS] state, with a pre-trained model and with random weights.
 *
 *   npm run example sentiment
 */
import { classifyTask, Engine, loadModel, loadTokenizer, memoryFiles, saveModel, textClassification } from "cloze";
import { sentiment } from "./lesson/corpus.js";
import { adaptTo, percent } from "./lesson/learning.js";
import { lookAt } from "./lesson/look-at.js";
import { smallPretrained } from "./lesson/pretrained.js";

const engine = await Engine.create();
const files = await smallPretrained(engine);
const tokenizer = await loadTokenizer(files);
const { train, test } = await sentiment();
const task = classifyTask("classify");
const labels = task.labels(train)!;
const settings = { tokenizer, labels, maxLength: 64 };

for (const scratch of [true, false]) {
  using loaded = await loadModel(engine, files, { task: "sequence-classification", labels, scratch, seed: 1 });
  const { accuracy } = await adaptTo({ loaded, task, settings, train, epochs: 4, learningRate: 5e-4 }, test);
  console.log(
    `${scratch ? "from scratch  " : "pre-trained   "} ${percent(accuracy!)} of ${test.length} sentences right`,
  );
  if (scratch) continue;
  const folder = memoryFiles();
  await saveModel(folder, { ...loaded, tokenizer, maxLength: 64 });
  const classify = await textClassification(folder, { engine });
  for (const text of ["The soup was cold and the waiter was rude.", "What a wonderful evening!"])
    console.log(text, classify(text));
}
console.log(`always the most frequent class  ${percent(task.baseline(train, test)["accuracy"]!)}`);
lookAt(
  "single words decide here, and a thousand labelled sentences contain most of them, so a minute of pre-training adds little; for parts of speech (npm run example tagging) it adds much.",
);
engine.dispose();
