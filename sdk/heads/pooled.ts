/** Judging a sequence as a whole by the vector of its first token: sentiment, inference, similarity of pairs. */

import { type Batch, type Sample, sampleOf } from "../data/sample.js";
import type { HeadObjective } from "../objectives/objective.js";
import { ArgumentError } from "../options.js";
import { crossEntropy, meanSquaredError } from "../tensor/ops/loss.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Tokenizer } from "../tokenizer/index.js";
import type { LabelSet } from "./labels.js";
import { argmax, softmax } from "./probabilities.js";

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

export interface Classified {
  readonly label: string;
  /** probability of the label */
  readonly score: number;
  /** probability of every label, in the order of the label set */
  readonly scores: Readonly<Record<string, number>>;
}

/** The most probable label of one row of scores. */
export function decodeRow(scores: ArrayLike<number>, labels: LabelSet): Classified {
  const probabilities = softmax(scores);
  const best = argmax(scores);
  return {
    label: labels.name(best),
    score: probabilities[best]!,
    scores: Object.fromEntries(labels.names.map((name, id) => [name, probabilities[id]!])),
  };
}
