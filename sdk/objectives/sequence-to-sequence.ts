/** Sequence-to-sequence learning: the loss that BART, T5 and translation share. */

import { type Batch, labelled, type Sample } from "../data/sample.js";
import { ArgumentError } from "../options.js";
import { crossEntropy } from "../tensor/ops/loss.js";
import type { Rng } from "../tensor/random.js";
import type { Tensor } from "../tensor/tensor.js";
import type { LmHead } from "./masked-lm.js";
import type { EncoderBody, Objective } from "./objective.js";

/** A decoder beside an encoder. */
export interface Decoder extends LmHead {
  decode(batch: Batch, source: { readonly hidden: Tensor; readonly starts: Int32Array }): Tensor;
}

function targetOf({ target }: Batch): Batch {
  if (!target?.labels.tokens)
    throw new ArgumentError(
      "sequence-to-sequence: the batch has no target; were its samples corrupted before they were collated?",
    );
  return target;
}

/**
 * Cross-entropy of the target's tokens, each predicted from the source and the target tokens before it.
 *
 * @param corrupt makes source and target of a sample: `target.ids` are the decoder's inputs, `target.labels.tokens` its labels
 * @example
 * sequenceToSequence("bart", denoising({ tokenizer })).names; // ["bart"]
 */
export function sequenceToSequence(
  name: string,
  corrupt: (sample: Sample, rng: Rng) => Sample,
): Objective<EncoderBody & Decoder> {
  return {
    names: [name],
    corrupt,
    counts: (batch) => [labelled(targetOf(batch).labels.tokens!).length],
    losses(model, batch, [count]) {
      const target = targetOf(batch);
      const tokens = target.labels.tokens!;
      const index = labelled(tokens);
      const states = model.decode(target, { hidden: model.encode(batch), starts: batch.starts });
      const scores = model.tokenScores(states, index);
      return [
        crossEntropy(
          scores,
          index.map((i) => tokens[i]!),
          { divisor: count! },
        ),
      ];
    },
  };
}
