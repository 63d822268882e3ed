/**
 * Sentence vectors by contrastive learning: each sentence must find its successor among other sentences.
 *
 *   npm run example sentence-vectors
 */
import { Engine, loadModel, loadTokenizer, nearest } from "cloze";
import { sampleOf } from "cloze/data";
import { embeddingObjective, embedTexts } from "cloze/tensor";
import { documents, heldOut } from "./lesson/corpus.js";
import { learn, percent } from "./lesson/learning.js";
import { lookAt } from "./lesson/look-at.js";
import { smallPretrained } from "./lesson/pretrained.js";

const engine = await Engine.create();
const files = await smallPretrained(engine);
const tokenizer = await loadTokenizer(files);
using loaded = await loadModel(engine, files, { task: "feature-extraction" });
const pooling = { mode: "mean", normalize: true } as const;
const vectorsOf = (texts: readonly string[]) => embedTexts(loaded.model, tokenizer, texts, pooling, 64);

const neighbours = (texts: string[][]) =>
  texts.flatMap((text) => text.slice(1).map((sentence, i) => [text[i]!, sentence] as const));
const [read, unread] = [neighbours(await documents()), neighbours(await heldOut())];
/** How many of the others are further away than the right one. */
const score = (): number => {
  const [first, second] = [vectorsOf(unread.map(([one]) => one)), vectorsOf(unread.map(([, next]) => next))];
  const shares = first.map((vector, i) => {
    const order = nearest(vector, second, second.length);
    return 1 - order.findIndex(({ index }) => index === i) / order.length;
  });
  return shares.reduce((sum, share) => sum + share, 0) / shares.length;
};
console.log(`before: the next sentence is nearer than ${percent(score())} of all others`);
const sample = (text: string) => sampleOf(tokenizer.encode(text, undefined, { truncate: { length: 64 } }));
const pairs = read.map(([one, next]) => ({ ...sample(one), target: sample(next) }));
// Multiple negatives: of the 32 next sentences of a batch, 31 are the wrong ones.
await learn(engine, loaded, embeddingObjective(pooling), () => pairs, { steps: 250, rate: 5e-4, rows: 32 });
console.log(`after:  the next sentence is nearer than ${percent(score())} of all others (chance 50 %)`);

const texts = read.map(([one]) => one).slice(0, 2000);
const vectors = vectorsOf(texts);
for (const query of ["The dog is hungry.", "It rained all day."])
  console.log(
    query,
    nearest(vectorsOf([query])[0]!, vectors, 3).map(({ index, score: how }) => `${texts[index]} (${how.toFixed(2)})`),
  );
lookAt("nothing says which sentences are similar. What the vectors encode follows from what they must tell apart.");
engine.dispose();
