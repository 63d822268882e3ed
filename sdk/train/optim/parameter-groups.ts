/**
 * Parameters that learn more slowly than others, or not at all, by their published names.
 *
 * Howard & Ruder 2018, "Universal Language Model Fine-tuning" (arXiv:1801.06146), section 3.2 (discriminative rates); Sun
 * et al. 2019, "How to Fine-Tune BERT for Text Classification?" (arXiv:1905.05583), section 5.3.3: a factor for each layer.
 */

import { power } from "../../math.js";
import { type Weights, WeightsError } from "../../nn/weights.js";
import { ArgumentError } from "../../options.js";

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
 * Names that hold the parts of a pattern next to each other, from one dot to another.
 *
 * @param pattern parts joined by dots; `0-3` is a range of layers, `*` any part
 * @example
 * namesLike("encoder.layer.0-3")("bert.encoder.layer.2.output.dense.weight"); // true
 */
export function namesLike(pattern: string): (name: string) => boolean {
  const expression = new RegExp(`(?:^|\\.)${pattern.split(".").map(partOf).join("\\.")}(?:\\.|$)`);
  return (name) => expression.test(name);
}

/**
 * Keep the parameters that one of the patterns names as they are.
 *
 * @returns how many numbers no longer learn
 * @throws {WeightsError} for a pattern that names no parameter
 * @example
 * freeze(weights, ["embeddings", "encoder.layer.0-3"]);
 */
export function freeze(weights: Weights, patterns: readonly string[]): number {
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

/** The stack of layers that a name belongs to, and which of its layers: T5's blocks have layers inside, which do not count. */
const LAYER = /^(?:(.*?)\.)??(?:layers?|h|block|albert_layer_groups)\.(\d+)\./;

/** The same name in another layer; names outside of layers stay. */
export function inLayer(name: string, other: (layer: number) => number): string {
  const [whole, , layer] = LAYER.exec(name) ?? [];
  if (whole === undefined || layer === undefined) return name;
  return `${whole.slice(0, -layer.length - 1)}${other(Number(layer))}${name.slice(whole.length - 1)}`;
}

/** What lies below the first layer. */
const BOTTOM = /embed|\bwte\b|\bwpe\b|\bshared\b|\.encoder\.(relative_attention_bias|LayerNorm)\./;

/**
 * How high each parameter stands: 0 for embeddings, then the layers from 1 on, and heads above all of them. A decoder's
 * layers stand above those of its encoder.
 *
 * @param isHead the family's own word on what belongs to a head
 */
export function depths(names: Iterable<string>, isHead: (name: string) => boolean): Map<string, number> {
  const all = [...names];
  const stacks = new Map<string, number>();
  for (const name of all) {
    const [, stack = "", layer] = LAYER.exec(name) ?? [];
    if (layer !== undefined) stacks.set(stack, Math.max(stacks.get(stack) ?? 0, Number(layer) + 1));
  }
  const below = new Map<string, number>();
  let top = 1;
  for (const [stack, layers] of [...stacks].sort(([a], [b]) => Number(/decoder/.test(a)) - Number(/decoder/.test(b)))) {
    below.set(stack, top);
    top += layers;
  }
  return new Map(
    all.map((name) => {
      const [, stack = "", layer] = LAYER.exec(name) ?? [];
      if (layer !== undefined) return [name, below.get(stack)! + Number(layer)];
      return [name, BOTTOM.test(name) && !isHead(name) ? 0 : top];
    }),
  );
}

/**
 * Layer-wise decay of the learning rate: each layer learns at `decay` times the rate of the one above it.
 *
 * @returns for {@link AdamOptions.factor}
 * @throws {ArgumentError} when decay is not above 0 and at most 1
 * @example
 * adamW(loaded.weights, { factor: layerDecay(loaded.weights, loaded.family.isHead, 0.9) });
 */
export function layerDecay(
  weights: Weights,
  isHead: (name: string) => boolean,
  decay: number,
): (name: string) => number {
  if (!(decay > 0 && decay <= 1)) throw new ArgumentError(`layerDecay: must be above 0 and at most 1, got ${decay}`);
  const names = Array.from(weights.entries(), ([name]) => name);
  const heights = depths(names, isHead);
  const top = Math.max(0, ...heights.values());
  const factors = new Map(names.map((name) => [name, power(decay, top - heights.get(name)!)]));
  return (name) => factors.get(name) ?? 1;
}
