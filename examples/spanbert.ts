/**
 * SpanBERT: whole spans are masked, and each of their tokens is also predicted from the span boundary alone.
 *
 *   npm run example spanbert
 */
// biome-ignore format: a list
import { combine, Engine, freshConfig, freshModel, spanMaskedLm } from "cloze";
import { packSentences, seed, tokenizeDocuments } from "cloze/data";
import { maskedHeldOut } from "cloze/metrics";
import { constant, spanBoundary, spanBoundaryHead } from "cloze/tensor";
import { trainWordPiece } from "cloze/tokenizer";
import { documents, heldOut } from "./lesson/corpus.js";
import { learn, SIZES } from "./lesson/learning.js";
import { lookAt } from "./lesson/look-at.js";

const text = await documents();
const tokenizer = trainWordPiece(text.flat(), { size: 1500 });
const masking = { tokenizer, maskingRate: 0.2 };
const engine = await Engine.create();
const { model, weights } = freshModel(
  engine,
  freshConfig("bert", { vocabSize: tokenizer.size, ...SIZES }),
  "masked-lm",
  1,
);

// The second head predicts with the same token embeddings as the first.
const name = "bert.embeddings.word_embeddings.weight";
const embeddings = weights.table(name, [tokenizer.size, SIZES.hiddenSize], constant(0));
const edges = spanBoundaryHead(
  weights.at("span_boundary"),
  { hiddenSize: SIZES.hiddenSize, vocabSize: tokenizer.size },
  embeddings,
);
const spanbert = { model: { ...model, ...edges }, weights };

const samples = packSentences(tokenizeDocuments(tokenizer, text), { maxLength: 32, tokenizer });
const hiding = spanMaskedLm(masking);
const objective = combine(hiding, spanBoundary({ tokenizer }));
await learn(engine, spanbert, objective, () => samples, { steps: 2000 });

const unread = packSentences(tokenizeDocuments(tokenizer, await heldOut()), { maxLength: 32, tokenizer });
const { loss, unigramEntropy } = maskedHeldOut(spanbert.model, unread, masking);
console.log(
  `on texts it has not read: loss ${loss.toFixed(3)} nats; guessing by frequency ${unigramEntropy.toFixed(3)}`,
);
for (const time of [1, 2]) console.log(tokenizer.decode(hiding.corrupt(unread[0]!, seed(time)).ids));
lookAt(
  "whole words next to each other are masked, with lengths from a geometric distribution (p = 0.2, at most 10). The second loss sees only the two states outside a span, so these learn what is inside.",
);
engine.dispose();
