/** cloze/data: files of tasks, samples and batches, and how text becomes pre-training samples. */
export { readTagged, type TaggedSentence } from "./data/conllu.js";
export { readDocuments } from "./data/documents.js";
export { type Question, readQuestions } from "./data/questions.js";
export { type Batch, collate, type Labels, type Sample, sampleOf } from "./data/sample.js";
export { type ShuffledContextsOptions, shuffledContexts } from "./data/shuffled-contexts.js";
export { DataError, decodeLines, type Source, textSource } from "./data/source.js";
export { type Columns, columnsNamed, readTextRows, type TextRow } from "./data/text-rows.js";
export { embedSamples } from "./heads/embedding.js";
export { overlapOfStep } from "./heads/span.js";
export { JsonError, parseJson } from "./json.js";
export { allMasked } from "./objectives/masked-lm.js";
export { nextSentencePairs } from "./objectives/next-sentence-prediction.js";
export { sentenceOrderPairs } from "./objectives/sentence-order-prediction.js";
export {
  type Arrangement,
  mixLanguages,
  pretrainingSamples,
  tokenizeDocuments,
} from "./objectives/sequences/corpus.js";
export { packFullSentences, packSentences, packStream } from "./objectives/sequences/packing.js";
export type { PairOptions, TokenizedDocument } from "./objectives/sequences/segment-pairs.js";
export { boundaries } from "./objectives/vocabulary.js";
export { type Rng, seed, shuffle } from "./tensor/random.js";
