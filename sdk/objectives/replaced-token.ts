/**
 * Replaced-token detection: say of every token whether it is the original or was put there by a generator. Clark et al.
 * 2020 (arXiv:2003.10555), section 2; google-research/electra, run_pretraining.py.
 */
import type { Batch } from "../data/sample.js";
import { binaryCrossEntropy, IGNORE } from "../tensor/ops/loss.js";
import type { Tensor } from "../tensor/tensor.js";
import type { HeadObjective } from "./objective.js";

/** A head that gives every token one score: how surely it was replaced. */
export interface ReplacedTokenHead {
  /** @param hidden (tokens, width); returns (tokens, 1) */
  replacedScores(hidden: Tensor): Tensor;
}

function labelsOf({ labels }: Batch): Int32Array {
  if (!labels.tokens)
    throw new TypeError("replaced-token: the batch has no token labels (1 where replaced, 0 where not)");
  return labels.tokens;
}

/** The discriminator's loss over all tokens with a label: 1 where it was replaced, 0 where not. */
export function replacedToken(): HeadObjective<ReplacedTokenHead> {
  return {
    name: "replaced-token",
    corrupt: (sample) => sample,
    count: (batch) => labelsOf(batch).reduce((sum, label) => sum + Number(label !== IGNORE), 0),
    loss: (head, hidden, batch, count) =>
      binaryCrossEntropy(head.replacedScores(hidden), labelsOf(batch), { divisor: count }),
  };
}
