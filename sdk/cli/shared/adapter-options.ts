/** Options for training a part of a model: a LoRA adapter, frozen parts, layer-wise learning rates. */
import { type Adapted, adapt, freeze, layerDecay, type Pretrained } from "cloze";
import type { Command } from "commander";
import { nameList, positive, positiveShare, shareBelowOne, UsageError, wholeNumber } from "./usage.js";

export interface AdaptingOptions {
  readonly lora?: number;
  readonly loraAlpha?: number;
  readonly loraTarget?: readonly string[];
  readonly loraDropout: number;
  readonly freeze?: readonly string[];
  readonly layerDecay: number;
}

export function withAdaptingOptions(command: Command): Command {
  return command
    .option(
      "--lora <r>",
      "train a LoRA adapter of this rank and the head; --out is then an adapter folder",
      wholeNumber(1),
    )
    .option("--lora-alpha <x>", "scale the adapter by x / rank; default: twice the rank", positive)
    .option("--lora-target <names>", "adapted layers, by the ends of their names; default: query and value", nameList)
    .option("--lora-dropout <p>", "dropout probability of the adapter's inputs", shareBelowOne, 0)
    .option("--freeze <names>", "parameters to freeze, such as embeddings,encoder.layer.0-3", nameList)
    .option("--layer-decay <x>", "learning-rate multiplier per layer, from the top down", positiveShare, 1);
}

/** The model to train: the loaded one, or an adapter on it. The caller still disposes the loaded model. */
export function adaptedAs(
  loaded: Pretrained,
  options: AdaptingOptions & { readonly seed: number },
): Pretrained | Adapted {
  const { lora: r, loraAlpha: alpha, loraTarget: targets, loraDropout: dropout, seed } = options;
  if (r === undefined && (alpha !== undefined || targets !== undefined || dropout > 0))
    throw new UsageError("--lora-alpha, --lora-target and --lora-dropout need --lora");
  if (r !== undefined && options.freeze)
    throw new UsageError("--lora and --freeze exclude each other: an adapter freezes the whole model");
  if (options.freeze) freeze(loaded.weights, options.freeze);
  if (r === undefined) return loaded;
  return adapt(loaded, { r, dropout, seed, ...(alpha !== undefined && { alpha }), ...(targets && { targets }) });
}

/** The learning rate of each parameter as a share of the schedule's. */
export function rateFactor(
  { weights, family }: Pretrained,
  { layerDecay: decay }: AdaptingOptions,
): (name: string) => number {
  return decay === 1 ? () => 1 : layerDecay(weights, family, decay);
}

/** Settings that a resumed run must share. */
export function adaptingSettings(options: AdaptingOptions): Readonly<Record<string, string | number>> {
  const { lora = 0, loraAlpha = 0, loraTarget = [], loraDropout, freeze: frozen = [], layerDecay: decay } = options;
  return {
    ...(lora > 0 && { lora, loraAlpha, loraTarget: loraTarget.join(), loraDropout }),
    ...(frozen.length > 0 && { freeze: frozen.join() }),
    ...(decay !== 1 && { layerDecay: decay }),
  };
}
