/** Encoders that predict masked tokens, alone or beside a task on pairs of segments. */
import {
  combine,
  type EpochSamples,
  type HeadObjective,
  type LmHead,
  type Model,
  type PairHead,
  type Stage,
  single,
  type Weights,
} from "cloze";
import { type Arrangement, pretrainingSamples, type TokenizedDocument } from "cloze/data";
import { maskedHeldOut, pairAccuracy, perplexity } from "cloze/metrics";
import { repeatPositions } from "cloze/tensor";
import { UsageError } from "../shared/usage.js";
import { besideEachOther } from "./interleaved.js";
import {
  listedSamples,
  modelOf,
  type Recipe,
  recipeOf,
  type Setting,
  samplesOf,
  saving,
  settingsOf,
  streamedSamples,
} from "./recipe.js";
import { pairStream, withListedPairs } from "./translations.js";

/** Share of the steps that train on short sequences, with --short. */
const SHORT_SHARE = 0.8;

/** A model with a language-model head, and perhaps a head for pairs. */
type MaskedLm = Model<"masked-lm"> & Partial<Model<"next-sentence-prediction">>;

/** Sequences of the text, and of every sentence with its translation. */
function samples(setting: Setting, arrangement: Arrangement, length: number): (epoch: number) => EpochSamples {
  const { tokenizer } = setting;
  const make = (documents: readonly TokenizedDocument[], seed: number) =>
    pretrainingSamples(documents, arrangement, { maxLength: length, tokenizer, seed });
  const { streams, translations, options } = setting;
  if (!translations) return samplesOf(setting, make);
  const sequences = { tokenizer, maxLength: length };
  // Large pairs are streamed beside streamed text alone: in memory both are lists.
  if (!streams) return withListedPairs(listedSamples(setting, make), translations.list!, sequences);
  const text = streamedSamples(streams, setting, make);
  return besideEachOther([text, pairStream(translations, sequences)], options.seed).read;
}

/** One stage; with --short two: masked LM on short sequences, then the whole objective on full ones. */
function stagesOf(
  setting: Setting,
  masked: HeadObjective<LmHead>,
  pairs: HeadObjective<PairHead> | undefined,
  weights: Weights,
): Stage<MaskedLm>[] {
  const { maxLength, short, shortBatchSize, steps, from } = setting.options;
  const { arrangement } = setting.objective;
  const whole = pairs === undefined ? single(masked) : combine(masked, pairs);
  const full = {
    until: steps,
    objective: whole as Stage<MaskedLm>["objective"],
    samples: samples(setting, arrangement, maxLength),
  };
  if (short === undefined) {
    if (shortBatchSize !== undefined) throw new UsageError("--short-batch-size belongs to --short");
    return [full];
  }
  if (short >= maxLength) throw new UsageError(`--short ${short} is not shorter than --max-length ${maxLength}`);
  return [
    {
      until: Math.floor(steps * SHORT_SHARE),
      objective: single(masked),
      samples: samples(setting, "sentences", short),
      ...(shortBatchSize !== undefined && { batchSize: shortBatchSize }),
    },
    // A model that is trained further has learned all its positions.
    { ...full, ...(from === undefined && { enter: () => repeatPositions(weights, short) }) },
  ];
}

/** Whether a document has two sentences, which every task on pairs needs. */
const hasPairs = (documents: readonly { readonly length: number }[]): boolean =>
  documents.length > 1 && documents.some(({ length }) => length > 1);

export async function maskedRecipe(
  setting: Setting,
  masked: HeadObjective<LmHead>,
  pairs: HeadObjective<PairHead> | undefined,
): Promise<Recipe> {
  const { options, objective, tokenizer } = setting;
  const { arrangement } = objective;
  if (setting.translations && pairs) throw new UsageError(`--pairs is for masked LM without ${pairs.name}`);
  if (!setting.translations && objective.main.translations)
    throw new UsageError(`--objective ${objective.name}: give sentences with their translations in --pairs`);
  const loaded = await modelOf(setting, pairs ? "pretraining" : "masked-lm");
  const model: MaskedLm = loaded.model;
  const masking = { ...settingsOf(setting), wholeWords: objective.name.startsWith("whole-word-masked-lm") };
  const sequences = { maxLength: options.maxLength, tokenizer, seed: options.seed };
  return recipeOf(
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
        if (!pairs || !hasPairs(held)) return figures;
        const heldPairs = pretrainingSamples(held, arrangement, sequences)(0);
        return { ...figures, pair_accuracy: pairAccuracy(model as Model<"pretraining">, heldPairs) };
      },
      save: saving(loaded, setting),
      [Symbol.dispose]: () => loaded[Symbol.dispose](),
    },
    stagesOf(setting, masked, pairs, loaded.weights),
  );
}
