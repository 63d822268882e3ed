/**
 * Learning rates by step. Pure functions; steps count from 0. With a warm-up the rate of step s is s / warmup of the peak,
 * so the first step's is 0, as in the published code.
 */

import { cos } from "../../math.js";
import { checkArgument, checkArguments, numberBetween } from "../../options.js";

/** The learning rate of a step, counted from 0. */
export type Schedule = (step: number) => number;

function checkSchedule(where: string, peak: number, warmup: number, total = 0): void {
  const steps = numberBetween(0, Number.MAX_SAFE_INTEGER);
  const peaks = numberBetween(0, Number.MAX_VALUE);
  checkArguments(where, { peak, warmup, total }, { peak: peaks, warmup: steps, total: steps });
}

/** Share of the peak during warm-up: step / warmup until it is reached. */
const warm = (step: number, warmup: number): number => (step < warmup ? step / warmup : 1);

/**
 * Up over `warmup` steps, then constant.
 *
 * @example
 * [0, 1, 9].map(constantSchedule(1, 2)); // [0, 0.5, 1]
 */
export function constantSchedule(peak: number, warmup = 0): Schedule {
  checkSchedule("constantSchedule", peak, warmup);
  return (step) => peak * warm(step, warmup);
}

/**
 * Up over `warmup` steps, then down to 0 at `total`, the decay beginning where the warm-up ends (PyTorch's libraries).
 *
 * @example
 * [0, 1, 2, 4, 6].map(linearSchedule(1, 2, 6)); // [0, 0.5, 1, 0.5, 0]
 */
export function linearSchedule(peak: number, warmup: number, total: number): Schedule {
  checkSchedule("linearSchedule", peak, warmup, total);
  return (step) =>
    step < warmup ? peak * warm(step, warmup) : peak * Math.max(0, (total - step) / Math.max(1, total - warmup));
}

/**
 * As the original BERT: the decay counts from step 0, so at the end of the warm-up the rate drops from `peak` to
 * peak × (1 − warmup / total).
 *
 * @example
 * [0, 1, 2, 3].map(originalLinearSchedule(1, 2, 4)); // [0, 0.5, 0.5, 0.25]
 */
export function originalLinearSchedule(peak: number, warmup: number, total: number): Schedule {
  checkSchedule("originalLinearSchedule", peak, warmup, total);
  return (step) => (step < warmup ? peak * warm(step, warmup) : peak * Math.max(0, 1 - step / total));
}

/**
 * As ELECTRA: the warm-up multiplies the decayed rate.
 *
 * @example
 * [0, 1, 2, 3].map(multipliedLinearSchedule(1, 2, 4)); // [0, 0.375, 0.5, 0.25]
 */
export function multipliedLinearSchedule(peak: number, warmup: number, total: number): Schedule {
  checkSchedule("multipliedLinearSchedule", peak, warmup, total);
  return (step) => peak * Math.max(0, 1 - step / total) * warm(step, warmup);
}

/**
 * Up as (step + 1) / (warmup + 1), then half a cosine down to `lowest` (nanoGPT).
 *
 * @example
 * [0, 1, 3, 5].map(cosineSchedule(1, 1, 5, 0)); // [0.5, 1, 0.5, 0]
 */
export function cosineSchedule(peak: number, warmup: number, total: number, lowest: number): Schedule {
  checkSchedule("cosineSchedule", peak, warmup, total);
  checkArgument("cosineSchedule", "lowest", lowest, numberBetween(0, Number.MAX_VALUE));
  return (step) => {
    if (step < warmup) return (peak * (step + 1)) / (warmup + 1);
    if (step >= total) return lowest;
    const share = (step - warmup) / (total - warmup);
    return lowest + 0.5 * (1 + cos(Math.PI * share)) * (peak - lowest);
  };
}

/**
 * Up over `warmup` steps, then down as the inverse square root of the step (Vaswani et al. 2017; T5).
 *
 * @example
 * [0, 2, 4, 16].map(inverseSquareRootSchedule(1, 4)); // [0, 0.5, 1, 0.5]
 */
export function inverseSquareRootSchedule(peak: number, warmup: number): Schedule {
  checkSchedule("inverseSquareRootSchedule", peak, warmup);
  return (step) =>
    step < warmup ? peak * warm(step, warmup) : peak * Math.sqrt(Math.max(1, warmup) / Math.max(1, step));
}
