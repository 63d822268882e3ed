/**
 * BERT: masked tokens are predicted from both sides, and pairs of segments are judged as consecutive or not.
 *
 *   npm run example bert
 */
// biome-ignore format: a list
import { combine, Engine, fillMask, freshConfig, freshModel, maskedLm, memoryFiles, nextSentencePrediction, saveModel, single } from "cloze";
import { pretrainingSamples, tokenizeDocuments } from "cloze/data";
import { maskedHeldOut, pairAccuracy } from "cloze/metrics";
import { repeatPositions } from "cloze/tensor";
import { trainWordPiece } from "cloze/tokenizer";
import { documents, heldOut } from "./lesson/corpus.js";
import { learn, percent, SIZES } from "./lesson/learning.js";
import { lookAt } from "./lesson/look-at.js";

const text = await documents();
const tokenizer = trainWordPiece(text.flat(), { size: 1000 });
const packing = { maxLength: 48, tokenizer, seed: 1 };
const masking = { tokenizer, maskingRate: 0.25 };
const engine = await Engine.create();
const bert = freshModel(engine, freshConfig("bert", { vocabSize: tokenizer.size, ...SIZES }), "pretraining", 1);

const read = tokenizeDocuments(tokenizer, text);
// As BERT itself did: short sequences for most of the steps, then longer ones, here with the pairs.
const short = pretrainingSamples(read, "sentences", { ...packing, maxLength: 32 });
await learn(engine, bert, single(maskedLm(masking)), short, { steps: 2000 });
repeatPositions(bert.weights, 32);
const pairs = pretrainingSamples(read, "next-sentence-prediction", packing);
await learn(engine, bert, combine(maskedLm(masking), nextSentencePrediction()), pairs, {
  steps: 250,
  rate: 1e-3,
});

const unread = tokenizeDocuments(tokenizer, await heldOut());
const sentences = pretrainingSamples(unread, "sentences", packing)(0);
const { loss, unigramEntropy: level } = maskedHeldOut(bert.model, sentences, masking);
const right = pairAccuracy(bert.model, pretrainingSamples(unread, "next-sentence-prediction", packing)(0));
console.log(`on texts it has not read: loss ${loss.toFixed(3)} nats; guessing by frequency ${level.toFixed(3)}`);
console.log(`pairs of segments judged rightly: ${percent(right)}`);

const folder = memoryFiles();
await saveModel(folder, { ...bert, tokenizer, maxLength: SIZES.maxPositionEmbeddings });
const fill = await fillMask(folder, { engine, topK: 3 });
for (const sentence of ["The cat sat [MASK] the chair.", "She opened the [MASK] and looked at the sky."]) {
  const guesses = fill(sentence);
  console.log(sentence, guesses.map(({ token_str, score }) => `${token_str} ${percent(score)}`).join(", "));
}
lookAt(
  "the masked loss falls below the unigram entropy, so context is used. Next-sentence prediction stays near chance for long; from the first step on it would keep a model this small from learning masked tokens.",
);
engine.dispose();
