/** cloze/data: files of tasks, samples and batches, and how text becomes the samples of each objective. */
export { readTagged, type TaggedSentence } from "./data/conllu.js";
export { partsOfLine, readDocuments } from "./data/documents.js";
export { type Question, readQuestions } from "./data/questions.js";
export { type Batch, type BatchLabels, collate, type Labels, type Sample, sampleOf } from "./data/sample.js";
export { type ShuffledContextsOptions, shuffledContexts } from "./data/shuffled-contexts.js";
export { DataError, decodeLines, type Source, textSource } from "./data/source.js";
export { type Columns, columnsNamed, readTextRows, type TextRow } from "./data/text-rows.js";
export { embedSamples } from "./heads/embedding.js";
export { overlapOfStep } from "./heads/span.js";
export type { SentenceModule } from "./io/sentence-transformers/modules.js";
export { promptText, readSentenceSettings, type SentenceSettings } from "./io/sentence-transformers/sentence.js";
export { type MaxLength, readMaxLength } from "./io/sentence-transformers/transformer-settings.js";
export { writeSentenceSettings } from "./io/sentence-transformers/write-sentence.js";
export { JsonError, parseJson } from "./json.js";
export { bartNoise, type NoisedTokens } from "./objectives/bart-noise.js";
export { nextTokens } from "./objectives/causal-lm.js";
export { fittingObjective } from "./objectives/fitting.js";
export { allMasked } from "./objectives/masked-lm.js";
export { nextSentencePairs } from "./objectives/next-sentence-prediction.js";
export {
  type AnyPublished,
  type Made,
  type NamedObjective,
  type ObjectiveKind,
  type ObjectiveName,
  type ObjectiveSettings,
  type ObjectiveTokenizer,
  objectiveAliases,
  objectiveNames,
  PUBLISHED_OBJECTIVES,
  type PublishedObjective,
  parseObjective,
} from "./objectives/published.js";
export { sentenceOrderPairs } from "./objectives/sentence-order-prediction.js";
export {
  type Arrangement,
  mixLanguages,
  pretrainingSamples,
  tokenizeDocuments,
} from "./objectives/sequences/corpus.js";
export { packFullSentences, packSentences, packStream } from "./objectives/sequences/packing.js";
export type { PairOptions, TokenizedDocument, TokenizedSentence } from "./objectives/sequences/segment-pairs.js";
export { type TranslationPairOptions, translationPair } from "./objectives/translation-lm.js";
export { type Boundaries, boundaries } from "./objectives/vocabulary.js";
export { type Rng, seed, shuffle } from "./tensor/random.js";
export { folderEmbedTask } from "./train/loop/folder-embeddings.js";
export { type AnyTask, anyTask } from "./train/tasks/task.js";
