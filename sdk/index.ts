/**
 * cloze: engines, model folders, pipelines and training: the part most programs need.
 *
 * The rest is in `cloze/tokenizer`, `cloze/data`, `cloze/generate`, `cloze/metrics`, `cloze/multilingual`, `cloze/tensor`,
 * `cloze/report`, `cloze/worker`, `cloze/hub`, `cloze/node`, `cloze/web`, `cloze/minimal` and `cloze/benchmark`. Types
 * that a signature mentions can be imported with it.
 */

// Engines: one instance of the compute module and its memory
export type { BareEngine, BareEngineOptions } from "./engine/bare-engine.js";
export { Engine, type EngineOptions } from "./engine/engine.js";
export { DisposedError, OutOfMemoryError, UnsupportedBuildError, WorkerError } from "./engine/errors.js";
export type { KernelInput } from "./engine/kernel-input.js";
export type { Build } from "./engine/source.js";
export { supportsTurbo } from "./engine/turbo.js";
// Errors that are the caller's: the base of all, and arguments and options that cannot be used
export { InputError } from "./errors.js";
export type { QuestionInContext } from "./heads/answers.js";
// Fine-tuning: labels, embeddings and their similarity
export type { ClassWeights } from "./heads/class-weights.js";
export { simcse } from "./heads/embedding.js";
export { LabelError, LabelSet, type LabelSetOptions } from "./heads/labels.js";
export type { SequenceHead, TextExample } from "./heads/pooled.js";
export { cosine, type Neighbour, nearest, type Similarity } from "./heads/similarity.js";
export { type Files, ModelFileError, memoryFiles, type RangedFile, type WritableFiles } from "./io/files/files.js";
// Model folders
export type { ModelSource } from "./io/files/model-source.js";
export { streamedFile } from "./io/files/streamed-file.js";
export {
  type Adapted,
  type AdaptOptions,
  adapt,
  loadAdapted,
  loadAdapter,
  saveAdapter,
} from "./io/pretrained/adapter.js";
export { describeFolder, type FolderDescription, type StoredTensor } from "./io/pretrained/describe.js";
export { type LoadOptions, loadModel, type Pretrained } from "./io/pretrained/pretrained.js";
export { type QuantizedFiles, quantizeModel } from "./io/pretrained/quantize.js";
export { type Saved, saveModel, saveTokenizer } from "./io/pretrained/save.js";
export type { WeightDtypeName } from "./io/pretrained/weight-dtype.js";
export { SafetensorsError } from "./io/safetensors/safetensors.js";
export { loadTokenizer } from "./io/tokenizers/tokenizer-files.js";

