/** Tensors of random values: a function of the key alone, the same on every machine (assembly/random.ts). */
import { launch } from "../../engine/launch.js";
import type { Tensor } from "../tensor.js";

/** Names one sequence of random values: a run's seed, and which of its tensors this is. */
export interface FillKey {
  /** 32 bits */
  readonly seed: number;
  /** 32 bits */
  readonly stream: number;
}

/** Fill with independent values, equally likely in [low, high). */
export function fillUniform(t: Tensor, low: number, high: number, { seed, stream }: FillKey): void {
  launch(t.engine, "fillUniform", t.size, t.address, low, high, seed, stream);
}

/**
 * Fill with independent normal values with mean 0.
 *
 * @example
 * fillNormal(x, 0.02, { seed: 1, stream: 7 });
 */
export function fillNormal(t: Tensor, deviation: number, { seed, stream }: FillKey): void {
  launch(t.engine, "fillNormal", t.size, t.address, deviation, seed, stream);
}

/** Fill with normal values conditioned on being within two standard deviations. */
export function fillTruncatedNormal(t: Tensor, deviation: number, { seed, stream }: FillKey): void {
  launch(t.engine, "fillTruncatedNormal", t.size, t.address, deviation, seed, stream);
}
