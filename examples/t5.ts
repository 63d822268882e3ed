/**
 * T5: spans are replaced by sentinels; the decoder writes each sentinel and the text that it replaces.
 *
 *   npm run example t5
 */
// biome-ignore format: a list
import { Engine, freshConfig, freshModel, sequenceToSequence, spanCorruption } from "cloze";
import { packSentences, seed, tokenizeDocuments } from "cloze/data";
import { tokensHeldOut } from "cloze/metrics";
import { trainUnigram } from "cloze/tokenizer";
import { documents, heldOut } from "./lesson/corpus.js";
import { learn, SIZES } from "./lesson/learning.js";
import { lookAt } from "./lesson/look-at.js";

const text = await documents();
const sentinels = Array.from({ length: 100 }, (_, i) => `<extra_id_${99 - i}>`);
const tokenizer = trainUnigram(text.flat(), { size: 1400, special: ["<pad>", "</s>", "<unk>", ...sentinels] });
const packing = { maxLength: 40, tokenizer };
const corrupt = spanCorruption({ tokenizer });
const objective = sequenceToSequence("t5", corrupt);
const engine = await Engine.create();
const sizes = { vocabSize: tokenizer.size, ...SIZES, special: tokenizer.special };
const t5 = freshModel(engine, freshConfig("t5", sizes), "seq2seq-lm", 1);

const unread = packSentences(tokenizeDocuments(tokenizer, await heldOut()), packing);
const { ids, target } = corrupt(unread[0]!, seed(1));
const words = (tokens: Int32Array) => Array.from(tokens, (id) => tokenizer.token(id)).join("");
console.log(`source ${words(ids).replaceAll("▁", " ")}`);
console.log(`target ${words(target!.labels.tokens!).replaceAll("▁", " ")}`);

const samples = packSentences(tokenizeDocuments(tokenizer, text), packing);
await learn(engine, t5, objective, () => samples, { steps: 900 });
const { loss, unigramEntropy } = tokensHeldOut(t5.model, unread, objective);
console.log(
  `on texts it has not read: loss ${loss.toFixed(3)} nats; guessing by frequency ${unigramEntropy.toFixed(3)}`,
);
lookAt(
  "the target has only what is missing, a fifth of the text, so a step costs less than BART's. A third of it is sentinels in a fixed order, which are learned at once: that is why the unigram entropy is low.",
);
engine.dispose();
