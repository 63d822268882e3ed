/**
 * ELECTRA's generator and discriminator over one set of embeddings. Clark et al. 2020 (arXiv:2003.10555), section 3.2:
 * token, position and segment embeddings and their norm are shared, and the generator is a quarter to a half as wide;
 * google-research/electra, run_pretraining.py (get_generator_config).
 */

import type { Engine } from "../../engine/engine.js";
import { shown } from "../../errors.js";
import type { Files } from "../../io/files/files.js";
import { loadModel, type Pretrained } from "../../io/pretrained/pretrained.js";
import { familyOf } from "../../models/families.js";
import { buildModel } from "../../models/family/build.js";
import { ConfigError, type Section } from "../../models/family/config.js";
import { WeightsError } from "../../nn/planned.js";
import { Weights, type WeightsSources } from "../../nn/weights.js";
import type { GeneratorAndDiscriminator } from "../../objectives/electra.js";
import { checkArgument, numberBetween, wholeNumber, withFields } from "../../options.js";
import type { Parameter } from "../../tensor/matrix.js";
import { freshConfig, freshModel, type ModelSizes } from "./fresh-model.js";

/** Prefix of the parameters that both models share. */
const SHARED = "electra.embeddings.";

/** Both models. Each is saved as a model of its own; disposing the pair frees the memory of both. */
export interface ElectraPair extends Disposable {
  /** ElectraForMaskedLM */
  readonly generator: Pretrained<"masked-lm">;
  /** ElectraForPreTraining: the one to fine-tune */
  readonly discriminator: Pretrained<"replaced-token-detection">;
  /** the model that the objective trains */
  readonly model: GeneratorAndDiscriminator;
  /** the parameters of both for the optimizer, as `discriminator.…` and `generator.…`, shared ones once */
  readonly weights: Weights;
}

/** One value for each of the two. */
export interface ForBoth<T> {
  readonly generator: T;
  readonly discriminator: T;
}

/** Sizes of a new discriminator, and of its generator. */
export interface ElectraSizes extends ModelSizes {
  /** hidden size of the generator as a fraction of the discriminator's; default 1/4, in published base models 1/3 */
  readonly generator?: number;
}

/**
 * config.json of both models. The sizes are the discriminator's; the generator has as many layers, and its hidden size and
 * number of heads are scaled down.
 *
 * @example
 * // the published small model
 * electraConfigs({ vocabSize: 30522, numHiddenLayers: 12, hiddenSize: 256, numAttentionHeads: 4, embeddingSize: 128, maxPositionEmbeddings: 512, dropout: 0.1 });
 */
export function electraConfigs(sizes: ElectraSizes): ForBoth<Section> {
  checkArgument("electraConfigs", "sizes", sizes, withFields("an object of sizes", "hiddenSize", "numAttentionHeads"));
  const { generator: fraction = 1 / 4, ...own } = sizes;
  checkArgument("electraConfigs", "generator", fraction, numberBetween(0, 1));
  checkArgument("electraConfigs", "hiddenSize", own.hiddenSize, wholeNumber(1));
  checkArgument("electraConfigs", "numAttentionHeads", own.numAttentionHeads, wholeNumber(1));
  const { hiddenSize, numAttentionHeads, embeddingSize = hiddenSize } = own;
  const narrow = {
    hiddenSize: Math.round(hiddenSize * fraction),
    numAttentionHeads: Math.max(1, Math.round(numAttentionHeads * fraction)),
  };
  return {
    generator: freshConfig("electra", { ...own, embeddingSize, ...narrow }),
    discriminator: freshConfig("electra", { ...own, embeddingSize }),
  };
}

/** Fields that determine the shapes of the embeddings. */
const EMBEDDING_FIELDS = ["model_type", "vocab_size", "embedding_size", "max_position_embeddings", "type_vocab_size"];

function expectSameEmbeddings({ generator, discriminator }: ForBoth<Section>): void {
  for (const field of EMBEDDING_FIELDS) {
    if (generator[field] === discriminator[field]) continue;
    throw new ConfigError(
      `generator and discriminator share their embeddings, so ${field} must be the same; the generator has ${shown(generator[field])}, the discriminator ${shown(discriminator[field])}`,
    );
  }
}

