/** cloze/tensor: tensors, operators, the tape, weights and hidden states, for models, objectives and loops of your own. */

export { embeddingObjective, embedTexts, hiddenStates, type WordPooling, wordVector } from "./heads/embedding.js";
export { distilEmbedding, type EmbeddingDistillation } from "./heads/embedding-distillation.js";
export { atLayers, LayerError, type LayerJoin, type LayerwiseEncoder, shiftedAt } from "./heads/layer-states.js";
export { multiLabelClassification } from "./heads/pooled.js";
export { type Counted, type Pooling, type PoolingMode, pool, poolCounted } from "./heads/pooling.js";
export { similarityOf } from "./heads/similarity.js";
export { type SpanBoundarySizes, spanBoundaryHead } from "./heads/span-boundary.js";
export { readSafetensors, type Safetensors, type SafetensorsFile } from "./io/safetensors/safetensors.js";
export {
  type NamedParameter,
  type NamedTensor,
  type TensorBytes,
  type WrittenTensor,
  writeSafetensors,
} from "./io/safetensors/write-safetensors.js";
export { familyOf } from "./models/families.js";
export { buildModel } from "./models/family/build.js";
export type { EncoderDecoder, Trace } from "./models/family/encoder.js";
export type {
  EncoderFamily,
  HeadOf,
  Heads,
  HeadTask,
  ParameterLayout,
  VocabularyKind,
} from "./models/family/family.js";
export type { SpecialIds } from "./models/family/sizes.js";
export { constant, type Init, normal, truncatedNormal } from "./nn/init.js";
export { type CachedLayer, DecoderCache, type KeysAndValues } from "./nn/kv-cache.js";
export type { LayerNumbers, LayerPattern, PatternValue } from "./nn/lora.js";
export type { Branch, LinearPlace, Overlay } from "./nn/overlay.js";
export type { Notes, Plan, Planned } from "./nn/planned.js";
export { type StoredTensors, Weights, type WeightsSources } from "./nn/weights.js";
export { cosineError, multipleNegatives } from "./objectives/contrastive.js";
export type { ScoresRows } from "./objectives/distillation.js";
export { replaceMasked } from "./objectives/electra.js";
export type { EncoderBody } from "./objectives/objective.js";
export { type SpanBoundaryHead, spanBoundary } from "./objectives/span-masking.js";
export { ShapeError } from "./tensor/check.js";
export type { CompactDtype, WeightDtype } from "./tensor/compact-panels.js";
export { type CacheDtype, KeyBlocks, type KeyBlocksOptions } from "./tensor/key-blocks.js";
export {
  type CompactEntries,
  type Direction,
  type Entries,
  Matrix,
  matrix,
  type Orientation,
  type Panels,
  type Parameter,
  withValues,
} from "./tensor/matrix.js";
export { type Activation, activate } from "./tensor/ops/activation.js";
export { affine } from "./tensor/ops/affine.js";
export { type AttentionOptions, attention } from "./tensor/ops/attention.js";
export { type CachedAttentionOptions, cachedAttention } from "./tensor/ops/cached-attention.js";
export { dropout } from "./tensor/ops/dropout.js";
export { add, columns, multiply, scale, subtract } from "./tensor/ops/elementwise.js";
export { embedding, embeddingSum, gatherRows, type Lookup, type Table } from "./tensor/ops/embedding.js";
export {
  type CrossEntropyOptions,
  crossEntropy,
  type DivergenceOptions,
  type Divided,
  IGNORE,
  klDivergence,
  meanSquaredError,
  raggedCrossEntropy,
  type Smoothing,
} from "./tensor/ops/loss.js";
export { type MatmulOptions, matmul } from "./tensor/ops/matmul.js";
export { layerNorm } from "./tensor/ops/norm.js";
export { normalizeRows, segmentMax, segmentMean } from "./tensor/ops/reduce.js";
export { Scope } from "./tensor/scope.js";
export { atOnce, type Steps } from "./tensor/steps.js";
export { backward, type Randomness } from "./tensor/tape.js";
export {
  type Differentiable,
  type Dtype,
  intTensor,
  reshape,
  rows,
  type Shape,
  type Storage,
  Tensor,
  tensor,
  type Variable,
  zeros,
} from "./tensor/tensor.js";
export { FRESH_FAMILIES } from "./train/fresh/fresh-model.js";
export { chosenLayers } from "./train/fresh/student.js";
export { type BestState, BestWeights } from "./train/loop/best-weights.js";
export { checkpointNote } from "./train/loop/checkpoint.js";
export { repeatPositions } from "./train/loop/stages.js";
export { clipScale, gradientNorm, type Moments } from "./train/optim/optimizer.js";
export { depths, namesLike } from "./train/optim/parameter-groups.js";
