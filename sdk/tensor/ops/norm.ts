/** Normalization of rows. */

import { launch } from "../../engine/launch.js";
import { aNumber, checkArgument } from "../../options.js";
import { expectOneEngine, expectShape } from "../check.js";
import { gradOf, gradTarget, handOn, record } from "../tape.js";
import { empty, type Tensor } from "../tensor.js";

/**
 * Normalize each row of x to mean 0 and variance 1, then scale and shift.
 *
 * @param x (rows, width)
 * @param gamma (width), the scale
 * @param beta (width), the shift; null for none
 * @returns (rows, width)
 * @see Ba et al. 2016, arXiv:1607.06450
 * @example
 * layerNorm(tensor(engine, [1, 3], [1, 2]), tensor(engine, [1, 1]), null, 0).toArray(); // [-1, 1]
 */
export function layerNorm(x: Tensor, gamma: Tensor, beta: Tensor | null, eps: number): Tensor {
  expectShape("layerNorm", "x", x, ["rows", "width"]);
  const [rows = 0, width = 0] = x.shape;
  expectShape("layerNorm", "gamma", gamma, [width], "It is as wide as the last axis of x.");
  if (beta) expectShape("layerNorm", "beta", beta, [width], "It is as wide as the last axis of x.");
  expectOneEngine("layerNorm", x, gamma, beta);

  checkArgument("layerNorm", "eps", eps, aNumber);
  const { engine } = x;
  const y = empty(engine, x.shape);
  const mean = empty(engine, [rows]);
  const rstd = empty(engine, [rows]);
  // biome-ignore format: in the order of the kernel's own list
  launch(
    engine, "layerNorm", rows,
    y.address, mean.address, rstd.address, x.address, gamma.address, beta?.address ?? 0, width, eps,
  );

  return record(y, [x, gamma, beta], (dy) => {
    if (gamma.traced || beta?.traced) {
      const dgamma = gamma.traced ? gradOf(gamma).address : 0;
      const dbeta = beta?.traced ? gradOf(beta).address : 0;
      // biome-ignore format: in the order of the kernel's own list
      launch(
        engine, "normBackwardParameters", width,
        dgamma, dbeta, dy.address, x.address, mean.address, rstd.address, rows, width,
      );
    }
    if (!x.traced) return;
    const { grad, add } = handOn(y, x) ? { grad: dy, add: false } : gradTarget(x);
    // biome-ignore format: in the order of the kernel's own list
    launch(
      engine, "layerNormBackwardInput", rows,
      grad.address, dy.address, x.address, gamma.address, mean.address, rstd.address, width, Number(add),
    );
  });
}

/**
 * Divide each row of x by its root mean square, then scale: layer norm without centering.
 *
 * @param x (rows, width)
 * @param gamma (width), the scale
 * @returns (rows, width)
 */
export function rmsNorm(x: Tensor, gamma: Tensor, eps: number): Tensor {
  expectShape("rmsNorm", "x", x, ["rows", "width"]);
  const [rows = 0, width = 0] = x.shape;
  expectShape("rmsNorm", "gamma", gamma, [width], "It is as wide as the last axis of x.");
  expectOneEngine("rmsNorm", x, gamma);

  const { engine } = x;
  const y = empty(engine, x.shape);
  const rstd = empty(engine, [rows]);
  launch(engine, "rmsNorm", rows, y.address, rstd.address, x.address, gamma.address, width, eps);

  return record(y, [x, gamma], (dy) => {
    if (gamma.traced) {
      const dgamma = gradOf(gamma).address;
      launch(engine, "normBackwardParameters", width, dgamma, 0, dy.address, x.address, 0, rstd.address, rows, width);
    }
    if (!x.traced) return;
    const { grad, add } = handOn(y, x) ? { grad: dy, add: false } : gradTarget(x);
    // biome-ignore format: in the order of the kernel's own list
    launch(
      engine, "rmsNormBackwardInput", rows,
      grad.address, dy.address, x.address, gamma.address, rstd.address, width, Number(add),
    );
  });
}
