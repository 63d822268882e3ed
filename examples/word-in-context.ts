/**
 * One word, two meanings: do its vectors in different sentences fall apart, and in which layer? Beside it the same network
 * with random weights, which knows nothing of meaning.
 *
 *   npm run example word-in-context -- MODEL-FOLDER
 */
import {
  atLayers,
  cosine,
  Engine,
  hiddenStates,
  loadModel,
  loadTokenizer,
  type Pretrained,
  sampleOf,
  senseSeparation,
  wordVector,
} from "cloze";
import { folder } from "cloze/node";

const [path] = process.argv.slice(2);
if (path === undefined) throw new Error("name a model folder, such as cloze-tour/model or a downloaded BERT");

const sentences = {
  money: ["the bank raised its interest rate", "she put her money in the bank", "the bank lent him a thousand pounds"],
  river: ["we sat on the bank of the river", "the bank of the stream was steep", "reeds grow along the muddy bank"],
};
const senses = Object.entries(sentences).flatMap(([sense, texts]) => texts.map(() => sense));
const words = Object.values(sentences)
  .flat()
  .map((text) => text.split(" "));
const engine = await Engine.create();
const tokenizer = await loadTokenizer(folder(path));
const samples = words.map((sentence) => sampleOf(tokenizer.encode(sentence)));

/** The vector of "bank" in each sentence, from one layer. */
function vectorsOf({ model }: Pretrained<"encode">, layer: number): Float32Array[] {
  const states = hiddenStates(atLayers(model, [layer]), samples);
  return words.map((sentence, i) => wordVector(states[i]!, samples[i]!, sentence.indexOf("bank")));
}

const trained = await loadModel(engine, folder(path), { purpose: "encode" });
const random = await loadModel(engine, folder(path), { purpose: "encode", scratch: true });
const last = vectorsOf(trained, -1);
for (const [i, a] of last.entries())
  console.log(`${last.map((b) => cosine(a, b).toFixed(2)).join("  ")}   ${words[i]!.join(" ")}`);
for (const [name, loaded, layers] of [
  ["trained", trained, [0, 1, 2, -1]],
  ["random", random, [-1]],
] as const)
  for (const layer of layers) {
    const { separation, accuracy } = senseSeparation(vectorsOf(loaded, layer), senses);
    console.log(
      `${name}, layer ${layer}: ${separation.toFixed(3)} nearer to its own sense; nearest neighbour right: ${(100 * accuracy).toFixed(0)} %`,
    );
  }
console.log("Look at: layer 0 knows the word and its place, no context; the last layers tell money from river.");
engine.dispose();
