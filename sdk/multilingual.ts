/** cloze/multilingual: how well a model brings languages together; retrieval, mining and alignment across languages. */
export { embedLayers } from "./heads/embedding.js";
export {
  centred,
  languageMean,
  mapVectors,
  type OrthogonalMap,
  procrustes,
  type Vectors,
} from "./multilingual/alignment.js";
export { DirectionError } from "./multilingual/errors.js";
export { type FakeLanguage, fakeCopy, splitSpecial } from "./multilingual/fake-language.js";
export { bestThreshold, type MinedPair, type MiningFigures, mineBitext, miningFigures } from "./multilingual/mining.js";
export { type Multilinguality, type MultilingualityOptions, multilinguality } from "./multilingual/multilinguality.js";
export {
  type Best,
  bestMatches,
  eachScore,
  type RetrievalFigures,
  retrievalFigures,
  type Scoring,
  type ScoringOptions,
  type TranslationFigures,
  translationFigures,
} from "./multilingual/retrieval.js";
export { alignmentFigures, alignWords, type Link } from "./multilingual/word-alignment.js";
