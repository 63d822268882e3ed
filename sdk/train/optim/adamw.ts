/**
 * AdamW: Loshchilov & Hutter 2019, "Decoupled Weight Decay Regularization" (arXiv:1711.05101), over Adam: Kingma & Ba 2015
 * (arXiv:1412.6980). Gradients are clipped in the step and zeroed as they are used.
 */

import { power } from "../../math.js";
import type { Weights } from "../../nn/weights.js";
import { aBoolean, aFunction, checkOptions, numberBetween, type Rules } from "../../options.js";
import { type AdamSettings, adamWStep } from "../../tensor/ops/optimizer.js";
import { disposeMoments, isDecayed, type Moments, momentsOf, type Optimizer } from "./optimizer.js";

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
 * The settings of every parameter's step, from options with the defaults that AdamW and LAMB share.
 *
 * @param defaultEps their only default that differs
 */
export function adamSettings(options: AdamOptions, defaultEps: number) {
  const { beta1 = 0.9, beta2 = 0.999, eps = defaultEps, weightDecay = 0.01, factor = () => 1 } = options;
  const settingsOf = ({ name, parameter }: Moments, rate: number, scale: number): AdamSettings => ({
    beta1,
    beta2,
    eps,
    rate: rate * factor(name),
    decay: isDecayed(parameter) ? weightDecay : 0,
    scale,
  });
  return { beta1, beta2, settingsOf };
}

/**
 * Adam with decoupled weight decay (Loshchilov & Hutter 2019).
 *
 * @example
 * const optimizer = adamW(weights, { weightDecay: 0.01 });
 */
export function adamW(weights: Weights, options: AdamOptions = {}): Optimizer {
  checkOptions("adamW", options, adamRules(), ELSEWHERE);
  const { biasCorrection = true } = options;
  const { beta1, beta2, settingsOf } = adamSettings(options, 1e-8);
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
      for (const each of moments) adamWStep(each, settingsOf(each, rate, scale), correction);
    },
    [Symbol.dispose]: () => disposeMoments(moments),
  };
}
