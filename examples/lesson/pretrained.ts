/** A BERT of two layers, pre-trained for a minute on the embedded corpus, where lessons on using a model begin. */
import { type Engine, type Files, freshConfig, freshModel, maskedLm, memoryFiles, saveModel, single } from "cloze";
import { pretrainingSamples, tokenizeDocuments } from "cloze/data";
import { trainWordPiece } from "cloze/tokenizer";
import { documents } from "./corpus.js";
import { learn, SIZES } from "./learning.js";

/** Its folder, in memory. */
export async function smallPretrained(engine: Engine, dropout = 0): Promise<Files> {
  const texts = await documents();
  const tokenizer = trainWordPiece(texts.flat(), { size: 2000 });
  using base = freshModel(
    engine,
    freshConfig("bert", { vocabSize: tokenizer.size, ...SIZES, dropout }),
    "masked-lm",
    1,
  );
  const masking = { tokenizer, maskingRate: 0.25 };
  const packing = { maxLength: 32, tokenizer, seed: 1 };
  const samples = pretrainingSamples(tokenizeDocuments(tokenizer, texts), "sentences", packing);
  await learn(engine, base, single(maskedLm(masking)), samples, { steps: 2000 });
  const files = memoryFiles();
  await saveModel(files, { ...base, tokenizer, maxLength: SIZES.maxPositionEmbeddings });
  return files;
}
