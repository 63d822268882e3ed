/**
 * One model of five languages, and sentence vectors that place a sentence near its translations.
 *
 *   npm run example multilingual
 */
// biome-ignore format: a list
import { Engine, freshConfig, freshModel } from "cloze";
import { sampleOf } from "cloze/data";
import { centred, mineBitext, miningFigures, retrievalFigures } from "cloze/multilingual";
import { embeddingObjective, embedTexts } from "cloze/tensor";
import { trainWordPiece } from "cloze/tokenizer";
import { parallel } from "./lesson/corpus.js";
import { learn, percent, SIZES } from "./lesson/learning.js";
import { lookAt } from "./lesson/look-at.js";

const languages = ["en", "de", "fr", "es", "zh"];
const texts = await Promise.all(languages.map(parallel));
const all = texts.flatMap(({ train }) => train);
const tokenizer = trainWordPiece(all, { size: 2000, lowercase: true, stripAccents: false });
const engine = await Engine.create();
const config = freshConfig("bert", { vocabSize: tokenizer.size, ...SIZES, dropout: 0.1 });
const model = freshModel(engine, config, "feature-extraction", 1);
const pooling = { mode: "mean", normalize: true } as const;
const vectorsOf = (lines: readonly string[]) =>
  embedTexts(model.model, tokenizer, lines, pooling, SIZES.maxPositionEmbeddings);

// Of sentences it has not read: is the translation the nearest of all?
const report = (when: string): void => {
  const [english, ...others] = texts.map(({ test }) => vectorsOf(test));
  const shares = others.map((other, i) => {
    const [as, middle] = [retrievalFigures(english!, other), retrievalFigures(centred(english!), centred(other))];
    return `${languages[i + 1]} ${percent(as.mean)}, centred ${percent(middle.mean)}`;
  });
  console.log(`${when}: ${shares.join("; ")}; chance ${percent(1 / english!.length)}`);
};
report("untrained");
const sample = (text: string) =>
  sampleOf(tokenizer.encode(text, undefined, { truncate: { length: SIZES.maxPositionEmbeddings } }));
const samples = texts.map(({ train }) => train.map(sample));
// Each sentence with its translation, in every two languages; the other translations of a batch are the wrong ones.
const pairs = samples.flatMap((own, i) =>
  samples.flatMap((other, j) => (i === j ? [] : own.map((one, k) => ({ ...one, target: other[k]! })))),
);
await learn(engine, model, embeddingObjective(pooling), () => pairs, { steps: 600, rate: 1e-3, rows: 32 });
report("trained");

const [english, german] = [vectorsOf(texts[0]!.test), vectorsOf(texts[1]!.test)];
const mined = mineBitext(english, german);
const gold = english.map((_, i) => [i, i] as const);
console.log(
  `mined from the two heaps of sentences: F1 ${percent(miningFigures(mined, gold).f1)}; the surest pairs are`,
);
for (const { source, target } of mined.slice(0, 3))
  console.log(`    ${texts[0]!.test[source]}  =  ${texts[1]!.test[target]}`);
lookAt(
  "five hundred sentences are few, and unseen ones are still found, by the words they share with seen ones. Centring removes what all vectors of a language have in common. See also fake-english, zero-shot-tags.",
);
engine.dispose();
