/** ELECTRA: a generator fills masks, a discriminator says what was filled in. The generator is saved inside the folder. */

import { join } from "node:path";
import { electraConfigs, electraPretraining, freshElectra, loadElectra, saveModel, type WritableFiles } from "cloze";
import { pretrainingSamples } from "cloze/data";
import { maskedHeldOut, replacedHeldOut } from "cloze/metrics";
import { folder } from "cloze/node";
import { UsageError } from "../shared/usage.js";
import { type Course, courseOf, refuseShort, type Setting, samplesOf, sizesOf } from "./recipe.js";

const GENERATOR = "generator";

const inside = (files: WritableFiles): WritableFiles => ({
  ...files,
  write: (name, bytes) => files.write(`${GENERATOR}/${name}`, bytes),
});

export async function replacedCourse(setting: Setting): Promise<Course> {
  refuseShort(setting);
  const { engine, options, tokenizer } = setting;
  if (options.config !== undefined)
    throw new UsageError("--config: replaced-tokens makes two models; say their sizes with --layers, --width, --heads");
  const { from, length, seed } = options;
  const pair =
    from === undefined
      ? freshElectra(engine, electraConfigs(sizesOf(setting)), seed)
      : await loadElectra(engine, { discriminator: folder(from), generator: folder(join(from, GENERATOR)) });
  const replacing = {
    tokenizer,
    ...(options.mask !== undefined && { maskingRate: options.mask }),
  };
  const sequences = { length, tokenizer, seed };
  return courseOf(
    {
      model: pair.model,
      weights: pair.weights,
      figures(held) {
        const texts = pretrainingSamples(held, "sentences", sequences)(0);
        const { loss, unigramEntropy } = maskedHeldOut(pair.model.generator, texts, replacing);
        const { accuracy, alwaysOriginal, found, precision, area } = replacedHeldOut(pair.model, texts, replacing);
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
        await saveModel(to, { ...pair.discriminator, tokenizer, length });
        await saveModel(inside(to), { ...pair.generator, tokenizer, length });
      },
      [Symbol.dispose]: () => pair[Symbol.dispose](),
    },
    [
      {
        until: options.steps,
        objective: electraPretraining(replacing),
        samples: samplesOf(setting, (documents) => pretrainingSamples(documents, "sentences", sequences)),
      },
    ],
  );
}
