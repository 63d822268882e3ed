/** Sequence classification and regression over one vector per sequence: sentiment, inference, similarity of pairs. */

import { type Batch, type Sample, sampleOf } from "../data/sample.js";
import type { HeadObjective } from "../objectives/objective.js";
import { ArgumentError } from "../options.js";
import { binaryCrossEntropy, crossEntropy, meanSquaredError } from "../tensor/ops/loss.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Tokenizer } from "../tokenizer/index.js";
import { type ClassWeights, totalWeight, weightedCrossEntropy } from "./class-weights.js";

export type { PairHead } from "../objectives/pair-prediction.js";

/** The head of sequence classification and regression. */
export interface SequenceHead {
  /** @returns (rows, classes) unnormalized scores; one class means regression */
  sequenceScores(hidden: Tensor, batch: Batch): Tensor;
}

/** A text, or a pair of texts whose order matters (premise and hypothesis). */
export interface TextExample {
  readonly text: string;
  readonly pair?: string;
}

/** Encode a text or pair; the longer of the two is truncated first. */
export function encodeText(tokenizer: Tokenizer, { text, pair }: TextExample, length: number): Sample {
  return sampleOf(tokenizer.encode(text, pair, { truncate: { length, strategy: "longest-first" } }));
}

/** Cross-entropy over the classes, which may weigh differently; the mean is then over the weights. */
export function classification(classWeights?: ClassWeights): HeadObjective<SequenceHead> {
  return {
    name: "classification",
    corrupt: (sample) => sample,
    count: (batch) => (classWeights ? totalWeight(rowLabels(batch), classWeights) : batch.rows),
    loss(model, hidden, batch, count) {
      const labels = rowLabels(batch);
      const scores = model.sequenceScores(hidden, batch);
      if (classWeights) return weightedCrossEntropy(scores, labels, classWeights, count);
      return crossEntropy(scores, labels, { divisor: count });
    },
  };
}

function rowLabels({ labels }: Batch): Int32Array {
  if (!labels.row) throw new ArgumentError("classification: the batch has no labels; every sample needs labels.row");
  return labels.row;
}

/**
 * Binary cross-entropy of every class: several may apply to one text. The mean is over rows and classes.
 *
 * @example
 * single(multiLabelClassification()).names; // ["multi-label-classification"]
 */
export function multiLabelClassification(): HeadObjective<SequenceHead> {
  return {
    name: "multi-label-classification",
    corrupt: (sample) => sample,
    count: (batch) => batch.labels.classes?.length ?? 0,
    loss(model, hidden, batch, count) {
      const { classes } = batch.labels;
      if (!classes)
        throw new ArgumentError("multiLabelClassification: the batch has no labels; every sample needs labels.classes");
      return binaryCrossEntropy(model.sequenceScores(hidden, batch), classes, { divisor: count });
    },
  };
}

/** Mean squared error of a single score. */
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
