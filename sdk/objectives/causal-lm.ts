/**
 * Causal language modelling: at every place, predict the token that comes next. Radford et al. 2018, "Improving Language
 * Understanding by Generative Pre-Training"; Karpathy's nanoGPT for the small published recipes.
 */
import type { Sample } from "../data/sample.js";
import { IGNORE } from "../tensor/ops/loss.js";
import { type LmHead, tokenTargets } from "./masked-lm.js";
import type { HeadObjective } from "./objective.js";

/** What comes next at each place; at the last there is nothing to compare with. */
export function nextTokens(ids: Int32Array): Int32Array {
  const next = new Int32Array(ids.length).fill(IGNORE);
  next.set(ids.subarray(1));
  return next;
}

/**
 * The loss of a model that reads from left to right. Nothing is random: the text itself has the labels.
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
