/** Decoders that say what comes next: GPT-2. */
import { causalLm, single } from "cloze";
import { packStream, seed, shuffle, type TokenizedDocument } from "cloze/data";
import { perplexity, tokensHeldOut } from "cloze/metrics";
import { type Course, courseOf, modelOf, onlyStage, refuseShort, type Setting, samplesOf, saving } from "./recipe.js";

export async function causalCourse(setting: Setting): Promise<Course> {
  refuseShort(setting);
  const { options, tokenizer } = setting;
  const loaded = await modelOf(setting, "causal-lm");
  const objective = single(causalLm());
  const blocks = (documents: readonly TokenizedDocument[]) =>
    packStream(documents, { length: options.length, tokenizer });
  const samples = samplesOf(setting, (documents) => (epoch) => {
    // The stream is cut at other places each time, as its documents come in another order.
    const order = shuffle([...documents], seed(options.seed).fork(2, epoch));
    return blocks(order);
  });
  return courseOf(
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
