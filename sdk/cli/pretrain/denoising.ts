/** Encoder-decoders that write what was hidden: BART's corruptions, MASS, T5's spans. */
import { type Model, mass, type Objective, sequenceToSequence, spanCorruption } from "cloze";
import { pretrainingSamples } from "cloze/data";
import { perplexity, tokensHeldOut } from "cloze/metrics";
import { BART_CORRUPTIONS, bartCorruption } from "../shared/bart-corruptions.js";
import { type Course, courseOf, modelOf, onlyStage, refuseShort, type Setting, samplesOf, saving } from "./recipe.js";

type Rewriting = Objective<Model<"seq2seq-lm">>;

function spans({ tokenizer, options }: Setting): Rewriting {
  return sequenceToSequence(
    "t5",
    spanCorruption({
      tokenizer,
      ...(options.mask !== undefined && { noiseDensity: options.mask }),
    }),
  );
}

/** The objectives of encoder-decoders, by name. */
export const REWRITING: Readonly<Record<string, (setting: Setting) => Rewriting>> = {
  ...Object.fromEntries(
    BART_CORRUPTIONS.map((name) => [
      name,
      ({ tokenizer, options }: Setting) => sequenceToSequence(name, bartCorruption(name, tokenizer, options.mask)),
    ]),
  ),
  mass: ({ tokenizer, options }) =>
    mass({
      tokenizer,
      ...(options.mask !== undefined && { maskingRate: options.mask }),
    }),
  t5: spans,
};

export async function rewritingCourse(setting: Setting): Promise<Course> {
  refuseShort(setting);
  const { options, tokenizer } = setting;
  const objective = REWRITING[options.objective]!(setting);
  const loaded = await modelOf(setting, "seq2seq-lm");
  const sequences = { length: options.length, tokenizer, seed: options.seed };
  return courseOf(
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
      samples: samplesOf(setting, (documents) => pretrainingSamples(documents, "sentences", sequences)),
    }),
  );
}
