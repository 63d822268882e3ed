/** Optimizer steps of one parameter: its values, moments and gradient in one pass over memory. */
import { launch } from "../../engine/launch.js";
import type { Matrix } from "../matrix.js";
import { gradOf } from "../tape.js";
import type { Tensor } from "../tensor.js";
import { sumOfSquares } from "./reduce.js";

/** A parameter and its running averages of the gradient (`first`) and of its square (`second`), all of one shape. */
export interface Moments {
  readonly parameter: Tensor | Matrix;
  readonly first: Tensor;
  readonly second: Tensor;
}

/** Settings that AdamW and LAMB share. */
export interface AdamSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  /** learning rate of this step */
  readonly rate: number;
  /** decoupled weight decay, before it is multiplied by the rate */
  readonly decay: number;
  /** factor applied to the gradient first, for clipping */
  readonly scale: number;
}

/** 1 - beta^t for both averages, which begin at zero; 1 where the step is not corrected for that. */
export interface BiasCorrection {
  readonly first: number;
  readonly second: number;
}

/**
 * One step of AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101, algorithm 2). The gradient is zeroed.
 *
 * @param correction without bias correction, as in the original BERT, both are 1
 */
export function adamWStep(moments: Moments, settings: AdamSettings, correction: BiasCorrection): void {
  const { parameter, first, second } = moments;
  const { beta1, beta2, eps, rate, decay, scale } = settings;
  parameter.overwrite((values) => {
    // biome-ignore format: in the order of the kernel's own list
    launch(
      parameter.engine, "adamW", parameter.size,
      values, gradOf(parameter).address, first.address, second.address,
      scale, rate * decay, 1 - beta1, beta2, 1 - beta2, rate / correction.first, Math.sqrt(correction.second), eps,
    );
  });
}

/**
 * One step of LAMB (You et al. 2020, arXiv:1904.00962, algorithm 2) without bias correction. The gradient is zeroed.
 *
 * @param trust whether the update is scaled by |w| / |update|, as that of matrices is
 */
export function lambStep(moments: Moments, settings: AdamSettings, trust: boolean): void {
  const { parameter, first, second } = moments;
  const { engine, size } = parameter;
  const { beta1, beta2, eps, rate, decay, scale } = settings;
  // The direction of the update takes the place of the gradient.
  const direction = gradOf(parameter);
  parameter.overwrite((values) => {
    // biome-ignore format: in the order of the kernel's own list
    launch(
      engine, "lambDirection", size,
      direction.address, values, first.address, second.address, scale, decay, 1 - beta1, beta2, 1 - beta2, eps,
    );
    const { kernels } = engine;
    const w = trust ? Math.sqrt(kernels.sumOfSquares(values, 0, size)) : 0;
    const u = trust ? Math.sqrt(sumOfSquares(direction)) : 0;
    const ratio = w > 0 && u > 0 ? w / u : 1;
    launch(engine, "descend", size, values, direction.address, rate * ratio);
  });
}
