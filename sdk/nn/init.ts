/**
 * Initial values of parameters. Random values come from the engine's own generator, so a seed gives the same weights
 * everywhere: to the bit in the strict build, to a few units in the last place in the relaxed one.
 */
import { fillNormal, fillTruncatedNormal, fillUniform } from "../tensor/ops/random.js";
import type { Tensor } from "../tensor/tensor.js";

/** Fill a new parameter; `stream` distinguishes parameters of one seed. */
export type Init = (t: Tensor, key: { readonly seed: number; readonly stream: number }) => void;

/**
 * The same value everywhere: 0 for biases, 1 for norms.
 *
 * @example
 * w.get("gamma", [2], constant(1)).toArray(); // [1, 1]
 */
export function constant(value: number): Init {
  return (t) => void t.data.fill(value);
}

/**
 * Independent normal values with mean 0.
 *
 * @param deviation standard deviation; 0.02 in BERT
 * @example
 * w.matrix("dense", [2, 3], normal(0.02)).toArray().length; // 6
 */
export function normal(deviation: number): Init {
  return (t, key) => fillNormal(t, deviation, key);
}

/**
 * Normal values truncated at two standard deviations, as the original BERT initializes.
 *
 * @example
 * w.matrix("truncated", [2, 3], truncatedNormal(0.02)).toArray().length; // 6
 */
export function truncatedNormal(deviation: number): Init {
  return (t, key) => fillTruncatedNormal(t, deviation, key);
}

/** Independent values, equally likely between -bound and bound. */
export function uniform(bound: number): Init {
  return (t, key) => fillUniform(t, -bound, bound, key);
}
