// The export list of the compute module, and nothing else.
export { heapBase, isRelaxed } from "./simd";
export { TRANSPOSED_ROWS, chooseTile, columnSums, gemm, gemmScratchBytes, gemmTransposed, gemmUnits } from "./product/gemm";
export { PAIRS, QUADS, WORDS, gemmQ8, gemmQ8ScratchBytes, quantizeRows, quantizedBytes } from "./product/gemm-q8";
export { F16, Q4, Q8, expand, gemmExpanded, gemmExpandedScratchBytes } from "./product/gemm-expanded";
export { gatherQ8, packQ8, q8PanelBytes } from "./product/q8";
export { packQ4, q4PanelBytes } from "./product/q4";
export { gatherF16, packF16 } from "./product/f16";
export { PANEL, packColumns, packRows, transpose, unpackColumns, unpackRows } from "./product/pack";
export {
  UNLIMITED, attention, attentionBackward, attentionBackwardScratchBytes, attentionProbabilities, attentionScratchBytes,
} from "./attention/attention";
export { BLOCK_KEYS, appendKeys, cachedAttention, cachedAttentionScratchBytes, keyBlockBytes } from "./attention/cached-attention";
export { add, addScaled, multiply, multiplyAdd, scale, subtract, takeColumns, takeColumnsBackward } from "./elementwise";
export { gatherDistances, gatherDistancesBackward, relativeBias, relativeBiasBackward } from "./attention/relative-bias";
export { gather, gatherAdd, gatherBackward, gatherPanels } from "./embedding";
export { layerNorm, layerNormBackwardInput, normBackwardParameters, rmsNorm, rmsNormBackwardInput } from "./norm";
export { normalizeRows, normalizeRowsBackward, segmentMax, segmentMaxBackward, segmentMean, segmentMeanBackward, sumOfSquares } from "./reduce";
export { adamW, descend, lambDirection } from "./optimizer";
export { GELU, GELU_TANH, RELU, SIGMOID, SILU, TANH, activate, activateForTraining } from "./activation";
export { erfAll, expAll, logAll } from "./math";
export { fillNormal, fillTruncatedNormal, fillUniform, philoxBlock, randomBits } from "./random";
export { DROPOUT_SCRATCH, dropout } from "./dropout";
export { rotate } from "./attention/rope";
export { divergence, divergenceBackward } from "./divergence";
export {
  IGNORE, binaryCrossEntropy, binaryCrossEntropyBackward, crossEntropy, crossEntropyBackward, lossSum,
  raggedCrossEntropy, raggedCrossEntropyBackward, squaredError, squaredErrorBackward,
} from "./loss";
