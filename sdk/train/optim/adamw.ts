/**
 * AdamW: Loshchilov & Hutter 2019, "Decoupled Weight Decay Regularization" (arXiv:1711.05101), over Adam: Kingma & Ba 2015
 * (arXiv:1412.6980). Gradients are clipped in the step and zeroed as they are used.
 */

import { power } from "../../math.js";
import type { Weights } from "../../nn/weights.js";
import { aBoolean, aFunction, checkOptions, numberBetween, type Rules } from "../../options.js";
import { adamWStep } from "../../tensor/ops/optimizer.js";
import { disposeMoments, isDecayed, momentsOf, type Optimizer } from "./optimizer.js";

/** Options of {@link adamW} and {@link lamb}. */
export interface AdamOptions {
  readonly beta1?: number;
  readonly beta2?: number;
  readonly eps?: number;
  /** decoupled weight decay of tensors with two or more axes; biases and norms have none */
  readonly weightDecay?: number;
  /** false: as the original BERT, whose first steps are larger */
  readonly biasCorrection?: boolean;
  /** the learning rate of a parameter, as a multiple of the schedule's: layer-wise decay, frozen parts */
  readonly factor?: (name: string) => number;
}

/** Names of options in other libraries. */
export const ELSEWHERE = {
  lr: "the learning rate is an option of the training loop",
  learningRate: "the learning rate is an option of the training loop",
  betas: "the betas are beta1 and beta2",
  decay: "weight decay is weightDecay",
} as const;

export const adamRules = (): Rules<AdamOptions> => ({
  beta1: numberBetween(0, 1),
  beta2: numberBetween(0, 1),
  eps: numberBetween(0, 1),
  weightDecay: numberBetween(0, Number.POSITIVE_INFINITY),
  biasCorrection: aBoolean,
  factor: aFunction,
});

/**
 * Adam with decoupled weight decay (Loshchilov & Hutter 2019).
 *
 * @example
 * const optimizer = adamW(weights, { weightDecay: 0.01 });
 */
export function adamW(weights: Weights, options: AdamOptions = {}): Optimizer {
  checkOptions("adamW", options, adamRules(), ELSEWHERE);
  const {
    beta1 = 0.9,
    beta2 = 0.999,
    eps = 1e-8,
    weightDecay = 0.01,
    biasCorrection = true,
    factor = () => 1,
  } = options;
  const moments = momentsOf(weights);
  return {
    steps: 0,
    moments,
    step(rate, scale) {
      this.steps++;
      const correction = {
        first: biasCorrection ? 1 - power(beta1, this.steps) : 1,
        second: biasCorrection ? 1 - power(beta2, this.steps) : 1,
      };
      for (const each of moments) {
        const settings = {
          beta1,
          beta2,
          eps,
          rate: rate * factor(each.name),
          decay: isDecayed(each.parameter) ? weightDecay : 0,
          scale,
        };
        adamWStep(each, settings, correction);
      }
    },
    [Symbol.dispose]: () => disposeMoments(moments),
  };
}
