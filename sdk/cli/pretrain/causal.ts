/** Decoders that predict the next token: GPT-2. */
import { type HeadObjective, type LmHead, single } from "cloze";
import { packStream, seed, shuffle, type TokenizedDocument } from "cloze/data";
import { perplexity, tokensHeldOut } from "cloze/metrics";
import { modelOf, onlyStage, type Recipe, recipeOf, refuseShort, type Setting, samplesOf, saving } from "./recipe.js";

export async function causalRecipe(setting: Setting, causal: HeadObjective<LmHead>): Promise<Recipe> {
  refuseShort(setting);
  const { options, tokenizer } = setting;
  const objective = single(causal);
  const blocks = (documents: readonly TokenizedDocument[]) =>
    packStream(documents, { maxLength: options.maxLength, tokenizer });
  const samples = samplesOf(setting, (documents, own) => (epoch) => {
    // Documents are reshuffled every epoch, so that the stream is cut into other blocks each time.
    const order = shuffle([...documents], seed(own).fork(2, epoch));
    return blocks(order);
  });
  const loaded = await modelOf(setting, "causal-lm");
  return recipeOf(
    {
      model: loaded.model,
      weights: loaded.weights,
      figures(held) {
        const { loss, unigramEntropy, targets } = tokensHeldOut(loaded.model, blocks(held), objective);
        return { held_out_loss: loss, unigram_entropy: unigramEntropy, perplexity: perplexity(loss), targets };
      },
      save: saving(loaded, setting),
      [Symbol.dispose]: () => loaded[Symbol.dispose](),
    },
    onlyStage<"causal-lm">(setting, { objective, samples }),
  );
}
