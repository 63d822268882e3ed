/**
 * Contrastive learning of sentence embeddings: positives are pulled together, the rest of the batch is pushed away.
 *
 * Henderson et al. 2017 (arXiv:1705.00652) and van den Oord et al. 2018 (arXiv:1807.03748) for in-batch negatives;
 * Gao et al. 2021, "SimCSE" (arXiv:2104.08821); Reimers & Gurevych 2019 for regression of cosines on scores.
 */
import { multiply, scale } from "../tensor/ops/elementwise.js";
import { crossEntropy, meanSquaredError } from "../tensor/ops/loss.js";
import { matmul } from "../tensor/ops/matmul.js";
import { type Tensor, tensor } from "../tensor/tensor.js";

/**
 * Multiple negatives ranking (InfoNCE): each first vector must rank its own second one above all others of the batch;
 * cross-entropy over scaled cosines.
 *
 * @param first (rows, width) of length 1
 * @param second (rows, width) of length 1; row i belongs to row i of `first`
 * @param factor multiplies the cosines; 20 is SimCSE's temperature of 0.05
 * @param divisor divides the sum over rows
 * @returns [] nats
 * @example
 * const unit = tensor(engine, [1, 0, 0, 1], [2, 2]);
 * multipleNegatives(unit, unit, 20, 2).item() < 1e-6; // true
 */
export function multipleNegatives(first: Tensor, second: Tensor, factor: number, divisor: number): Tensor {
  const rows = Int32Array.from({ length: first.shape[0]! }, (_, row) => row);
  return crossEntropy(scale(matmul(first, second, { transposeB: true }), factor), rows, { divisor });
}

/**
 * Mean squared error between the cosine of each pair and its score.
 *
 * @param first (rows, width) of length 1
 * @param second (rows, width) of length 1
 * @param scores (rows) from -1 to 1
 * @example
 * const unit = tensor(engine, [1, 0, 0, 1], [2, 2]);
 * cosineError(unit, unit, Float32Array.of(1, 0), 2).item(); // 0.5
 */
export function cosineError(first: Tensor, second: Tensor, scores: Float32Array, divisor: number): Tensor {
  const width = first.shape[1]!;
  const ones = tensor(first.engine, new Float32Array(width).fill(1), [width, 1]);
  return meanSquaredError(matmul(multiply(first, second), ones), scores, { divisor });
}
