/** Encoder-decoders that restore corrupted text: BART, MASS, T5. */
import type { Model, Objective } from "cloze";
import { fittingObjective, pretrainingSamples } from "cloze/data";
import { perplexity, tokensHeldOut } from "cloze/metrics";
import { modelOf, onlyStage, type Recipe, recipeOf, refuseShort, type Setting, samplesOf, saving } from "./recipe.js";

export async function seq2seqRecipe(setting: Setting, given: Objective<Model<"seq2seq-lm">>): Promise<Recipe> {
  refuseShort(setting);
  const objective = fittingObjective(given, setting.options.maxLength, "--max-length");
  const { options, tokenizer } = setting;
  const sequences = { maxLength: options.maxLength, tokenizer, seed: options.seed };
  const loaded = await modelOf(setting, "seq2seq-lm");
  return recipeOf(
    {
      model: loaded.model,
      weights: loaded.weights,
      figures(held) {
        const texts = pretrainingSamples(held, "sentences", sequences)(0);
        const { loss, unigramEntropy, targets } = tokensHeldOut(loaded.model, texts, objective);
        return { held_out_loss: loss, unigram_entropy: unigramEntropy, perplexity: perplexity(loss), targets };
      },
      save: saving(loaded, setting),
      [Symbol.dispose]: () => loaded[Symbol.dispose](),
    },
    onlyStage<"seq2seq-lm">(setting, {
      objective,
      samples: samplesOf(setting, (documents, own) =>
        pretrainingSamples(documents, "sentences", { ...sequences, seed: own }),
      ),
    }),
  );
}
