/** Encoder-decoders that restore corrupted text: BART, MASS, T5. */
import type { Model, Objective } from "cloze";
import { pretrainingSamples } from "cloze/data";
import { perplexity, tokensHeldOut } from "cloze/metrics";
import { UsageError } from "../shared/usage.js";
import { modelOf, onlyStage, type Recipe, recipeOf, refuseShort, type Setting, samplesOf, saving } from "./recipe.js";

/** Most draws of one corruption. A run of as many that are all too long has not been observed. */
const ATTEMPTS = 100;

/**
 * The same objective, limited to corrupted texts that the model can read: infilling inserts masks of empty spans, and may
 * make a text longer than the longest sequence. Such a text is corrupted again.
 */
function fitting(objective: Objective<Model<"seq2seq-lm">>, maxLength: number): Objective<Model<"seq2seq-lm">> {
  return {
    ...objective,
    corrupt(sample, rng) {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const corrupted = objective.corrupt(sample, attempt === 0 ? rng : rng.fork(ATTEMPTS, attempt));
        if (corrupted.ids.length <= maxLength) return corrupted;
      }
      throw new UsageError(
        `--max-length ${maxLength}: a text of ${sample.ids.length} tokens is longer once it is corrupted`,
      );
    },
  };
}

export async function seq2seqRecipe(setting: Setting, given: Objective<Model<"seq2seq-lm">>): Promise<Recipe> {
  refuseShort(setting);
  const objective = fitting(given, setting.options.maxLength);
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
