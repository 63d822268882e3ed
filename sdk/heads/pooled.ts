/** Judging a sequence as a whole by the vector of its first token: sentiment, inference, similarity of pairs. */

import { type Batch, type Sample, sampleOf } from "../data/sample.js";
import type { HeadObjective } from "../objectives/objective.js";
import { ArgumentError } from "../options.js";
import { crossEntropy, meanSquaredError } from "../tensor/ops/loss.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Tokenizer } from "../tokenizer/index.js";

export type { PairHead } from "../objectives/next-sentence-prediction.js";

/** The head that is fine-tuned. */
export interface SequenceHead {
  /** @returns (rows, classes) unnormalised scores; one class means regression */
  sequenceScores(hidden: Tensor, batch: Batch): Tensor;
}

/** A text, or a pair of texts whose order matters (premise and hypothesis). */
export interface TextExample {
  readonly text: string;
  readonly pair?: string;
}

/** Encode a text or pair; what is too long is cut from the longer of the two. */
export function encodeText(tokenizer: Tokenizer, { text, pair }: TextExample, length: number): Sample {
  return sampleOf(tokenizer.encode(text, pair, { truncate: { length, strategy: "longest-first" } }));
}

/** Cross-entropy over classes. */
export function classification(): HeadObjective<SequenceHead> {
  return {
    name: "classification",
    corrupt: (sample) => sample,
    count: (batch) => batch.rows,
    loss(model, hidden, batch, count) {
      if (!batch.labels.row)
        throw new ArgumentError("classification: the batch has no labels; every sample needs labels.row");
      return crossEntropy(model.sequenceScores(hidden, batch), batch.labels.row, { divisor: count });
    },
  };
}

/** Mean squared error of one score. */
export function regression(): HeadObjective<SequenceHead> {
  return {
    name: "regression",
    corrupt: (sample) => sample,
    count: (batch) => batch.rows,
    loss(model, hidden, batch, count) {
      if (!batch.labels.value)
        throw new ArgumentError("regression: the batch has no values; every sample needs labels.value");
      return meanSquaredError(model.sequenceScores(hidden, batch), batch.labels.value, { divisor: count });
    },
  };
}
