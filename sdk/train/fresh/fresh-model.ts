/** New models of any family: their configuration, and the model with random weights. */
import type { Engine } from "../../engine/engine.js";
import type { LabelSet } from "../../heads/labels.js";
import type { Pretrained } from "../../io/pretrained/pretrained.js";
import { FAMILIES, familyOf } from "../../models/families.js";
import { buildModel } from "../../models/family/build.js";
import { ConfigError, type Section } from "../../models/family/config.js";
import type { ModelTask } from "../../models/family/family.js";
import type { ModelSizes } from "../../models/family/sizes.js";
import { Weights } from "../../nn/weights.js";
import {
  aString,
  checkArgument,
  checkOptions,
  numberBetween,
  type Rules,
  wholeNumber,
  withFields,
} from "../../options.js";

export type { ModelSizes } from "../../models/family/sizes.js";

/** Families that {@link freshConfig} knows. ELECTRA is trained as a pair: see `electraConfigs`. */
export const FRESH_FAMILIES: readonly string[] = /* @__PURE__ */ freshFamilies();

function freshFamilies(): string[] {
  const known = FAMILIES.filter(({ fresh, architectures }) => fresh && !("replaced-token-detection" in architectures));
  return known.map(({ type }) => type);
}

const sizeRules = (): Rules<ModelSizes> => ({
  vocabSize: wholeNumber(1),
  numHiddenLayers: wholeNumber(1, 1000),
  hiddenSize: wholeNumber(1),
  numAttentionHeads: wholeNumber(1),
  maxPositionEmbeddings: wholeNumber(1),
  dropout: numberBetween(0, 1),
  initializerRange: numberBetween(0, Number.MAX_VALUE),
  intermediateSize: wholeNumber(1),
  embeddingSize: wholeNumber(1),
  special: withFields("an object of token ids, such as tokenizer.special"),
});

/**
 * config.json of a new model. Everything but the sizes is as published: activations, norms, positions, weight sharing.
 *
 * @param family model_type of config.json
 * @throws {ConfigError} for a family that cannot be trained from scratch, or sizes that do not fit together
 * @throws {ArgumentError} for an unknown size, or a value of another type
 * @example
 * freshModel(engine, freshConfig("roberta", { vocabSize: 8000, numHiddenLayers: 4, hiddenSize: 256, numAttentionHeads: 4, maxPositionEmbeddings: 128, dropout: 0.1 }), "masked-lm", 1);
 */
export function freshConfig(family: string, sizes: ModelSizes): Section {
  checkArgument("freshConfig", "family", family, aString);
  const known = FAMILIES.find(({ type }) => type === family);
  if (!known?.fresh)
    throw new ConfigError(
      `there is no configuration for new models of "${family}"; there are ${FRESH_FAMILIES.join(", ")}`,
    );
  const needed = [
    "vocabSize",
    "numHiddenLayers",
    "hiddenSize",
    "numAttentionHeads",
    "maxPositionEmbeddings",
    "dropout",
  ];
  checkArgument("freshConfig", "sizes", sizes, withFields(`an object with ${needed.join(", ")}`, ...needed));
  checkOptions("freshConfig", sizes, sizeRules());
  const { hiddenSize, numAttentionHeads } = sizes;
  if (hiddenSize % numAttentionHeads !== 0)
    throw new ConfigError(`hiddenSize ${hiddenSize} is not a multiple of numAttentionHeads ${numAttentionHeads}`);
  return known.fresh(sizes);
}

/** The result of `build`; if it fails, the memory taken so far is freed. */
function builtOr<T>(giveBack: () => void, build: () => T): T {
  try {
    return build();
  } catch (error) {
    giveBack();
    throw error;
  }
}

/**
 * A model with random weights.
 *
 * @param labels the classes, for sequence and token classification; default two without names
 * @example
 * freshModel(engine, freshConfig("bert", sizes), "masked-lm", 1).model.hiddenSize; // 16
 */
export function freshModel<T extends ModelTask>(
  engine: Engine,
  config: Section,
  task: T,
  seed: number,
  labels: LabelSet | null = null,
): Pretrained<T> {
  checkArgument("freshModel", "task", task, aString);
  checkArgument("freshModel", "seed", seed, wholeNumber(0));
  const family = familyOf(config);
  const weights = new Weights(engine, { seed });
  const model = builtOr(
    () => weights[Symbol.dispose](),
    () => buildModel(family, weights, family.read(config), task, labels?.size),
  );
  return {
    engine,
    family,
    task,
    config,
    model,
    weights,
    labels,
    fresh: [...weights.fresh],
    leftOver: [],
    [Symbol.dispose]: () => weights[Symbol.dispose](),
  };
}
