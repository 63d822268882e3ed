/**
 * ALBERT: one layer applied repeatedly, narrow embeddings, masked n-grams, and the order of two segments.
 *
 *   npm run example albert
 */
// biome-ignore format: a list
import { combine, Engine, freshConfig, freshModel, ngramMaskedLm, sentenceOrderPrediction, single } from "cloze";
import { pretrainingSamples, tokenizeDocuments } from "cloze/data";
import { maskedHeldOut, pairAccuracy } from "cloze/metrics";
import { trainUnigram } from "cloze/tokenizer";
import { documents, heldOut } from "./lesson/corpus.js";
import { learn, percent, SIZES } from "./lesson/learning.js";
import { lookAt } from "./lesson/look-at.js";

const text = await documents();
const special = ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"];
const tokenizer = trainUnigram(text.flat(), { size: 1200, lowercase: true, special });
const packing = { maxLength: 32, tokenizer, seed: 1 };
const masking = { tokenizer, maskingRate: 0.25 };
const engine = await Engine.create();
const sizes = { vocabSize: tokenizer.size, ...SIZES, special: tokenizer.special };
const config = { ...freshConfig("albert", sizes), embedding_size: 48 };
const albert = freshModel(engine, config, "pretraining", 1);
const bert = freshModel(engine, freshConfig("bert", sizes), "pretraining", 1);
console.log(`${albert.weights.count} parameters; a BERT of the same width and depth has ${bert.weights.count}`);
bert[Symbol.dispose]();

const read = tokenizeDocuments(tokenizer, text);
const ngrams = ngramMaskedLm(masking);
await learn(engine, albert, single(ngrams), pretrainingSamples(read, "sentences", packing), { steps: 2000 });
const pairs = pretrainingSamples(read, "sentence-order-prediction", packing);
await learn(engine, albert, combine(ngrams, sentenceOrderPrediction()), pairs, { steps: 300, rate: 1e-3 });

const unread = tokenizeDocuments(tokenizer, await heldOut());
const { loss, unigramEntropy } = maskedHeldOut(
  albert.model,
  pretrainingSamples(unread, "sentences", packing)(0),
  masking,
);
const order = pairAccuracy(albert.model, pretrainingSamples(unread, "sentence-order-prediction", packing)(0));
console.log(
  `on texts it has not read: loss ${loss.toFixed(3)} nats; guessing by frequency ${unigramEntropy.toFixed(3)}`,
);
console.log(`segments put in order: ${percent(order)} (chance 50 %)`);
lookAt(
  "how few parameters it has. Both segments of a pair come from one text, so the topic does not help: their order must be read, and it is. Masked n-grams stay hard for a model this small.",
);
engine.dispose();
