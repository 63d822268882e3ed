/**
 * LAMB: You et al. 2020, "Large Batch Optimization for Deep Learning: Training BERT in 76 minutes" (arXiv:1904.00962), as
 * ALBERT uses it.
 */

import type { Weights } from "../../nn/weights.js";
import { checkOptions } from "../../options.js";
import { lambStep } from "../../tensor/ops/optimizer.js";
import { type AdamOptions, adamRules, ELSEWHERE } from "./adamw.js";
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
  const { beta1 = 0.9, beta2 = 0.999, eps = 1e-6, weightDecay = 0.01, factor = () => 1 } = options;
  const moments = momentsOf(weights);
  return {
    steps: 0,
    moments,
    step(rate, scale) {
      this.steps++;
      for (const each of moments) {
        const isMatrix = isDecayed(each.parameter);
        const settings = {
          beta1,
          beta2,
          eps,
          rate: rate * factor(each.name),
          decay: isMatrix ? weightDecay : 0,
          scale,
        };
        lambStep(each, settings, isMatrix);
      }
    },
    [Symbol.dispose]: () => disposeMoments(moments),
  };
}
