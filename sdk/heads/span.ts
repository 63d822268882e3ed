/** Extractive question answering: two vectors point at the first and the last token of the answer. */
import type { Tensor } from "../tensor/tensor.js";

export interface PointsToSpans {
  /** @returns (tokens, 2): column 0 scores each token as the first of the answer, column 1 as the last */
  spanScores(hidden: Tensor): Tensor;
}
