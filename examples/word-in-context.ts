/**
 * One word, two meanings: how far apart are its vectors in different sentences?
 *
 *   npm run example word-in-context -- MODEL-FOLDER
 */
import { Engine, hiddenStates, loadModel, loadTokenizer, sampleOf, wordVector } from "cloze";
import { folder } from "cloze/node";
import { cosine } from "cloze/report";

const [path] = process.argv.slice(2);
if (path === undefined) throw new Error("name a model folder, such as cloze-tour/model or a downloaded BERT");

const sentences = [
  "the bank raised its interest rate",
  "she put her money in the bank",
  "we sat on the bank of the river",
  "the bank of the stream was steep",
];
const engine = await Engine.create();
const { model } = await loadModel(engine, folder(path), { purpose: "encode" });
const tokenizer = await loadTokenizer(folder(path));
const samples = sentences.map((sentence) => sampleOf(tokenizer.encode(sentence)));
const states = hiddenStates(model, samples);
const vectors = sentences.map((sentence, i) =>
  wordVector(states[i]!, samples[i]!, sentence.split(" ").indexOf("bank")),
);

for (const [i, a] of vectors.entries())
  console.log(`${vectors.map((b) => cosine(a, b).toFixed(2)).join("  ")}   ${sentences[i]}`);
console.log("Look at: rows of one meaning should be closer to each other than to rows of the other.");
engine.dispose();
