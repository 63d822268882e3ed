/** Dropout, keyed by seed, step and site in the network. */

import { DROPOUT_SCRATCH } from "../../engine/abi.js";
import { launchWithScratch } from "../../engine/launch.js";
import { ArgumentError, given } from "../../options.js";
import { type DropoutKey, gradTarget, handOn, nextDropout, record } from "../tape.js";
import { empty, type Tensor } from "../tensor.js";

/** Sixteen bits decide on an element. */
const CHANCES = 2 ** 16;

/**
 * Drop each element with probability `p` (to the nearest 1/65536) and multiply the others by 1 / (1 - p).
 * In training alone: without a tape with randomness this returns `x` itself.
 *
 * @throws {ArgumentError} when p is not in [0, 1)
 *
 * @example
 * const y = add(x, dropout(x, 0.1));
 */
export function dropout(x: Tensor, p: number): Tensor {
  if (!(typeof p === "number" && p >= 0 && p <= 1 - 1 / CHANCES))
    throw new ArgumentError(`dropout: p must be a share from 0 up to but not 1, got ${given(p)}`);
  const key = p > 0 ? nextDropout() : null;
  if (!key) return x;
  const y = empty(x.engine, x.shape);
  drop(y, x, p, key, false);
  return record(y, [x], (dy) => {
    if (handOn(y, x)) return drop(dy, dy, p, key, false);
    const { grad, add } = gradTarget(x);
    drop(grad, dy, p, key, add);
  });
}

/** y = or += x after dropout */
function drop(y: Tensor, x: Tensor, p: number, { seed, step, stream }: DropoutKey, add: boolean): void {
  const { engine } = x;
  const threshold = Math.round(p * CHANCES);
  const keepScale = CHANCES / (CHANCES - threshold);
  // biome-ignore format: in the order of the kernel's own list
  launchWithScratch(
    engine, "dropout", x.size, DROPOUT_SCRATCH,
    y.address, x.address, threshold, keepScale, seed, step, stream, Number(add),
  );
}
