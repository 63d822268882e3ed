/** cloze/tensor: tensors, operators, the tape and weights, for models and objectives of your own. */
export { atLayers, LayerError, type LayerJoin, type LayerwiseEncoder, shiftedAt } from "./heads/layer-states.js";
export { type Counted, type Pooling, type PoolingMode, pool, poolCounted } from "./heads/pooling.js";
export { similarityOf } from "./heads/similarity.js";
export { type SpanBoundarySizes, spanBoundaryHead } from "./heads/span-boundary.js";
export { readSafetensors } from "./io/safetensors.js";
export { writeSafetensors } from "./io/write-safetensors.js";
export { buildModel } from "./models/build.js";
export type { Trace } from "./models/encoder.js";
export { familyOf } from "./models/families.js";
export type { EncoderFamily } from "./models/family.js";
export { constant, type Init, normal, truncatedNormal } from "./nn/init.js";
export { type Plan, type Planned, type StoredTensors, Weights } from "./nn/weights.js";
export { cosineError, multipleNegatives } from "./objectives/contrastive.js";
export { replaceMasked } from "./objectives/electra.js";
export { ShapeError } from "./tensor/check.js";
export {
  type Direction,
  type Entries,
  Matrix,
  matrix,
  type Orientation,
  type Panels,
  type Parameter,
} from "./tensor/matrix.js";
export { type Activation, activate } from "./tensor/ops/activation.js";
export { affine } from "./tensor/ops/affine.js";
export { type AttentionOptions, attention } from "./tensor/ops/attention.js";
export { dropout } from "./tensor/ops/dropout.js";
export { add, columns, multiply, scale, subtract } from "./tensor/ops/elementwise.js";
export { embedding, embeddingSum, gatherRows } from "./tensor/ops/embedding.js";
export { crossEntropy, IGNORE, klDivergence, meanSquaredError, raggedCrossEntropy } from "./tensor/ops/loss.js";
export { type MatmulOptions, matmul } from "./tensor/ops/matmul.js";
export { layerNorm } from "./tensor/ops/norm.js";
export { normalizeRows, segmentMax, segmentMean } from "./tensor/ops/reduce.js";
export { Scope } from "./tensor/scope.js";
export { backward, type Randomness } from "./tensor/tape.js";
export { intTensor, reshape, rows, Tensor, tensor, zeros } from "./tensor/tensor.js";
export { clipScale, gradientNorm } from "./train/optim/optimizer.js";
export { depths, namesLike } from "./train/optim/parameter-groups.js";