// Models
export type { Model } from "./models/family/build.js";
export { ConfigError } from "./models/family/config.js";
export type { Encoder } from "./models/family/encoder.js";
export type { ModelTask } from "./models/family/family.js";
export type { Lora, LoraSettings } from "./nn/lora.js";
export { WeightsError } from "./nn/planned.js";
export type { Weights } from "./nn/weights.js";
// Objectives of pre-training
export { type BartNoiseOptions, denoising } from "./objectives/bart-noise.js";
export { causalLm } from "./objectives/causal-lm.js";
export {
  type DistillationOptions,
  type DistillationWeights,
  type DistilMaskedLmOptions,
  distilClassification,
  distilMaskedLm,
} from "./objectives/distillation.js";
export { type ElectraOptions, electraPretraining, type GeneratorAndDiscriminator } from "./objectives/electra.js";
export { type LmHead, type MaskedLmOptions, maskedLm } from "./objectives/masked-lm.js";
export { type MassOptions, mass } from "./objectives/mass.js";
export { nextSentencePrediction } from "./objectives/next-sentence-prediction.js";
export { ngramMaskedLm } from "./objectives/ngram-masking.js";
export { combine, type HeadObjective, type Objective, single } from "./objectives/objective.js";
export type { PairHead } from "./objectives/pair-prediction.js";
export { type ReplacedTokenHead, replacedTokenDetection } from "./objectives/replaced-token-detection.js";
export { sentenceOrderPrediction } from "./objectives/sentence-order-prediction.js";
export { type Decoder, sequenceToSequence } from "./objectives/sequence-to-sequence.js";
export { type SentinelVocabulary, type SpanCorruptionOptions, spanCorruption } from "./objectives/span-corruption.js";
export { type SpanMaskingOptions, spanMaskedLm } from "./objectives/span-masking.js";
export type { Vocabulary } from "./objectives/vocabulary.js";
export { ArgumentError } from "./options.js";
// Pipelines: one function for each task
export {
  type EmbeddingOptions,
  type FeatureExtractionOptions,
  featureExtraction,
  type LayerOptions,
} from "./pipelines/feature-extraction.js";
export { type Filled, type FillMask, type FillMaskOptions, fillMask } from "./pipelines/fill-mask.js";
export type { Awaitable, CallOptions, Pipeline, PipelineOptions, WritingPipeline } from "./pipelines/pipeline.js";
export {
  type Answer,
  type OneAnswer,
  type QuestionAnswering,
  type QuestionAnsweringOptions,
  questionAnswering,
  type SeveralAnswers,
} from "./pipelines/question-answering.js";
export { type SentenceSimilarity, type SimilarityInput, sentenceSimilarity } from "./pipelines/sentence-similarity.js";
export {
  type ClassificationFunction,
  type ClassificationOptions,
  type Classified,
  type OneLabel,
  type SeveralLabels,
  type TextClassification,
  type TextClassificationInput,
  textClassification,
} from "./pipelines/text-classification.js";
export {
  type ContinuationOptions,
  type Generated,
  type GenerationOptions,
  type RewriteOptions,
  text2textGeneration,
  textGeneration,
} from "./pipelines/text-generation.js";
export {
  type Ranked,
  type RankingInput,
  type TextRanking,
  type TextRankingOptions,
  textRanking,
} from "./pipelines/text-ranking.js";
export type { TextStream } from "./pipelines/text-stream.js";
export {
  type Answering,
  type EntityGroup,
  type Grouped,
  type GroupingStrategy,
  type TaggedWord,
  type TokenClassification,
  type TokenClassificationInput,
  type TokenClassificationOptions,
  tokenClassification,
  type Ungrouped,
} from "./pipelines/token-classification.js";
export {
  type WordInContext,
  type WordVectorsInput,
  type WordVectorsOptions,
  wordVectors,
} from "./pipelines/word-vectors.js";
export {
  type ZeroShot,
  type ZeroShotInput,
  type ZeroShotOptions,
  type ZeroShotResult,
  zeroShotClassification,
} from "./pipelines/zero-shot-classification.js";
export type { CompactDtype } from "./tensor/compact-panels.js";
export { CompactWeightError } from "./tensor/matrix.js";
export type { Progress } from "./tensor/steps.js";
export type { TurnOptions } from "./tensor/turns.js";

// Training
export {
  type ElectraPair,
  type ElectraSizes,
  electraConfigs,
  type ForBoth,
  freshElectra,
  loadElectra,
} from "./train/fresh/electra-pair.js";
export { freshConfig, freshModel, type ModelSizes } from "./train/fresh/fresh-model.js";
export { studentOf } from "./train/fresh/student.js";
export {
  CheckpointError,
  type RunSettings,
  readCheckpoint,
  writeCheckpoint,
} from "./train/loop/checkpoint.js";
export type { EpochSamples } from "./train/loop/epoch-samples.js";
export { estimateMemory, type MemoryEstimate, type MemoryOptions } from "./train/loop/estimate-memory.js";
export { type FinetuneEvent, type FinetuneOptions, finetune, stepsOfEpochs } from "./train/loop/finetune.js";
export { type FinetuneDefaults, finetuneDefaults } from "./train/loop/finetune-defaults.js";
export { type Stage, type StagedOptions, trainInStages } from "./train/loop/stages.js";
export { type Position, type Step, TrainingError, type TrainOptions, train } from "./train/loop/train.js";
// Optimizers and schedules
export { type AdamOptions, adamW } from "./train/optim/adamw.js";
export { lamb } from "./train/optim/lamb.js";
export type { Optimizer } from "./train/optim/optimizer.js";
export { freeze, layerDecay } from "./train/optim/parameter-groups.js";
export {
  constantSchedule,
  cosineSchedule,
  inverseSquareRootSchedule,
  linearSchedule,
  multipliedLinearSchedule,
  originalLinearSchedule,
  type Schedule,
} from "./train/optim/schedule.js";
export { answerTask } from "./train/tasks/answer.js";
export { balancedClassWeights } from "./train/tasks/class-weights.js";
export { classifyTask, type LabelledText } from "./train/tasks/classify.js";
export { type EmbedTaskOptions, embedTask, type TextPair } from "./train/tasks/embed.js";
export { type MultiLabelledText, type MultiLabelOptions, multiLabelTask } from "./train/tasks/multi-label.js";
export { regressTask, type ScoredText } from "./train/tasks/regress.js";
export { tagTask } from "./train/tasks/tag.js";
export type { ClassPredictions, LabelAt, Metrics, Task, TaskSettings } from "./train/tasks/task.js";
