/** Evaluation of pre-trained models on held-out text. */
import { byTokens, sampleBatches } from "../../data/batches.js";
import { type Batch, collate, labelled, type Sample } from "../../data/sample.js";
import { argmax } from "../../heads/probabilities.js";
import {
  type ElectraOptions,
  electraPretraining,
  type GeneratorAndDiscriminator,
  replaceMasked,
} from "../../objectives/electra.js";
import { allMasked, type LmHead, type MaskedLmOptions } from "../../objectives/masked-lm.js";
import type { EncoderBody, HeadObjective, Objective } from "../../objectives/objective.js";
import type { PairHead } from "../../objectives/pair-prediction.js";
import { type Rng, seed } from "../../tensor/random.js";
import { Scope } from "../../tensor/scope.js";
import type { Tensor } from "../../tensor/tensor.js";
import { unigramEntropy } from "../metrics/perplexity.js";
import { areaUnderRoc } from "../metrics/ranking.js";

/** Figures of a masked language model on held-out text. */
export interface HeldOutFigures {
  /** mean loss in nats at the chosen positions, all of them shown as [MASK] */
  readonly loss: number;
  /** entropy in nats of the same targets: the loss of the best prediction without context */
  readonly unigramEntropy: number;
  /** share of chosen tokens that are predicted correctly */
  readonly accuracy: number;
  readonly targets: number;
}

/** How many times each held-out sequence is masked: more targets, less variance. */
const ROUNDS = 8;

/** Every sample corrupted once per round, in batches; a function of the seed. One batch is in memory at a time. */
function* corruptedRounds(
  { corrupt }: { corrupt(sample: Sample, rng: Rng): Sample },
  samples: readonly Sample[],
  seedValue: number,
  rounds: number,
): Generator<Sample[]> {
  const rng = seed(seedValue);
  // Masking leaves lengths as they are, so batches can be made of samples that are not corrupted yet.
  const all = Array.from({ length: rounds }, (_, round) => samples.map((sample, i) => ({ sample, round, i }))).flat();
  for (const group of byTokens(all, ({ sample }) => sample.ids.length))
    yield group.map(({ sample, round, i }) => corrupt(sample, rng.fork(round, i)));
}

/** The loss of a batch. Its scores, as wide as the vocabulary, are freed before others are made. */
function lossOf(objective: HeadObjective<LmHead>, model: LmHead, hidden: Tensor, batch: Batch): number {
  using _ = new Scope();
  return objective.loss(model, hidden, batch, 1).item();
}

/**
 * Evaluate masked LM on held-out samples; the positions depend on the seed alone, not on the model.
 *
 * @example
 * maskedHeldOut(model, heldOut, { tokenizer }).loss; // nats per masked token
 */
export function maskedHeldOut(
  model: EncoderBody & LmHead,
  samples: readonly Sample[],
  options: MaskedLmOptions,
  seedValue = 1,
  rounds = ROUNDS,
): HeldOutFigures {
  const objective = allMasked(options);
  const targets: number[] = [];
  let [sum, right] = [0, 0];
  for (const group of corruptedRounds(objective, samples, seedValue, rounds)) {
    using _ = new Scope();
    const batch = collate(group);
    const tokens = batch.labels.tokens!;
    const index = labelled(tokens);
    if (index.length === 0) continue;
    const hidden = model.encode(batch);
    sum += lossOf(objective, model, hidden, batch);
    const scores = model.tokenScores(hidden, index);
    const width = scores.shape[1]!;
    const { data } = scores;
    for (const [row, place] of index.entries()) {
      const target = tokens[place]!;
      targets.push(target);
      if (argmax(data.subarray(row * width, (row + 1) * width)) === target) right++;
    }
  }
  return {
    loss: sum / targets.length,
    unigramEntropy: unigramEntropy(targets),
    accuracy: right / targets.length,
    targets: targets.length,
  };
}

