/**
 * Replaced-token detection: classify every token as original or replaced by a generator. Clark et al. 2020
 * (arXiv:2003.10555), section 2; google-research/electra, run_pretraining.py.
 */

import type { Batch } from "../data/sample.js";
import { ArgumentError } from "../options.js";
import { binaryCrossEntropy, IGNORE } from "../tensor/ops/loss.js";
import type { Tensor } from "../tensor/tensor.js";
import type { HeadObjective } from "./objective.js";

/** A head with one score for every token: the logit of its being replaced. */
export interface ReplacedTokenHead {
  /** @param hidden (tokens, width); returns (tokens, 1) */
  replacedScores(hidden: Tensor): Tensor;
}

function labelsOf({ labels }: Batch): Int32Array {
  if (!labels.tokens)
    throw new ArgumentError(
      "replaced-token-detection: the batch has no token labels (1 where replaced, 0 where original)",
    );
  return labels.tokens;
}

/**
 * The discriminator's loss over all labeled tokens: 1 where replaced, 0 where original.
 *
 * @example
 * single(replacedTokenDetection()).names; // ["replaced-token-detection"]
 */
export function replacedTokenDetection(): HeadObjective<ReplacedTokenHead> {
  return {
    name: "replaced-token-detection",
    corrupt: (sample) => sample,
    count: (batch) => labelsOf(batch).reduce((sum, label) => sum + Number(label !== IGNORE), 0),
    loss: (head, hidden, batch, count) =>
      binaryCrossEntropy(head.replacedScores(hidden), labelsOf(batch), { divisor: count }),
  };
}
