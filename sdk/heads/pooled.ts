/** Judging a sequence as a whole by the vector of its first token: classes of a text or pair, and of pre-training pairs. */
import type { Batch } from "../data/sample.js";
import type { Tensor } from "../tensor/tensor.js";

/** The head that is fine-tuned: sentiment, inference, similarity. */
export interface ClassifiesRows {
  /** @returns (rows, classes) unnormalised scores; one class means regression */
  rowScores(hidden: Tensor, batch: Batch): Tensor;
}

/** The head of pre-training: next sentence (0 follows, 1 random) or sentence order (0 in order, 1 swapped). */
export interface JudgesPairs {
  /** @returns (rows, 2) unnormalised scores */
  pairScores(hidden: Tensor, batch: Batch): Tensor;
}
