/** Parameters of models in tests: their values read and changed. */
import type { Weights } from "../../sdk/nn/weights.js";
import type { Parameter } from "../../sdk/tensor/matrix.js";
import { wave } from "./wave.js";

/** Replace each value of a parameter. */
export function rewrite(parameter: Parameter, f: (value: number, index: number) => number): void {
  parameter.assign(parameter.toArray().map(f));
}

/** Move every parameter away from its initial value, biases from 0 and scales from 1, so that each matters. */
export function disturb(weights: Weights, factor: number, first = 0): void {
  for (const [i, [, parameter]] of [...weights.entries()].entries()) {
    const change = wave(parameter.size, first + i);
    rewrite(parameter, (value, k) => value + factor * change[k]!);
  }
}

/** A copy of the values of one parameter. */
export function valuesOf(weights: Weights, name: string): Float32Array {
  const parameter = new Map(weights.entries()).get(name);
  if (!parameter) throw new Error(`the model has no ${name}`);
  return parameter.toArray();
}
