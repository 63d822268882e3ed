/**
 * RoBERTa: BERT's network on byte-level BPE, without sentence pairs, with full sentences and dynamic masking.
 *
 *   npm run example roberta
 */
// biome-ignore format: a list
import { Engine, freshConfig, freshModel, maskedLm, single } from "cloze";
import { packFullSentences, seed, shuffle, tokenizeDocuments } from "cloze/data";
import { maskedHeldOut } from "cloze/metrics";
import { trainBpe } from "cloze/tokenizer";
import { documents, heldOut } from "./lesson/corpus.js";
import { learn, SIZES } from "./lesson/learning.js";
import { lookAt } from "./lesson/look-at.js";

const text = await documents();
const tokenizer = trainBpe(text.flat(), { size: 1500 });
const packing = { maxLength: 32, tokenizer };
// RoBERTa's choice: floor(rate × length + u) places, no token excepted, random tokens never the first four.
const masking = { tokenizer, maskingRate: 0.25, selection: "roberta", firstRandomId: 4 } as const;
const engine = await Engine.create();
const config = freshConfig("roberta", { vocabSize: tokenizer.size, ...SIZES, special: tokenizer.special });
const roberta = freshModel(engine, config, "masked-lm", 1);

const documentsOfIds = tokenizeDocuments(tokenizer, text);
// Sequences run on over the ends of documents; other documents meet in every epoch.
const samples = (epoch: number) => packFullSentences(shuffle([...documentsOfIds], seed(1).fork(epoch)), packing);
await learn(engine, roberta, single(maskedLm(masking)), samples, { steps: 2000 });

const unread = packFullSentences(tokenizeDocuments(tokenizer, await heldOut()), packing);
const { loss, unigramEntropy, accuracy } = maskedHeldOut(roberta.model, unread, { tokenizer, maskingRate: 0.15 });
console.log(
  `on texts it has not read: loss ${loss.toFixed(3)} nats; guessing by frequency ${unigramEntropy.toFixed(3)}`,
);
console.log(`${(100 * accuracy).toFixed(1)} % of the hidden pieces are its first guess`);
const { ids } = unread[0]!;
for (const time of [1, 2, 3]) {
  const { ids: shown } = maskedLm(masking).corrupt(unread[0]!, seed(time));
  console.log(`epoch ${time} sees: ${tokenizer.decode(shown)}`);
}
console.log(`of:           ${tokenizer.decode(ids)}`);
lookAt("no two epochs see the same sentence, because masks are drawn during training, not before.");
engine.dispose();
