/**
 * Natural language inference: does the second sentence follow from the first, contradict it, or neither?
 *
 *   npm run example inference
 */
import { classifyTask, Engine, loadModel, loadTokenizer } from "cloze";
import { inference } from "./lesson/corpus.js";
import { adaptTo, percent } from "./lesson/learning.js";
import { lookAt } from "./lesson/look-at.js";
import { smallPretrained } from "./lesson/pretrained.js";

const engine = await Engine.create();
const files = await smallPretrained(engine);
const tokenizer = await loadTokenizer(files);
const { train, test } = await inference();
const task = classifyTask("pair");
const labels = task.labels(train)!;
const settings = { tokenizer, labels, maxLength: 64 };
const pair = tokenizer.encode(train[0]!.text, train[0]!.pair);
console.log(Array.from(pair.ids, (id, i) => `${tokenizer.token(id)}${pair.segments[i] === 1 ? "₂" : ""}`).join(" "));

for (const scratch of [true, false]) {
  using loaded = await loadModel(engine, files, { task: "sequence-classification", labels, scratch, seed: 1 });
  const { accuracy } = await adaptTo({ loaded, task, settings, train, epochs: 5, learningRate: 5e-4 }, test);
  console.log(`${scratch ? "from scratch" : "pre-trained "}  ${percent(accuracy!)} of ${test.length} pairs right`);
}
console.log(`always the most frequent class: ${percent(task.baseline(train, test)["accuracy"]!)}`);
lookAt(
  "the pieces of the second sentence (₂) have a segment embedding of their own. A model this small learns words that contradict each other (open, closed), and a minute of pre-training adds nothing to that: entailment needs more text.",
);
engine.dispose();
