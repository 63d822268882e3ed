/**
 * Parameters with a lower learning rate than others, or frozen, by their published names.
 *
 * Howard & Ruder 2018, "Universal Language Model Fine-tuning" (arXiv:1801.06146), section 3.2 (discriminative rates); Sun
 * et al. 2019, "How to Fine-Tune BERT for Text Classification?" (arXiv:1905.05583), section 5.3.3: a factor for each layer.
 */

import { power } from "../../math.js";
import { WeightsError } from "../../nn/planned.js";
import type { Weights } from "../../nn/weights.js";
import { ArgumentError, aString, checkArgument, listOf } from "../../options.js";

/** One part of a pattern: a word, or a range of layers such as 0-3. */
function partOf(text: string): string {
  const range = /^(\d+)-(\d+)$/.exec(text);
  if (!range) return text === "*" ? "[^.]+" : text.replace(/[^\w]/g, "\\$&");
  const [first, last] = [Number(range[1]), Number(range[2])];
  if (first > last || last - first > 1000)
    throw new ArgumentError(`names: the range ${text} must ascend, over at most 1000 layers`);
  return `(?:${Array.from({ length: last - first + 1 }, (_, i) => first + i).join("|")})`;
}

/**
 * A test for names that contain a pattern, aligned at dots.
 *
 * @param pattern parts joined by dots; `0-3` is a range of layers, `*` any part
 * @example
 * namesLike("encoder.layer.0-3")("bert.encoder.layer.2.output.dense.weight"); // true
 */
export function namesLike(pattern: string): (name: string) => boolean {
  checkArgument("namesLike", "pattern", pattern, aString);
  const expression = new RegExp(`(?:^|\\.)${pattern.split(".").map(partOf).join("\\.")}(?:\\.|$)`);
  return (name) => expression.test(name);
}

/**
 * Exclude the parameters that match a pattern from training.
 *
 * @returns the number of frozen values
 * @throws {WeightsError} for a pattern that matches no parameter
 * @example
 * freeze(weights, ["embeddings", "encoder.layer.0-3"]);
 */
export function freeze(weights: Weights, patterns: readonly string[]): number {
  checkArgument("freeze", "patterns", patterns, listOf(aString));
  const parameters = [...weights.entries()];
  const frozen = new Map<string, number>();
  for (const pattern of patterns) {
    const fits = namesLike(pattern);
    const found = parameters.filter(([name]) => fits(name));
    if (found.length === 0)
      throw new WeightsError(`freeze: no parameter is named like ${pattern}; names are such as ${parameters[0]?.[0]}`);
    for (const [name, { size }] of found) frozen.set(name, size);
  }
  weights.freeze((name) => frozen.has(name));
  return [...frozen.values()].reduce((sum, size) => sum + size, 0);
}

/** Where the parameters of a family are, by the beginnings of their names: the families' `parameters`. */
export interface ParameterLayout {
  /** below the first layer */
  readonly embeddings: readonly string[];
  /** stacks of layers, the lowest first */
  readonly stacks: readonly string[];
}

/** The stack that a parameter belongs to, the index of its layer there, and the rest of its name. */
function layerOf(name: string, stacks: readonly string[]): { stack: string; layer: number; rest: string } | null {
  for (const stack of stacks) {
    if (!name.startsWith(`${stack}.`)) continue;
    const [, layer, rest] = /^(\d+)(\..*)$/.exec(name.slice(stack.length + 1)) ?? [];
    if (layer !== undefined && rest !== undefined) return { stack, layer: Number(layer), rest };
  }
  return null;
}

/** The name of the same parameter in another layer; names outside of the stacks stay as they are. */
export function inLayer(name: string, stacks: readonly string[], other: (layer: number) => number): string {
  const found = layerOf(name, stacks);
  return found ? `${found.stack}.${other(found.layer)}${found.rest}` : name;
}

/**
 * The depth of each parameter: 0 for embeddings, then the layers from 1 on (a decoder's above its encoder's), then heads.
 *
 * @example
 * const names = ["bert.embeddings.a", "bert.encoder.layer.0.a", "classifier.weight"];
 * Array.from(depths(names, loaded.family.parameters).values()); // [0, 1, 2]
 */
export function depths(names: Iterable<string>, { embeddings, stacks }: ParameterLayout): Map<string, number> {
  const all = [...names];
  const layers = new Map(stacks.map((stack) => [stack, 0]));
  for (const name of all) {
    const found = layerOf(name, stacks);
    if (found) layers.set(found.stack, Math.max(layers.get(found.stack)!, found.layer + 1));
  }
  const firstDepth = new Map<string, number>();
  let top = 1;
  for (const stack of stacks) {
    firstDepth.set(stack, top);
    top += layers.get(stack)!;
  }
  const isBelow = (name: string) => embeddings.some((prefix) => name.startsWith(`${prefix}.`));
  return new Map(
    all.map((name) => {
      const found = layerOf(name, stacks);
      if (found) return [name, firstDepth.get(found.stack)! + found.layer];
      return [name, isBelow(name) ? 0 : top];
    }),
  );
}

/**
 * Layer-wise learning-rate decay: the rate of each layer is `decay` times that of the layer above it.
 *
 * @param family whose layers these are, such as `loaded.family`
 * @returns the factor of each parameter, for {@link AdamOptions.factor}
 * @throws {ArgumentError} when decay is not above 0 and at most 1
 * @example
 * adamW(loaded.weights, { factor: layerDecay(loaded.weights, loaded.family, 0.9) });
 */
export function layerDecay(
  weights: Weights,
  { parameters }: { readonly parameters: ParameterLayout },
  decay: number,
): (name: string) => number {
  if (!(decay > 0 && decay <= 1)) throw new ArgumentError(`layerDecay: must be above 0 and at most 1, got ${decay}`);
  const names = Array.from(weights.entries(), ([name]) => name);
  const depthOf = depths(names, parameters);
  const top = Math.max(0, ...depthOf.values());
  const factors = new Map(names.map((name) => [name, power(decay, top - depthOf.get(name)!)]));
  return (name) => factors.get(name) ?? 1;
}
