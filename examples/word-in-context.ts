/**
 * One word, two meanings: "they fish", "a fish". Do its vectors in different sentences fall apart, and in which layer? Beside
 * it the same network with random weights, which knows nothing of meaning.
 *
 *   npm run example word-in-context [-- MODEL-FOLDER]      such as cloze-tour/model or a downloaded BERT
 */
// biome-ignore format: a list
import { Engine, loadModel, loadTokenizer } from "cloze";
import { sampleOf } from "cloze/data";
import { senseSeparation } from "cloze/metrics";
import { centred } from "cloze/multilingual";
import { folder } from "cloze/node";
import { atLayers, hiddenStates, wordVector } from "cloze/tensor";
import { tags } from "./lesson/corpus.js";
import { percent } from "./lesson/learning.js";
import { lookAt } from "./lesson/look-at.js";
import { smallPretrained } from "./lesson/pretrained.js";

const { train, test } = await tags();
const sentences = [...train, ...test];
/** Where each word is a noun or a verb, and which of them it is. */
const uses = new Map<string, { sentence: number; at: number; tag: string }[]>();
for (const [sentence, { words, tags }] of sentences.entries())
  for (const [at, tag] of tags.entries()) {
    const word = words[at]!.toLowerCase();
    if (tag === "NOUN" || tag === "VERB") uses.set(word, [...(uses.get(word) ?? []), { sentence, at, tag }]);
  }
const both = [...uses].filter(([, list]) =>
  ["NOUN", "VERB"].every((kind) => list.filter(({ tag }) => tag === kind).length > 1),
);
const count = both.flatMap(([, list]) => list).length;
console.log(`${count} uses of words that are nouns and verbs: ${both.map(([word]) => word).join(" ")}`);

const [path] = process.argv.slice(2);
const engine = await Engine.create();
const files = path === undefined ? await smallPretrained(engine) : folder(path);
const tokenizer = await loadTokenizer(files);
const samples = sentences.map(({ words }) => sampleOf(tokenizer.encode(words.join(" "))));
for (const scratch of [true, false]) {
  using loaded = await loadModel(engine, files, { task: "feature-extraction", scratch, seed: 1 });
  for (const layer of [0, 1, -1]) {
    const states = hiddenStates(atLayers(loaded.model, [layer]), samples);
    let [right, apart] = [0, 0];
    for (const [, list] of both) {
      const vectors = list.map(({ sentence, at }) => wordVector(states[sentence]!, samples[sentence]!, at));
      // Subtract the mean over all uses of a word; the rest comes from the context.
      const figures = senseSeparation(centred(vectors), list.map(({ tag }) => tag)); // biome-ignore format: one line
      right += (figures.accuracy * list.length) / count;
      apart += (figures.separation * list.length) / count;
    }
    const name = `${scratch ? "random " : "trained"}, layer ${String(layer).padStart(2)}`;
    console.log(`${name}: nearest use of the same kind ${percent(right)}; cosine greater by ${apart.toFixed(3)}`);
  }
}
lookAt(
  "layer 0 knows the word and its position, no context. With random weights the layers add nothing; trained ones tell a cook from cooking, though the model was never told about nouns and verbs.",
);
engine.dispose();
