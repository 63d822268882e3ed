/**
 * BART: a text is corrupted in five ways, and an encoder-decoder restores it.
 *
 *   npm run example bart
 */
// biome-ignore format: a list
import { denoising, Engine, freshConfig, freshModel, sequenceToSequence } from "cloze";
import { packSentences, seed, tokenizeDocuments } from "cloze/data";
import { tokensHeldOut } from "cloze/metrics";
import { trainBpe } from "cloze/tokenizer";
import { documents, heldOut } from "./lesson/corpus.js";
import { learn, SIZES } from "./lesson/learning.js";
import { lookAt } from "./lesson/look-at.js";

const text = await documents();
const tokenizer = trainBpe(text.flat(), { size: 1200 });
const packing = { maxLength: 32, tokenizer };
const endsSentence = (id: number) => id === tokenizer.id(".");
const unread = packSentences(tokenizeDocuments(tokenizer, await heldOut()), packing);
const corruptions = {
  "token masking": denoising({ tokenizer, tokenNoise: "mask" }),
  "token deletion": denoising({ tokenizer, tokenNoise: "delete" }),
  "text infilling": denoising({ tokenizer, tokenNoise: "infill" }),
  "sentence permutation": denoising({ tokenizer, tokenNoise: "none", permuteSentences: 1, endsSentence }),
  "document rotation": denoising({ tokenizer, tokenNoise: "none", rotate: 1 }),
};
console.log(`${"the text".padEnd(22)}${tokenizer.decode(unread[0]!.ids)}`);
for (const [name, corrupt] of Object.entries(corruptions))
  console.log(`${name.padEnd(22)}${tokenizer.decode(corrupt(unread[0]!, seed(2)).ids)}`);

// As published: infilling, and sentences in another order.
const objective = sequenceToSequence("bart", denoising({ tokenizer, permuteSentences: 1, endsSentence }));
const engine = await Engine.create();
const sizes = { vocabSize: tokenizer.size, ...SIZES, special: tokenizer.special };
const bart = freshModel(engine, freshConfig("bart", sizes), "seq2seq-lm", 1);
const samples = packSentences(tokenizeDocuments(tokenizer, text), packing);
await learn(engine, bart, objective, () => samples, { steps: 800 });
const { loss, unigramEntropy } = tokensHeldOut(bart.model, unread, objective);
console.log(
  `on texts it has not read: loss ${loss.toFixed(3)} nats; guessing by frequency ${unigramEntropy.toFixed(3)}`,
);
lookAt(
  "an infilled span is one mask, whether it had no word or five, so the number of missing words must be predicted too. Most of the target is in the source: the loss falls once the decoder learns to copy.",
);
engine.dispose();
