/**
 * Pre-train a tiny BERT by masked words alone, and watch it leave the unigram level.
 *
 *   npm run example masked-words
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  adamW,
  alone,
  bertConfig,
  boundaries,
  Engine,
  freshModel,
  linearRate,
  maskedHeldOut,
  maskedLm,
  pretrainingSamples,
  readDocuments,
  textSource,
  tokenizeDocuments,
  train,
  trainWordPiece,
} from "cloze";

const STEPS = 300;
const corpus = join(process.env["CLOZE_ROOT"] ?? ".", "corpus");
const documents: string[][] = [];
for await (const document of readDocuments(
  textSource("animals", readFileSync(join(corpus, "text/a-animals.txt"), "utf8")),
))
  documents.push(document);

const tokenizer = trainWordPiece(documents.flat(), { size: 400 });
const engine = await Engine.create();
const { model, weights } = freshModel(
  engine,
  bertConfig({ vocabulary: tokenizer.size, layers: 2, width: 64, heads: 2, positions: 64, dropout: 0.1 }),
  "pretrain",
  1,
);
const masking = { vocabulary: { size: tokenizer.size, mask: tokenizer.special.mask! } };
const samples = pretrainingSamples(tokenizeDocuments(tokenizer, documents), "sentences", {
  length: 64,
  special: boundaries(tokenizer),
  seed: 1,
});

const run = train({
  engine,
  model,
  objective: alone(maskedLm(masking)),
  samples,
  optimizer: adamW(weights),
  rate: linearRate(2e-3, 30, STEPS),
  rows: 16,
  seed: 1,
  steps: STEPS,
});
for await (const { step, loss, tokensPerSecond } of run) {
  if (step % 50 === 0) console.log(`step ${step}  loss ${loss.toFixed(3)}  ${tokensPerSecond.toFixed(0)} tokens/s`);
}
const { loss, unigramEntropy } = maskedHeldOut(model, samples(0), masking);
console.log(
  `loss with every chosen token masked: ${loss.toFixed(3)} nats on text it has seen; a guesser without context reaches ${unigramEntropy.toFixed(3)}`,
);
console.log("Look at: the first steps learn which tokens are frequent; below that level the context is being used.");
engine.dispose();
