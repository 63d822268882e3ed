/** The base of next-sentence and sentence-order prediction: a binary label for each pair of segments. */
import type { Batch } from "../data/sample.js";
import { ArgumentError } from "../options.js";
import { crossEntropy, IGNORE } from "../tensor/ops/loss.js";
import type { Tensor } from "../tensor/tensor.js";
import type { HeadObjective } from "./objective.js";

/** A head that classifies pairs of segments. */
export interface PairHead {
  /** @returns (rows, 2) unnormalized scores */
  pairScores(hidden: Tensor, batch: Batch): Tensor;
}

/** The loss of both tasks; `nextSentencePairs` and `sentenceOrderPairs` make the pairs. */
export function pairPrediction(name: string): HeadObjective<PairHead> {
  return {
    name,
    corrupt: (sample) => sample,
    // A single text has the label IGNORE, so that it can be in a batch with pairs.
    count: (batch) => batch.labels.pair?.reduce((count, label) => count + (label === IGNORE ? 0 : 1), 0) ?? 0,
    loss(model, hidden, batch, count) {
      if (!batch.labels.pair)
        throw new ArgumentError(
          `${name}: the batch has no pair labels; its samples must be built as pairs of segments`,
        );
      return crossEntropy(model.pairScores(hidden, batch), batch.labels.pair, { divisor: count });
    },
  };
}