/**
 * Evaluate an objective that predicts tokens of the source or the target: causal LM, denoising. The corruption depends on
 * the seed alone.
 *
 * @example
 * tokensHeldOut(gpt.model, heldOut, single(causalLm())).loss; // nats per token
 */
export function tokensHeldOut<Model>(
  model: Model,
  samples: readonly Sample[],
  objective: Objective<Model>,
  seedValue = 1,
): Omit<HeldOutFigures, "accuracy"> {
  const rng = seed(seedValue);
  const corrupted = samples.map((sample, i) => objective.corrupt(sample, rng.fork(i)));
  const targets: number[] = [];
  let sum = 0;
  for (const group of sampleBatches(corrupted)) {
    using _ = new Scope();
    const batch = collate(group);
    const tokens = (batch.target ?? batch).labels.tokens!;
    const index = labelled(tokens);
    if (index.length === 0) continue;
    for (const place of index) targets.push(tokens[place]!);
    sum += objective.losses(model, batch, [1])[0]!.item();
  }
  return { loss: sum / targets.length, unigramEntropy: unigramEntropy(targets), targets: targets.length };
}

/**
 * Accuracy of next-sentence or sentence-order prediction on held-out pairs, from 0 to 1.
 *
 * @example
 * pairAccuracy(model, nextSentencePairs(documents, { tokenizer, maxLength: 32 }, seed(1))); // chance is 0.5
 */
export function pairAccuracy(model: EncoderBody & PairHead, samples: readonly Sample[]): number {
  let right = 0;
  for (const group of sampleBatches(samples)) {
    using _ = new Scope();
    const batch = collate(group);
    const { data } = model.pairScores(model.encode(batch), batch);
    for (let row = 0; row < batch.rows; row++) {
      const guess = data[2 * row + 1]! > data[2 * row]! ? 1 : 0;
      if (guess === batch.labels.pair![row]) right++;
    }
  }
  return right / samples.length;
}

/** Figures of an ELECTRA discriminator on held-out text. */
export interface ReplacedHeldOut {
  /** accuracy over tokens; a score above 0 means replaced */
  readonly accuracy: number;
  /** accuracy of always answering "original" */
  readonly alwaysOriginal: number;
  /** recall: share of replaced tokens that are found */
  readonly found: number;
  /** share of tokens classified as replaced that are */
  readonly precision: number;
  /** area under the ROC curve; 0.5 is chance */
  readonly area: number;
  readonly tokens: number;
}

/**
 * Evaluate a discriminator on held-out text with tokens replaced by its generator.
 *
 * @example
 * replacedHeldOut(pair.model, samples, { tokenizer }).area; // from 0 to 1, 0.5 for guesses
 */
export function replacedHeldOut(
  { generator, discriminator }: GeneratorAndDiscriminator,
  samples: readonly Sample[],
  options: ElectraOptions,
  seedValue = 1,
  rounds = ROUNDS,
): ReplacedHeldOut {
  const objective = electraPretraining(options);
  const [scores, gold]: [number[], number[]] = [[], []];
  for (const group of corruptedRounds(objective, samples, seedValue, rounds)) {
    using _ = new Scope();
    const batch = collate(group);
    const index = labelled(batch.labels.tokens!);
    const replaced = replaceMasked(batch, generator.tokenScores(generator.encode(batch), index));
    for (const score of discriminator.replacedScores(discriminator.encode(replaced)).data) scores.push(score);
    for (const label of replaced.labels.tokens!) gold.push(label);
  }
  const counted = (replaced: number, called: boolean): number =>
    gold.filter((label, i) => label === replaced && scores[i]! > 0 === called).length;
  const [found, missed, wrong] = [counted(1, true), counted(1, false), counted(0, true)];
  return {
    accuracy: 1 - (missed + wrong) / gold.length,
    alwaysOriginal: 1 - (found + missed) / gold.length,
    found: found / (found + missed),
    precision: found / (found + wrong),
    area: areaUnderRoc(scores, gold),
    tokens: gold.length,
  };
}
