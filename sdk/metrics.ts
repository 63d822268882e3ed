/** cloze/metrics: the published figures of each task, and the evaluation of language models on held-out text. */
export { argmax, highest, softmax } from "./heads/probabilities.js";
export {
  type HeldOutFigures,
  maskedHeldOut,
  pairAccuracy,
  type ReplacedHeldOut,
  replacedHeldOut,
  tokensHeldOut,
} from "./train/evaluate/language-model.js";
export { cmrcScore, mlqaScore, squadScore } from "./train/metrics/answers.js";
export { accuracy, binaryF1, macroF1, matthews, microF1 } from "./train/metrics/classification.js";
export { pearson, spearman } from "./train/metrics/correlation.js";
export { entitiesOf, entityF1 } from "./train/metrics/entities.js";
export { perplexity, standardError, unigramEntropy } from "./train/metrics/perplexity.js";
export { areaUnderRoc } from "./train/metrics/ranking.js";
export { type SenseFigures, senseSeparation } from "./train/metrics/senses.js";
