/** ELECTRA: a generator and a discriminator. The generator is saved in a folder inside the discriminator's. */
import { join } from "node:path";
import {
  electraConfigs,
  freshElectra,
  type GeneratorAndDiscriminator,
  loadElectra,
  type Objective,
  saveModel,
  type WritableFiles,
} from "cloze";
import { pretrainingSamples } from "cloze/data";
import { maskedHeldOut, replacedHeldOut } from "cloze/metrics";
import { folder } from "cloze/node";
import { UsageError } from "../shared/usage.js";
import { type Recipe, recipeOf, refuseShort, type Setting, samplesOf, settingsOf, sizesOf } from "./recipe.js";

const GENERATOR = "generator";

/** The files of the generator's folder, among those of the discriminator's. */
const inside = (files: WritableFiles): WritableFiles => ({
  read: (name) => files.read(`${GENERATOR}/${name}`),
  write: (name, bytes) => files.write(`${GENERATOR}/${name}`, bytes),
  ...(files.together && { together: (write) => files.together!((own) => write(inside(own))) }),
});

export async function electraRecipe(
  setting: Setting,
  objective: Objective<GeneratorAndDiscriminator>,
): Promise<Recipe> {
  refuseShort(setting);
  const { engine, options, tokenizer } = setting;
  if (options.config !== undefined)
    throw new UsageError(
      "--config: ELECTRA has two models; give their sizes with --num-hidden-layers, --hidden-size, --num-attention-heads",
    );
  const { from, maxLength: length, seed } = options;
  const pair =
    from === undefined
      ? freshElectra(engine, electraConfigs(sizesOf(setting)), seed)
      : await loadElectra(engine, { discriminator: folder(from), generator: folder(join(from, GENERATOR)) });
  const masking = settingsOf(setting);
  const sequences = { maxLength: length, tokenizer, seed };
  return recipeOf(
    {
      model: pair.model,
      weights: pair.weights,
      figures(held) {
        const texts = pretrainingSamples(held, "sentences", sequences)(0);
        const { loss, unigramEntropy } = maskedHeldOut(pair.model.generator, texts, masking);
        const { accuracy, alwaysOriginal, found, precision, area } = replacedHeldOut(pair.model, texts, masking);
        return {
          generator_loss: loss,
          unigram_entropy: unigramEntropy,
          replaced_accuracy: accuracy,
          always_original: alwaysOriginal,
          replaced_found: found,
          replaced_precision: precision,
          area_under_roc: area,
        };
      },
      async save(to) {
        await saveModel(to, { ...pair.discriminator, tokenizer, maxLength: length });
        await saveModel(inside(to), { ...pair.generator, tokenizer, maxLength: length });
      },
      [Symbol.dispose]: () => pair[Symbol.dispose](),
    },
    [
      {
        until: options.steps,
        objective,
        samples: samplesOf(setting, (documents, own) =>
          pretrainingSamples(documents, "sentences", { ...sequences, seed: own }),
        ),
      },
    ],
  );
}
