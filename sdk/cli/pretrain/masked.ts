/** Encoders that fill masks, alone or with a task on pairs of segments. */
import {
  combine,
  type HeadObjective,
  type LmHead,
  type MaskedLmOptions,
  type Model,
  maskedLm,
  nextSentencePrediction,
  ngramMaskedLm,
  repeatPositions,
  type Stage,
  sentenceOrderPrediction,
  single,
  spanMaskedLm,
  translationPair,
  type Weights,
} from "cloze";
import { type Arrangement, pretrainingSamples, type Sample } from "cloze/data";
import { maskedHeldOut, pairAccuracy, perplexity } from "cloze/metrics";
import { UsageError } from "../shared/usage.js";
import { type Course, courseOf, modelOf, type Setting, samplesOf, saving } from "./recipe.js";

/** How tokens are hidden, by the name of the objective. */
export const HIDING: Readonly<Record<string, (options: MaskedLmOptions) => HeadObjective<LmHead>>> = {
  "masked-lm": maskedLm,
  "ngram-masked-lm": ngramMaskedLm,
  "span-masked-lm": spanMaskedLm,
  roberta: (options) => maskedLm({ ...options, selection: "rounded", firstRandomId: 4 }),
};
const PAIRS: readonly string[] = ["next-sentence", "sentence-order"];

/** The task on pairs that an objective names besides hiding, if any; null where it is not an objective of masks. */
export function maskedParts(objective: string): {
  readonly hide: (options: MaskedLmOptions) => HeadObjective<LmHead>;
  readonly arrangement: Arrangement;
} | null {
  const parts = objective.split("+");
  const [hiding, ...others] = parts.filter((part) => !PAIRS.includes(part));
  const pairs = parts.filter((part) => PAIRS.includes(part));
  const hide = hiding !== undefined && Object.hasOwn(HIDING, hiding) ? HIDING[hiding] : undefined;
  if (!hide || others.length > 0 || pairs.length > 1) return null;
  return { hide, arrangement: pairs[0] === undefined ? "sentences" : (`${pairs[0]}-prediction` as Arrangement) };
}

const PAIR_TASKS = {
  "next-sentence-prediction": nextSentencePrediction,
  "sentence-order-prediction": sentenceOrderPrediction,
};

/** Share of the steps with short sequences, where there are such. */
const SHORT_SHARE = 0.8;

/** A model that fills masks, whether it judges pairs too or not. */
type Fills = Model<"masked-lm"> & Partial<Model<"next-sentence-prediction">>;

/** Sequences of the text, and of each translation with its sentence, in one order and the other from epoch to epoch. */
function samples(setting: Setting, arrangement: Arrangement, length: number): (epoch: number) => readonly Sample[] {
  const { tokenizer } = setting;
  const { seed } = setting.options;
  const own = samplesOf(setting, (documents) =>
    pretrainingSamples(documents, arrangement, { length, tokenizer, seed }),
  );
  if (setting.pairs.length === 0) return own;
  return (epoch) => [
    ...own(epoch),
    ...setting.pairs.map(([a, b], i) =>
      (epoch + i) % 2 === 0
        ? translationPair(a, b, { tokenizer, length })
        : translationPair(b, a, { tokenizer, length }),
    ),
  ];
}

/** One stage; or two: short sequences and masked LM alone, then full ones and all of the objective. */
function stagesOf(
  setting: Setting,
  arrangement: Arrangement,
  masked: HeadObjective<LmHead>,
  weights: Weights,
): Stage<Fills>[] {
  const { length, short, steps } = setting.options;
  const whole = arrangement === "sentences" ? single(masked) : combine(masked, PAIR_TASKS[arrangement]());
  const full = {
    until: steps,
    objective: whole as Stage<Fills>["objective"],
    samples: samples(setting, arrangement, length),
  };
  if (short === undefined) return [full];
  if (short >= length) throw new UsageError(`--short ${short} is not shorter than --length ${length}`);
  return [
    {
      until: Math.floor(steps * SHORT_SHARE),
      objective: single(masked),
      samples: samples(setting, "sentences", short),
    },
    { ...full, enter: () => repeatPositions(weights, short) },
  ];
}

export async function maskedCourse(setting: Setting): Promise<Course> {
  const { options, tokenizer } = setting;
  const { hide, arrangement } = maskedParts(options.objective)!;
  if (setting.pairs.length > 0 && arrangement !== "sentences")
    throw new UsageError(`--pairs is for masked LM without ${arrangement}`);
  const masking = {
    tokenizer,
    maskingRate: options.mask ?? 0.15,
    wholeWords: options.wholeWords ?? false,
  };
  const masked = hide(masking);
  const encoderOnly = arrangement === "sentences";
  const loaded = await modelOf(setting, encoderOnly ? "masked-lm" : "pretraining");
  const model: Fills = loaded.model;
  const sequences = { length: options.length, tokenizer, seed: options.seed };
  return courseOf(
    {
      model,
      weights: loaded.weights,
      figures(held) {
        const sentences = pretrainingSamples(held, "sentences", sequences)(0);
        const { loss, unigramEntropy, accuracy, targets } = maskedHeldOut(model, sentences, masking);
        const figures = {
          held_out_loss: loss,
          unigram_entropy: unigramEntropy,
          perplexity: perplexity(loss),
          masked_accuracy: accuracy,
          targets,
        };
        if (encoderOnly || held.length < 2) return figures;
        const pairs = pretrainingSamples(held, arrangement, sequences)(0);
        return { ...figures, pair_accuracy: pairAccuracy(model as Model<"pretraining">, pairs) };
      },
      save: saving(loaded, setting),
      [Symbol.dispose]: () => loaded[Symbol.dispose](),
    },
    stagesOf(setting, arrangement, masked, loaded.weights),
  );
}
