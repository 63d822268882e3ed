/**
 * Optimizers over a model's weights: AdamW and LAMB, with global-norm clipping folded into the step.
 *
 * Moments belong to the optimizer; gradients are zeroed as they are used.
 */

import { power } from "../../math.js";
import type { Weights } from "../../nn/weights.js";
import {
  aBoolean,
  aFunction,
  checkArguments,
  checkOptions,
  numberBetween,
  type Rule,
  type Rules,
} from "../../options.js";
import { Matrix, type Parameter } from "../../tensor/matrix.js";
import { adamWStep, lambStep, type Moments as ParameterMoments } from "../../tensor/ops/optimizer.js";
import { sumOfSquares } from "../../tensor/ops/reduce.js";
import { unscoped } from "../../tensor/scope.js";
import { gradOf } from "../../tensor/tape.js";
import { zeros } from "../../tensor/tensor.js";

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

/** A parameter under its published name, and its running averages of the gradient and of its square. */
export interface Moments extends ParameterMoments {
  readonly name: string;
}

/** An optimizer with its moments. */
export interface Optimizer extends Disposable {
  /** steps taken so far */
  steps: number;
  readonly moments: readonly Moments[];
  /** Update every weight, and zero the gradients. `scale` multiplies the gradients first. */
  step(rate: number, scale: number): void;
}

/** Global norm of all gradients; not finite when an element is not. */
export function gradientNorm({ moments }: Pick<Optimizer, "moments">): number {
  let sum = 0;
  for (const { parameter } of moments) sum += sumOfSquares(gradOf(parameter));
  return Math.sqrt(sum);
}

/** May be infinite, or not a number: the gradients of a run that diverges. */
const aNorm: Rule = { expected: "a number", accepts: (value) => typeof value === "number" };

/**
 * Factor that clips the global gradient norm to `most`; 0 turns clipping off. PyTorch's formula.
 *
 * @example
 * clipScale(2, 1); // 0.5
 */
export function clipScale(norm: number, most: number): number {
  checkArguments("clipScale", { norm, most }, { norm: aNorm, most: aNorm });
  return most > 0 ? Math.min(1, most / (norm + 1e-6)) : 1;
}

/** Forget the gradients of a step that is not taken. */
export function clearGradients({ moments }: Pick<Optimizer, "moments">): void {
  for (const { parameter } of moments) parameter.grad?.data.fill(0);
}

function momentsOf(weights: Weights): Moments[] {
  for (const [, parameter] of weights.entries())
    if (parameter instanceof Matrix && parameter.traced) parameter.expectTrainable();
  return [...weights.entries()]
    .filter(([, parameter]) => parameter.traced)
    .map(([name, parameter]) =>
      unscoped(() => ({
        name,
        parameter,
        first: zeros(parameter.engine, parameter.shape),
        second: zeros(parameter.engine, parameter.shape),
      })),
    );
}

/** Free the memory of training: moments, gradients, and all but one layout of each weight. */
function dispose(moments: readonly Moments[]): void {
  for (const { parameter, first, second } of moments) {
    for (const t of [first, second]) t.storage[Symbol.dispose]();
    parameter.settle();
  }
}

/** Whether a tensor is decayed: matrices are, biases and norms are not. */
const isDecayed = (t: Parameter): boolean => t.shape.length >= 2;

/** Names of other libraries. */
const ELSEWHERE = {
  lr: "the learning rate is an option of the training loop",
  learningRate: "the learning rate is an option of the training loop",
  betas: "the betas are beta1 and beta2",
  decay: "weight decay is weightDecay",
} as const;

const adamRules = (): Rules<AdamOptions> => ({
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
    [Symbol.dispose]: () => dispose(moments),
  };
}

/**
 * LAMB (You et al. 2020), as ALBERT uses it: the update of each matrix is scaled by |w| / |update|; biases and norms
 * have neither decay nor that ratio.
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
    [Symbol.dispose]: () => dispose(moments),
  };
}
