/** How well a pre-trained model predicts text that it has not seen. */
import { sampleBatches } from "../../data/batches.js";
import { collate, labelled, type Sample } from "../../data/sample.js";
import { argmax } from "../../heads/probabilities.js";
import {
  type ElectraOptions,
  electraPretraining,
  type GeneratorAndDiscriminator,
  replaceMasked,
} from "../../objectives/electra.js";
import { allMasked, type LmHead, type MaskedLmOptions } from "../../objectives/masked-lm.js";
import type { PairHead } from "../../objectives/next-sentence-prediction.js";
import type { EncoderBody, Objective } from "../../objectives/objective.js";
import { type Rng, seed } from "../../tensor/random.js";
import { Scope } from "../../tensor/scope.js";
import { unigramEntropy } from "../metrics/perplexity.js";
import { areaUnderRoc } from "../metrics/ranking.js";

export interface HeldOutFigures {
  /** mean loss in nats at the chosen positions, every one of them shown as [MASK] */
  readonly loss: number;
  /** entropy in nats of the very same targets: the loss of the best guess that sees no context */
  readonly unigramEntropy: number;
  /** share of chosen tokens whose best guess is right */
  readonly accuracy: number;
  readonly targets: number;
}

/** How often each held-out sequence is masked anew: more targets, less chance. */
const ROUNDS = 8;

/** Every sample corrupted once a round, the same way for the same seed. */
function corruptedRounds(
  { corrupt }: { corrupt(sample: Sample, rng: Rng): Sample },
  samples: readonly Sample[],
  seedValue: number,
  rounds: number,
): Sample[] {
  const rng = seed(seedValue);
  return Array.from({ length: rounds }, (_, round) =>
    samples.map((sample, i) => corrupt(sample, rng.fork(round, i))),
  ).flat();
}

/** Score masked tokens of held-out samples; positions are the same for the same seed, whatever the model. */
export function maskedHeldOut(
  model: EncoderBody & LmHead,
  samples: readonly Sample[],
  options: MaskedLmOptions,
  seedValue = 1,
  rounds = ROUNDS,
): HeldOutFigures {
  const objective = allMasked(options);
  const masked = corruptedRounds(objective, samples, seedValue, rounds);
  const targets: number[] = [];
  let [sum, right] = [0, 0];
  for (const group of sampleBatches(masked)) {
    using _ = new Scope();
    const batch = collate(group);
    const tokens = batch.labels.tokens!;
    const index = labelled(tokens);
    if (index.length === 0) continue;
    const hidden = model.encode(batch);
    const loss = objective.loss(model, hidden, batch, 1);
    sum += loss.item();
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
 * Score an objective that predicts tokens, of one side or of the other: causal LM, denoising. What is corrupted is corrupted
 * the same way for the same seed.
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

/** Share of held-out pairs that are judged rightly. */
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

export interface ReplacedHeldOut {
  /** share of tokens that are judged rightly; replaced are those whose score is above 0 */
  readonly accuracy: number;
  /** the same of an answer that is always "original" */
  readonly alwaysOriginal: number;
  /** share of replaced tokens that are found */
  readonly found: number;
  /** share of what is called replaced that is */
  readonly precision: number;
  /** how probably a replaced token has a higher score than an original one; 0.5 is chance */
  readonly area: number;
  readonly tokens: number;
}

/**
 * How well a discriminator tells what its generator put into held-out text.
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
  const masked = corruptedRounds(objective, samples, seedValue, rounds);
  const [scores, gold]: [number[], number[]] = [[], []];
  for (const group of sampleBatches(masked)) {
    using _ = new Scope();
    const batch = collate(group);
    const index = labelled(batch.labels.tokens!);
    const replaced = replaceMasked(batch, generator.tokenScores(generator.encode(batch), index));
    scores.push(...discriminator.replacedScores(discriminator.encode(replaced)).data);
    gold.push(...replaced.labels.tokens!);
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
