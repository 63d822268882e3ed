/** Options of a command that trains a part of a model: an adapter, all but frozen parts, lower layers more slowly. */
import { type Adapted, adapt, freeze, layerDecay, type Pretrained } from "cloze";
import type { Command } from "commander";
import { positive, share, UsageError, wholeNumber } from "./usage.js";

export interface AdaptingOptions {
  readonly lora?: number;
  readonly loraAlpha?: number;
  readonly loraTarget?: readonly string[];
  readonly loraDropout: number;
  readonly freeze?: readonly string[];
  readonly layerDecay: number;
}

/** Names with commas between them. */
function list(text: string): string[] {
  const names = text.split(",").map((name) => name.trim());
  if (names.some((name) => name === "")) throw new UsageError(`expected names with commas between them, got "${text}"`);
  return names;
}

function decay(text: string): number {
  const value = positive(text);
  if (value > 1) throw new UsageError(`expected a number above 0 and at most 1, got "${text}"`);
  return value;
}

export function withAdaptingOptions(command: Command): Command {
  return command
    .option(
      "--lora <r>",
      "learn an adapter of this rank and the head; --out is then an adapter's folder",
      wholeNumber(1),
    )
    .option("--lora-alpha <x>", "the adapter's change is multiplied with x / r; twice the rank", positive)
    .option("--lora-target <names>", "layers by the ends of their names, such as query,value; queries and values", list)
    .option("--lora-dropout <p>", "share of a layer's inputs that its branch goes without", share, 0)
    .option("--freeze <names>", "parts that do not learn, such as embeddings,encoder.layer.0-3", list)
    .option("--layer-decay <x>", "each layer learns at x times the rate of the one above it", decay, 1);
}

/** The model as it is to be trained, with what it was loaded from still to be disposed by the caller. */
export function adaptedAs(
  loaded: Pretrained,
  options: AdaptingOptions & { readonly seed: number },
): Pretrained | Adapted {
  const { lora: r, loraAlpha: alpha, loraTarget: targets, loraDropout: dropout, seed } = options;
  if (r === undefined && (alpha !== undefined || targets !== undefined || dropout > 0))
    throw new UsageError("--lora-alpha, --lora-target and --lora-dropout say what an adapter is like; give --lora too");
  if (r !== undefined && options.freeze) throw new UsageError("--lora freezes the whole model; leave --freeze out");
  if (options.freeze) freeze(loaded.weights, options.freeze);
  if (r === undefined) return loaded;
  return adapt(loaded, { r, dropout, seed, ...(alpha !== undefined && { alpha }), ...(targets && { targets }) });
}

/** The rate of each parameter as a share of the schedule's. */
export function rateFactor(
  { weights, family }: Pretrained,
  { layerDecay: decay }: AdaptingOptions,
): (name: string) => number {
  return decay === 1 ? () => 1 : layerDecay(weights, family, decay);
}

/** What a checkpoint must agree on. */
export function adaptingSettings(options: AdaptingOptions): Readonly<Record<string, string | number>> {
  const { lora = 0, loraAlpha = 0, loraTarget = [], loraDropout, freeze: frozen = [], layerDecay: decay } = options;
  return {
    ...(lora > 0 && { lora, loraAlpha, loraTarget: loraTarget.join(), loraDropout }),
    ...(frozen.length > 0 && { freeze: frozen.join() }),
    ...(decay !== 1 && { layerDecay: decay }),
  };
}
