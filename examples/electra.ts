/**
 * A tiny ELECTRA learns four stories: its generator fills masked words in, its discriminator says of every word whether it
 * is the original. Then it judges a sentence in which a word was changed.
 *
 *   npm run example electra
 */
// biome-ignore format: a list
import { adamW, Engine, electraConfigs, electraPretraining, freshElectra, linearSchedule, train } from "cloze";
import { collate, pretrainingSamples, sampleOf, tokenizeDocuments } from "cloze/data";
import { replacedHeldOut } from "cloze/metrics";
import { Scope } from "cloze/tensor";
import { trainWordPiece } from "cloze/tokenizer";
import { documents } from "./lesson/corpus.js";
import { lookAt } from "./lesson/look-at.js";

const STEPS = 600;
const stories = await documents();
const tokenizer = trainWordPiece(stories.slice(0, 4).flat(), { size: 400 });
const packing = { maxLength: 32, tokenizer, seed: 1 };
const samplesOf = (texts: string[][]) => pretrainingSamples(tokenizeDocuments(tokenizer, texts), "sentences", packing);

const engine = await Engine.create();
const width = { hiddenSize: 96, numAttentionHeads: 3, initializerRange: 0.08 };
const sizes = { vocabSize: tokenizer.size, numHiddenLayers: 2, maxPositionEmbeddings: 64, dropout: 0, ...width };
const { model, weights } = freshElectra(engine, electraConfigs(sizes), 1);
const masking = { tokenizer };
const [samples, objective] = [samplesOf(stories.slice(0, 4)), electraPretraining(masking)];
const [optimizer, rate] = [adamW(weights), linearSchedule(2e-3, 60, STEPS)];
const run = train({
  engine,
  model,
  samples,
  objective,
  optimizer,
  learningRate: rate,
  batchSize: 16,
  seed: 1,
  steps: STEPS,
});
for await (const { step, parts } of run) if (step % 100 === 0) console.log(`step ${step}`, parts);

const percent = (share: number) => `${Math.round(100 * share)} %`;
for (const texts of [stories.slice(0, 4), stories.slice(100, 104)]) {
  const { accuracy, alwaysOriginal, found } = replacedHeldOut(model, samplesOf(texts)(0), masking);
  console.log(`${percent(accuracy)} judged rightly, ${percent(found)} of the changed found;`);
  console.log(`    saying "original" each time is right in ${percent(alwaysOriginal)}`);
}
const first = stories[0]![0]!;
for (const text of [first, first.replace("middle", "window")]) {
  using _ = new Scope();
  const batch = collate([sampleOf(tokenizer.encode(text))]);
  const { data } = model.discriminator.replacedScores(model.discriminator.encode(batch));
  const word = (id: number, i: number) => `${tokenizer.token(id)} ${percent(1 / (1 + Math.exp(-data[i]!)))}`;
  console.log(Array.from(batch.ids, word).slice(1, -1).join("  "));
}
lookAt(
  "the first figures are for stories it was trained on, with other words replaced than in training; the second for unseen stories, where everything looks suspicious: four stories are not a language. After each piece is the probability that it was replaced. The discriminator's loss is 50 times its cost per token.",
);
engine.dispose();