/**
 * Both models with random weights.
 *
 * @param configs of `electraConfigs`, or two of model_type "electra" whose embeddings have the same shape
 * @example
 * using pair = freshElectra(engine, electraConfigs(sizes), 1);
 * using optimizer = adamW(pair.weights);
 * // … train({ engine, model: pair.model, objective: electraPretraining({ tokenizer }), optimizer, … })
 * await saveModel(files, { ...pair.discriminator, tokenizer, maxLength: 128 });
 */
export function freshElectra(engine: Engine, configs: ForBoth<Section>, seed: number): ElectraPair {
  expectSameEmbeddings(configs);
  const discriminator = freshModel(engine, configs.discriminator, "replaced-token-detection", seed);
  // Another seed: parameters of the same name must not be initialized to the same values in both.
  return paired(discriminator, configs.generator, { seed: seed + 1 });
}

/**
 * Both models from two folders, to continue their training.
 *
 * @throws {WeightsError} when the embeddings of the two folders differ: they were not trained together
 * @example
 * using pair = await loadElectra(engine, { generator: folder("electra-small-generator"), discriminator: folder("electra-small-discriminator") });
 */
export async function loadElectra(engine: Engine, files: ForBoth<Files>): Promise<ElectraPair> {
  using generator = await loadModel(engine, files.generator, { task: "masked-lm", dtype: "f32" });
  const discriminator = await loadModel(engine, files.discriminator, {
    task: "replaced-token-detection",
    dtype: "f32",
  });
  try {
    expectSameEmbeddings({ generator: generator.config, discriminator: discriminator.config });
    const own = new Map(generator.weights.entries());
    for (const [name, t] of embeddingsOf(discriminator)) expectSameValues(name, t, own.get(name)!);
    return paired(discriminator, generator.config, { copied: (name) => own.get(name) });
  } catch (error) {
    discriminator[Symbol.dispose]();
    throw error;
  }
}

function expectSameValues(name: string, a: Parameter, b: Parameter): void {
  const [x, y] = [a.toArray(), b.toArray()];
  if (x.length === y.length && x.every((value, i) => value === y[i])) return;
  throw new WeightsError(
    `${name} differs between generator and discriminator, which share it; were the two trained together?`,
  );
}

function embeddingsOf({ weights }: Pretrained): Map<string, Parameter> {
  return new Map([...weights.entries()].filter(([name]) => name.startsWith(SHARED)));
}

/** A generator over the discriminator's embeddings, and the pair. */
function paired(
  discriminator: Pretrained<"replaced-token-detection">,
  config: Section,
  sources: WeightsSources & { readonly seed?: number },
): ElectraPair {
  const { engine } = discriminator;
  const family = familyOf(config);
  const shared = embeddingsOf(discriminator);
  const weights = new Weights(engine, { ...sources, shared });
  const release = () => {
    weights[Symbol.dispose]();
    discriminator[Symbol.dispose]();
  };
  try {
    const model = buildModel(family, weights, family.read(config), "masked-lm");
    const generator: Pretrained<"masked-lm"> = {
      ...discriminator,
      family,
      task: "masked-lm",
      config,
      model,
      weights,
      fresh: [...weights.fresh],
      leftOver: [],
      [Symbol.dispose]: () => weights[Symbol.dispose](),
    };
    return {
      generator,
      discriminator,
      model: { generator: model, discriminator: discriminator.model },
      weights: joined(discriminator.weights, weights, shared),
      [Symbol.dispose]: release,
    };
  } catch (error) {
    release();
    throw error;
  }
}

/** The parameters of both, under distinct names. */
function joined(discriminator: Weights, generator: Weights, shared: ReadonlyMap<string, Parameter>): Weights {
  const own = [...generator.entries()].filter(([name]) => !shared.has(name));
  const all = new Map([
    ...Array.from(discriminator.entries(), ([name, t]) => [`discriminator.${name}`, t] as const),
    ...own.map(([name, t]) => [`generator.${name}`, t] as const),
  ]);
  return Weights.of(discriminator.engine, all);
}
