/**
 * MASS: half of a sentence is masked in the encoder, and the decoder predicts exactly that half.
 *
 *   npm run example mass
 */
// biome-ignore format: a list
import { Engine, freshConfig, freshModel, mass } from "cloze";
import { packSentences, seed, tokenizeDocuments } from "cloze/data";
import { tokensHeldOut } from "cloze/metrics";
import { trainBpe } from "cloze/tokenizer";
import { documents, heldOut } from "./lesson/corpus.js";
import { learn, SIZES } from "./lesson/learning.js";
import { lookAt } from "./lesson/look-at.js";

const text = await documents();
const tokenizer = trainBpe(text.flat(), { size: 1200 });
const packing = { maxLength: 32, tokenizer };
const objective = mass({ tokenizer });
const engine = await Engine.create();
const sizes = { vocabSize: tokenizer.size, ...SIZES, special: tokenizer.special };
const model = freshModel(engine, freshConfig("bart", sizes), "seq2seq-lm", 1);

const samples = packSentences(tokenizeDocuments(tokenizer, text), packing);
const unread = packSentences(tokenizeDocuments(tokenizer, await heldOut()), packing);
const { ids, target } = objective.corrupt(unread[1]!, seed(3));
console.log(`the encoder reads  ${tokenizer.decode(ids)}`);
console.log(`the decoder writes ${tokenizer.decode(target!.labels.tokens!)}`);
console.log(`at the places      ${target!.positions!.join(" ")}: those that the fragment has in the sentence`);

await learn(engine, model, objective, () => samples, { steps: 900 });
const { loss, unigramEntropy } = tokensHeldOut(model.model, unread, objective);
console.log(
  `on texts it has not read: loss ${loss.toFixed(3)} nats; guessing by frequency ${unigramEntropy.toFixed(3)}`,
);
lookAt(
  "the decoder sees only the fragment's own earlier words, at their original positions, and only the unmasked part of the source, so it must rely on the encoder. With a fragment of one word this is BERT, with the whole sentence it is GPT.",
);
engine.dispose();
