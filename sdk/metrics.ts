/** cloze/metrics: predictions of a loaded model, the published figures of each task, language models on held-out text. */
export { type AnswerSettings, type ExtractedAnswer, findAnswers } from "./heads/answers.js";
export type { EntityTag, TagPrefix } from "./heads/entity-tags.js";
export { argmax, highest, softmax } from "./heads/probabilities.js";
export type { SpanCandidate, SpanHead, SpanOptions } from "./heads/span.js";
export type { TokenHead } from "./heads/tagging.js";
export { type TagWordsOptions, tagWords } from "./heads/token-windows.js";
export { fillMasks } from "./pipelines/fill-mask.js";
export {
  type HeldOutFigures,
  maskedHeldOut,
  pairAccuracy,
  type ReplacedHeldOut,
  replacedHeldOut,
  tokensHeldOut,
} from "./train/evaluate/language-model.js";
export { type PairedBootstrapOptions, type PairedDifference, pairedBootstrap } from "./train/metrics/bootstrap.js";
export {
  type Calibration,
  type CalibrationBin,
  type CalibrationOptions,
  calibration,
} from "./train/metrics/calibration.js";
export {
  accuracy,
  binaryF1,
  type MultiLabelScores,
  macroF1,
  matthews,
  microF1,
  multiLabelScores,
} from "./train/metrics/classification.js";
export {
  type ClassFigures,
  classFigures,
  confusionMatrix,
} from "./train/metrics/confusion.js";
export { pearson, spearman } from "./train/metrics/correlation.js";
export { type Entity, type EntityReading, entitiesOf, entityF1 } from "./train/metrics/entities.js";
export type { Scheme } from "./train/metrics/entity-schemes.js";
export { perplexity, standardError, unigramEntropy } from "./train/metrics/perplexity.js";
export { areaUnderRoc } from "./train/metrics/ranking.js";
export { type SenseFigures, senseSeparation } from "./train/metrics/senses.js";
export { silhouette } from "./train/metrics/silhouette.js";
export { type AnswerScore, cmrcScore, mlqaScore, squadScore } from "./train/metrics/squad.js";
export { type Summary, summarize } from "./train/metrics/summary.js";
export { type ClassReport, classReport } from "./train/tasks/class-report.js";
