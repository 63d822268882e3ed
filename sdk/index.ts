/**
 * Cloze: self-supervised language models that learn and run wherever JavaScript runs.
 *
 * Public names by layer, from the ground up; ARCHITECTURE.md is the map.
 */

// data: samples, batches, files of tasks
export { readTagged, type TaggedSentence } from "./data/conllu.js";
export { readDocuments } from "./data/documents.js";
export { type Question, readQuestions } from "./data/questions.js";
export { type Batch, collate, type Labels, type Sample, sampleOf } from "./data/sample.js";
export { type ShuffledContextsOptions, shuffledContexts } from "./data/shuffled-contexts.js";
export { DataError, decodeLines, type Source, textSource } from "./data/source.js";
export { type Columns, columnsNamed, readTextRows, type TextRow } from "./data/text-rows.js";
// engine: one instance of the compute module and its memory
export { Engine, type EngineOptions } from "./engine/engine.js";
export { DisposedError, OutOfMemoryError, UnsupportedBuildError } from "./engine/errors.js";
export type { Build } from "./engine/source.js";
// the base of every error that is the caller's
export { InputError } from "./errors.js";
export { type BeamOptions, beamSearch } from "./generate/beam.js";
export { collectRows, type DecodeOptions, greedy, sampled } from "./generate/decode.js";
export { generate, generateText, stream } from "./generate/generate.js";
export { type GenerationSettings, generationSettings } from "./generate/settings.js";
export { continuing, rewriting, type Writer } from "./generate/writer.js";
// heads: fine-tuning
export {
  embeddingObjective,
  embedLayers,
  embedSamples,
  embedTexts,
  hiddenStates,
  simcse,
  type WordPooling,
  wordVector,
} from "./heads/embedding.js";
export { LabelError, LabelSet } from "./heads/labels.js";
export { atLayers, LayerError, type LayerJoin, type ShowsLayers, shiftedAt } from "./heads/layer-states.js";
export { type Counted, type Pooling, type PoolingMode, pool, poolCounted } from "./heads/pooling.js";
export { argmax, highest, softmax } from "./heads/probabilities.js";
export { cosine, type Neighbour, nearest, type Similarity, similarityOf } from "./heads/similarity.js";
export { overlapOfStep } from "./heads/span.js";
export { type SpanBoundarySizes, spanBoundaryHead } from "./heads/span-boundary.js";
// io: model folders
export {
  type Adapted,
  type AdaptOptions,
  adapt,
  loadAdapted,
  loadAdapter,
  saveAdapter,
} from "./io/adapter.js";
export { type Files, ModelFileError, memoryFiles, type WritableFiles } from "./io/files.js";
export { type LoadOptions, loadModel, loadTokenizer, type Pretrained } from "./io/pretrained.js";
export { readSafetensors, SafetensorsError, writeSafetensors } from "./io/safetensors.js";
export { type Saved, saveModel, saveTokenizer } from "./io/save.js";
export {
  prepareText,
  promptText,
  readSentenceSettings,
  type SentenceSettings,
  writeSentenceSettings,
} from "./io/sentence.js";
// models
export { buildModel, type Model } from "./models/build.js";
export { ConfigError } from "./models/config.js";
export type { Encoder, Trace } from "./models/encoder.js";
export { type EncoderFamily, familyOf, type ModelTask } from "./models/family.js";
// multilingual: what languages share, and finding counterparts
export { centred, languageMean, mapVectors, type OrthogonalMap, procrustes } from "./multilingual/alignment.js";
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
// nn: parameters by their published names
export { constant, type Init, normal, truncatedNormal } from "./nn/init.js";
export type { Lora, LoraSettings } from "./nn/lora.js";
export { type StoredTensors, Weights, WeightsError } from "./nn/weights.js";
// objectives: pre-training
export { type BartNoiseOptions, bartNoise, denoising } from "./objectives/bart-noise.js";
export { causalLm, nextTokens } from "./objectives/causal-lm.js";
export { cosineError, multipleNegatives } from "./objectives/contrastive.js";
export {
  type DistillationOptions,
  type DistillationWeights,
  type DistilMaskedLmOptions,
  distilClassification,
  distilMaskedLm,
} from "./objectives/distillation.js";
export {
  type ElectraOptions,
  electraPretraining,
  type GeneratorAndDiscriminator,
  replaceMasked,
} from "./objectives/electra.js";
export { allMasked, type LmHead, type MaskedLmOptions, maskedLm } from "./objectives/masked-lm.js";
export { type MassOptions, mass } from "./objectives/mass.js";
export { nextSentencePairs, pairObjective } from "./objectives/next-sentence.js";
export { ngramMaskedLm } from "./objectives/ngram-masking.js";
export { combine, type HeadObjective, type Objective, single } from "./objectives/objective.js";
export { type ReplacedTokenHead, replacedToken } from "./objectives/replaced-token.js";
export { sentenceOrderPairs } from "./objectives/sentence-order.js";
export { type Decoder, sequenceToSequence } from "./objectives/sequence-to-sequence.js";
export {
  type Arrangement,
  boundaries,
  mixLanguages,
  pretrainingSamples,
  tokenizeDocuments,
} from "./objectives/sequences/corpus.js";
export { packFullSentences, packSentences, packStream } from "./objectives/sequences/packing.js";
export type { PairOptions, TokenizedDocument } from "./objectives/sequences/segment-pairs.js";
export { type SpanCorruptionOptions, spanCorruption } from "./objectives/span-corruption.js";
export { type SpanBoundaryHead, spanBoundary, spanMaskedLm } from "./objectives/span-masking.js";
export { translationPair } from "./objectives/translation-lm.js";
// pipelines
export { type FeatureExtractionOptions, featureExtraction, type LayerOptions } from "./pipelines/feature-extraction.js";
export { type Filled, type FillMaskOptions, fillMask, fillMasks } from "./pipelines/fill-mask.js";
export type { Pipeline, PipelineOptions } from "./pipelines/pipeline.js";
export { type Answer, type QuestionAnsweringOptions, questionAnswering } from "./pipelines/question-answering.js";
export { type SimilarityInput, sentenceSimilarity } from "./pipelines/sentence-similarity.js";
export { type Scored, textClassification } from "./pipelines/text-classification.js";
export {
  type Generated,
  type GenerationOptions,
  type RewriteOptions,
  text2textGeneration,
  textGeneration,
} from "./pipelines/text-generation.js";
export { type Ranked, type RankingInput, textRanking } from "./pipelines/text-ranking.js";
export {
  type TaggedWord,
  type TokenClassificationInput,
  type TokenClassificationOptions,
  tokenClassification,
} from "./pipelines/token-classification.js";
export {
  type WordInContext,
  type WordVectorsInput,
  type WordVectorsOptions,
  wordVectors,
} from "./pipelines/word-vectors.js";
export {
  type ZeroShotInput,
  type ZeroShotOptions,
  type ZeroShotResult,
  zeroShotClassification,
} from "./pipelines/zero-shot-classification.js";
// tensor: shapes over memory, scopes, the tape
export { ShapeError } from "./tensor/check.js";
export { type Activation, activate } from "./tensor/ops/activation.js";
export { affine } from "./tensor/ops/affine.js";
export { type AttentionOptions, attention } from "./tensor/ops/attention.js";
export { dropout } from "./tensor/ops/dropout.js";
export { add, columns, multiply, scale, subtract } from "./tensor/ops/elementwise.js";
export { embedding, embeddingSum, gatherRows } from "./tensor/ops/embedding.js";
export { crossEntropy, IGNORE, klDivergence, meanSquaredError, raggedCrossEntropy } from "./tensor/ops/loss.js";
export { layerNorm } from "./tensor/ops/norm.js";
export { normalizeRows, segmentMax, segmentMean } from "./tensor/ops/reduce.js";
export { type Rng, seed, shuffle } from "./tensor/random.js";
export { Scope } from "./tensor/scope.js";
export { backward, type Randomness } from "./tensor/tape.js";
export { intTensor, reshape, rows, Tensor, tensor, zeros } from "./tensor/tensor.js";
// tokenizer
export * from "./tokenizer/index.js";
export {
  type HeldOutFigures,
  maskedHeldOut,
  pairAccuracy,
  type ReplacedHeldOut,
  replacedHeldOut,
  tokensHeldOut,
} from "./train/evaluate/language-model.js";
export {
  type ElectraPair,
  type ElectraSizes,
  electraConfigs,
  type ForBoth,
  freshElectra,
  loadElectra,
} from "./train/fresh/electra-pair.js";
export { FRESH_FAMILIES, freshConfig, type ModelSizes } from "./train/fresh/fresh-config.js";
export { type BertSizes, bertConfig, freshModel } from "./train/fresh/fresh-model.js";
export { chosenLayers, studentOf } from "./train/fresh/student.js";
// train
export { type BestState, BestWeights } from "./train/loop/best-weights.js";
export { CheckpointError, type RunSettings, readCheckpoint, writeCheckpoint } from "./train/loop/checkpoint.js";
export { type FinetuneEvent, type FinetuneOptions, finetune, stepsOfEpochs } from "./train/loop/finetune.js";
export { repeatPositions, type Stage, type StagedOptions, trainInStages } from "./train/loop/stages.js";
export { type Position, type Step, TrainingError, type TrainOptions, train } from "./train/loop/train.js";
export { cmrcScore, mlqaScore, squadScore } from "./train/metrics/answers.js";
export { accuracy, binaryF1, macroF1, matthews, microF1 } from "./train/metrics/classification.js";
export { pearson, spearman } from "./train/metrics/correlation.js";
export { entitiesOf, entityF1 } from "./train/metrics/entities.js";
export { perplexity, standardError, unigramEntropy } from "./train/metrics/perplexity.js";
export { areaUnderRoc } from "./train/metrics/ranking.js";
export { type SenseFigures, senseSeparation } from "./train/metrics/senses.js";
export { type AdamOptions, adamW, clipScale, gradientNorm, lamb, type Optimizer } from "./train/optim/optimizer.js";
export { depths, freeze, layerDecay, namesLike } from "./train/optim/parameter-groups.js";
export {
  constantSchedule,
  cosineSchedule,
  inverseSquareRootSchedule,
  linearSchedule,
  multipliedLinearSchedule,
  originalLinearSchedule,
  type Schedule,
} from "./train/optim/schedule.js";
export { answerTask, findAnswers } from "./train/tasks/answer.js";
export { classifyTask, type LabelledText } from "./train/tasks/classify.js";
export { embedTask, type TextPair } from "./train/tasks/embed.js";
export { regressTask } from "./train/tasks/regress.js";
export { tagTask, tagWords } from "./train/tasks/tag.js";
export type { Metrics, Task, TaskSettings } from "./train/tasks/task.js";
