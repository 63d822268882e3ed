/**
 * LAMB: You et al. 2020, "Large Batch Optimization for Deep Learning: Training BERT in 76 minutes" (arXiv:1904.00962), as
 * ALBERT uses it.
 */

import type { Weights } from "../../nn/weights.js";
import { checkOptions } from "../../options.js";
import { lambStep } from "../../tensor/ops/optimizer.js";
import { type AdamOptions, adamRules, adamSettings, ELSEWHERE } from "./adamw.js";
import { disposeMoments, isDecayed, momentsOf, type Optimizer } from "./optimizer.js";

/**
 * The update of each matrix is scaled by |w| / |update|; biases and norms have neither decay nor that ratio.
 *
 * @example
 * const optimizer = lamb(weights, { weightDecay: 0.01 });
 */
export function lamb(weights: Weights, options: Omit<AdamOptions, "biasCorrection"> = {}): Optimizer {
  const { biasCorrection: _, ...rules } = adamRules();
  checkOptions("lamb", options, rules, ELSEWHERE);
  const { settingsOf } = adamSettings(options, 1e-6);
  const moments = momentsOf(weights);
  return {
    steps: 0,
    moments,
    step(rate, scale) {
      this.steps++;
      for (const each of moments) lambStep(each, settingsOf(each, rate, scale), isDecayed(each.parameter));
    },
    [Symbol.dispose]: () => disposeMoments(moments),
  };
}
