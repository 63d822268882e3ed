/** Corruption that may lengthen a text, drawn again until the model can read it. */
import { DataError } from "../data/source.js";
import type { Objective } from "./objective.js";

/** Most draws of one corruption. A run of as many that are all too long has not been observed. */
const ATTEMPTS = 100;

/**
 * The same objective, limited to corrupted texts that the model can read: infilling inserts masks of empty spans, and may
 * make a text longer than the longest sequence. Such a text is corrupted again.
 *
 * @param maxLength longest sequence in tokens
 * @param limit its name in messages
 * @throws {DataError} when a text is still too long after 100 draws
 * @example
 * const objective = fittingObjective(sequenceToSequence("bart", denoising({ tokenizer })), 128);
 */
export function fittingObjective<M>(objective: Objective<M>, maxLength: number, limit = "maxLength"): Objective<M> {
  return {
    ...objective,
    corrupt(sample, rng) {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const corrupted = objective.corrupt(sample, attempt === 0 ? rng : rng.fork(ATTEMPTS, attempt));
        if (corrupted.ids.length <= maxLength) return corrupted;
      }
      throw new DataError(
        `${limit} ${maxLength}: a text of ${sample.ids.length} tokens is longer once it is corrupted`,
      );
    },
  };
}
