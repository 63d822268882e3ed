/** Encoder-decoders that write what was hidden: BART's corruptions, MASS, T5's spans. */
import { type Model, mass, type Objective, sequenceToSequence, spanCorruption } from "cloze";
import { boundaries, pretrainingSamples } from "cloze/data";
import { perplexity, tokensHeldOut } from "cloze/metrics";
import { BART_CORRUPTIONS, bartCorruption } from "../shared/bart-corruptions.js";
import { maskOf } from "../shared/tokenizers.js";
import { UsageError } from "../shared/usage.js";
import { type Course, courseOf, modelOf, onlyStage, refuseShort, type Setting, samplesOf, saving } from "./recipe.js";

type Rewriting = Objective<Model<"seq2seq-lm">>;

/** T5's sentinels count down from <extra_id_0>. */
function spans({ tokenizer, options }: Setting): Rewriting {
  const [sentinel, last] = [tokenizer.id("<extra_id_0>"), tokenizer.id("<extra_id_99>")];
  const { eos, pad } = tokenizer.special;
  if (sentinel === undefined || last !== sentinel - 99 || eos === undefined)
    throw new UsageError(
      "t5 needs a tokenizer with </s> and <extra_id_0>, <extra_id_1> … <extra_id_99> in falling order of their ids",
    );
  return sequenceToSequence(
    "t5",
    spanCorruption({
      sentinel,
      end: eos,
      start: pad ?? 0,
      ...(options.mask !== undefined && { density: options.mask }),
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
      vocabulary: { size: tokenizer.size, mask: maskOf(tokenizer) },
      ...(options.mask !== undefined && { share: options.mask }),
    }),
  t5: spans,
};

export async function rewritingCourse(setting: Setting): Promise<Course> {
  refuseShort(setting);
  const { options, tokenizer } = setting;
  const objective = REWRITING[options.objective]!(setting);
  const { eos } = tokenizer.special;
  // T5's corruption leaves special tokens out, and its tokenizers have none for the beginning.
  const special = options.objective === "t5" ? { cls: eos!, sep: eos! } : boundaries(tokenizer);
  const loaded = await modelOf(setting, "seq2seq-lm");
  const sequences = { length: options.length, special, seed: options.seed };
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
