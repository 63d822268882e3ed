/**
 * Causal language modeling: predict the next token at every position. Radford et al. 2018, "Improving Language
 * Understanding by Generative Pre-Training"; Karpathy's nanoGPT for the small published recipes.
 */
import type { Sample } from "../data/sample.js";
import { IGNORE } from "../tensor/ops/loss.js";
import { type LmHead, tokenTargets } from "./masked-lm.js";
import type { HeadObjective } from "./objective.js";

/**
 * The next token at each position; IGNORE at the last.
 *
 * @example
 * nextTokens(Int32Array.of(5, 6, 7)); // [6, 7, -100]
 */
export function nextTokens(ids: Int32Array): Int32Array {
  const next = new Int32Array(ids.length).fill(IGNORE);
  next.set(ids.subarray(1));
  return next;
}

/**
 * Next-token prediction. Nothing is random: the labels are the text itself.
 *
 * @example
 * const objective = single(causalLm());
 */
export function causalLm(): HeadObjective<LmHead> {
  return {
    name: "causal-lm",
    ...tokenTargets("causal-lm"),
    corrupt: (sample: Sample): Sample => ({ ...sample, labels: { ...sample.labels, tokens: nextTokens(sample.ids) } }),
  };
}
