/**
 * Part-of-speech tagging: each word is classified from the state of its first piece.
 *
 *   npm run example tagging
 */
import { Engine, loadModel, loadTokenizer, tagTask } from "cloze";
import { tagWords } from "cloze/metrics";
import { tags } from "./lesson/corpus.js";
import { adaptTo, percent } from "./lesson/learning.js";
import { lookAt } from "./lesson/look-at.js";
import { smallPretrained } from "./lesson/pretrained.js";

const engine = await Engine.create();
const files = await smallPretrained(engine);
const tokenizer = await loadTokenizer(files);
const { train, test } = await tags();
const labels = tagTask.labels(train)!;
const settings = { tokenizer, labels, maxLength: 64 };

for (const scratch of [true, false]) {
  using loaded = await loadModel(engine, files, { task: "token-classification", labels, scratch, seed: 1 });
  const { accuracy } = await adaptTo({ loaded, task: tagTask, settings, train, epochs: 5, learningRate: 1e-3 }, test);
  console.log(`${scratch ? "from scratch" : "pre-trained "}  ${percent(accuracy!)} of the words right`);
  if (scratch) continue;
  for (const sentence of ["I saw the old man fish .", "The fish saw an old saw ."]) {
    const words = sentence.split(" ");
    const [found] = tagWords(loaded.model, [words], settings);
    console.log(words.map((word, i) => `${word}/${found![i]}`).join(" "));
  }
}
console.log(`each word's most frequent tag: ${percent(tagTask.baseline(train, test)["accuracy"]!)}`);
lookAt('words such as "saw" and "fish" have two tags. A word list knows only one of them.');
engine.dispose();
