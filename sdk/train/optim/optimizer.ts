/** Optimizers: the interface, their moments, and clipping by the global norm of the gradients. */

import type { Engine } from "../../engine/engine.js";
import type { Weights } from "../../nn/weights.js";
import { checkArguments, type Rule } from "../../options.js";
import { Matrix, type Parameter } from "../../tensor/matrix.js";
import type { Moments as ParameterMoments } from "../../tensor/ops/optimizer.js";
import { sumOfSquares } from "../../tensor/ops/reduce.js";
import { unscoped } from "../../tensor/scope.js";
import { gradOf } from "../../tensor/tape.js";
import { zeros } from "../../tensor/tensor.js";

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

/**
 * Global norm of all gradients; not finite when an element is not.
 *
 * @example
 * gradientNorm(optimizer) >= 0; // true
 */
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

/**
 * Move gradients and packed weights, which the first step allocated among its temporaries, next to each other: scattered, they
 * would cut free memory into pieces too small for a later step's larger tensors. After a step they hold zeros and old values, so
 * nothing is copied.
 */
export function gatherMemory(engine: Engine, { moments }: Pick<Optimizer, "moments">): void {
  const vacated = moments.map(({ parameter }) => {
    parameter.variable.gradient?.[Symbol.dispose]();
    parameter.variable.gradient = null;
    return parameter instanceof Matrix ? parameter.vacate() : [];
  });
  engine.joinFree();
  for (const [i, { parameter }] of moments.entries()) {
    gradOf(parameter);
    if (parameter instanceof Matrix) for (const direction of vacated[i]!) parameter.panels(direction);
  }
}

/** New moments, zero, for every parameter that is trained. */
export function momentsOf(weights: Weights): Moments[] {
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
export function disposeMoments(moments: readonly Moments[]): void {
  for (const { parameter, first, second } of moments) {
    for (const t of [first, second]) t.storage[Symbol.dispose]();
    parameter.settle();
  }
}

/** Whether a tensor is decayed: matrices are, biases and norms are not. */
export const isDecayed = (t: Parameter): boolean => t.shape.length >= 2;
