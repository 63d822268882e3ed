/** A BERT of two layers, pre-trained for a minute on the embedded corpus: what lessons on adapting begin with. */
import {
  adamW,
  alone,
  bertConfig,
  boundaries,
  type Engine,
  type Files,
  freshModel,
  linearRate,
  maskedLm,
  memoryFiles,
  pretrainingSamples,
  saveModel,
  tokenizeDocuments,
  train,
  trainWordPiece,
} from "cloze";
import { documents } from "./corpus.js";

const STEPS = 1500;

/** Its folder, in memory. */
export async function smallPretrained(engine: Engine): Promise<Files> {
  const texts = await documents();
  const tokenizer = trainWordPiece(texts.flat(), { size: 2000 });
  const size = {
    vocabulary: tokenizer.size,
    layers: 2,
    width: 96,
    heads: 3,
    positions: 64,
    dropout: 0,
    deviation: 0.08,
  };
  using base = freshModel(engine, bertConfig(size), "mask", 1);
  using optimizer = adamW(base.weights);
  const masking = { vocabulary: { size: tokenizer.size, mask: tokenizer.special.mask! }, rate: 0.25 };
  const run = train({
    engine,
    model: base.model,
    objective: alone(maskedLm(masking)),
    samples: pretrainingSamples(tokenizeDocuments(tokenizer, texts), "sentences", {
      length: 32,
      special: boundaries(tokenizer),
      seed: 1,
    }),
    optimizer,
    rate: linearRate(2e-3, STEPS / 10, STEPS),
    rows: 16,
    seed: 1,
    steps: STEPS,
  });
  for await (const { step, loss } of run)
    if (step % 500 === 0) console.log(`pre-training, step ${step}: loss ${loss.toFixed(3)}`);
  const files = memoryFiles();
  await saveModel(files, { ...base, tokenizer, length: 64 });
  return files;
}
