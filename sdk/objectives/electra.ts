/**
 * ELECTRA's two models, trained together: a generator replaces masked tokens, and a discriminator classifies every token as
 * original or replaced. Clark et al. 2020 (arXiv:2003.10555), section 2; google-research/electra, run_pretraining.py and
 * pretrain/pretrain_helpers.py.
 *
 * The loss is the generator's masked-LM loss plus 50 times the discriminator's. Training is not adversarial: the generator's
 * samples are discrete, so no gradient reaches it. The two models share their embeddings.
 */

import { type Batch, labelled, type Sample } from "../data/sample.js";
import { exp } from "../math.js";
import { ArgumentError, checkOptions } from "../options.js";
import { scale } from "../tensor/ops/elementwise.js";
import { IGNORE } from "../tensor/ops/loss.js";
import { type Rng, seed, shuffle } from "../tensor/random.js";
import type { Tensor } from "../tensor/tensor.js";
import { type LmHead, labelsAt, type MaskedLmOptions, roundHalfEven, showMasked, tokenTargets } from "./masked-lm.js";
import type { EncoderBody, Objective } from "./objective.js";
import { type ReplacedTokenHead, replacedTokenDetection } from "./replaced-token-detection.js";
import { aCount, aShare, aVocabulary, maskId, requireTokenizer } from "./vocabulary.js";

/** The two models of ELECTRA. */
export interface GeneratorAndDiscriminator {
  readonly generator: EncoderBody & LmHead;
  readonly discriminator: EncoderBody & ReplacedTokenHead;
}

/** Options of {@link electraPretraining}. */
export interface ElectraOptions extends Pick<MaskedLmOptions, "tokenizer"> {
  /** share of tokens that the generator predicts; 0.15, for large models 0.25 */
  readonly maskingRate?: number;
  /** most predictions in one sequence; published: 19 for length 128, 79 for 512 */
  readonly maxPredictions?: number;
  /** share of the chosen tokens that stay unmasked in the generator's input; 0.15 in the official code, 0 in the paper */
  readonly keepRate?: number;
  /** weights of the two losses; 1 and 50 */
  readonly lossWeights?: { readonly generator: number; readonly discriminator: number };
}

/** How many tokens are chosen of `length`, special tokens counted; the product is taken in f32, as in the official code. */
function chosenCount(
  length: number,
  { maskingRate = 0.15, maxPredictions = Number.POSITIVE_INFINITY }: ElectraOptions,
): number {
  return Math.min(maxPredictions, Math.max(1, roundHalfEven(Math.fround(length * Math.fround(maskingRate)))));
}

/** Positions to predict, ascending. The official code draws with replacement; here no position is drawn twice. */
function choose({ ids, special }: Sample, rng: Rng, options: ElectraOptions): number[] {
  const places = shuffle(
    [...ids.keys()].filter((i) => !special[i]),
    rng,
  );
  return places.slice(0, chosenCount(ids.length, options)).sort((a, b) => a - b);
}

/** Sample a class from softmax(scores) by inverting the cumulative distribution at `chance`, a number in [0, 1). */
function drawn(scores: Float32Array, chance: number): number {
  let highest = Number.NEGATIVE_INFINITY;
  for (let id = 0; id < scores.length; id++) highest = Math.max(highest, scores[id]!);
  const shares = new Float64Array(scores.length);
  let total = 0;
  for (let id = 0; id < scores.length; id++) total += shares[id] = exp(scores[id]! - highest);
  let left = chance * total;
  let last = 0;
  for (let id = 0; id < shares.length; id++) {
    const share = shares[id]!;
    if (share === 0) continue;
    last = id;
    left -= share;
    if (left < 0) return id;
  }
  // Rounding can leave a remainder; it belongs to the last class of nonzero probability.
  return last;
}

/**
 * The discriminator's input: the original text with its chosen tokens sampled from the generator. `labels.tokens` is 1 where
 * the token differs from the original and 0 elsewhere; a sampled token that equals the original counts as original.
 *
 * @param batch as corrupted by this objective
 * @param scores (chosen, vocabulary) of the generator
 * @example
 * using pair = freshElectra(engine, electraConfigs({ ...sizes, embeddingSize: 16 }), 1);
 * const masked = collate(samples.map((sample) => electraPretraining({ tokenizer }).corrupt(sample, seed(1))));
 * const { generator } = pair.model;
 * const chosen = [...masked.ids.keys()].filter((i) => masked.labels.tokens![i] !== IGNORE);
 * const scores = generator.tokenScores(generator.encode(masked), Int32Array.from(chosen));
 * const replaced = replaceMasked(masked, scores); // replaced.labels.tokens: 1 where the token is not the original
 */
export function replaceMasked(batch: Batch, scores: Tensor): Batch {
  const { starts, noise, labels } = batch;
  if (!labels.tokens || !noise)
    throw new ArgumentError(
      "replaced-token-detection: the batch has no labels or no noise; were its samples corrupted by this objective?",
    );
  const ids = batch.ids.slice();
  const tokens = new Int32Array(ids.length);
  const [, vocabulary = 0] = scores.shape;
  const { data } = scores;
  let from = 0;
  for (let row = 0; row < batch.rows; row++) {
    const rng = seed(noise[row]!);
    for (let i = starts[row]!; i < starts[row + 1]!; i++) {
      if (labels.tokens[i] === IGNORE) continue;
      ids[i] = drawn(data.subarray(from, from + vocabulary), rng());
      tokens[i] = Number(ids[i] !== labels.tokens[i]);
      from += vocabulary;
    }
  }
  return { ...batch, ids, labels: { ...labels, tokens } };
}

/**
 * Train generator and discriminator together. The discriminator's loss is the mean over all tokens, special ones included;
 * the reported parts are already multiplied by their weights.
 *
 * @example
 * using pair = freshElectra(engine, electraConfigs(sizes), 1);
 * const objective = electraPretraining({ tokenizer });
 * for await (const { parts } of train({ ...training, model: pair.model, objective, optimizer: adamW(pair.weights) }))
 *   console.log(parts["generator"], parts["discriminator"]);
 * @throws {TokenizerError} when the tokenizer has no mask token
 */
export function electraPretraining(options: ElectraOptions): Objective<GeneratorAndDiscriminator> {
  const { tokenizer, keepRate = 0.15, lossWeights = { generator: 1, discriminator: 50 } } = options;
  requireTokenizer("electraPretraining", options);
  checkOptions("electraPretraining", options, {
    tokenizer: aVocabulary,
    maskingRate: aShare,
    maxPredictions: aCount,
    keepRate: aShare,
    lossWeights: { expected: "an object of two weights", accepts: (value) => typeof value === "object" },
  });
  maskId(tokenizer, "replaced-token-detection");
  const masked = tokenTargets("replaced-token-detection");
  const detection = replacedTokenDetection();
  return {
    names: ["generator", "discriminator"],
    corrupt(sample, rng) {
      const chosen = choose(sample, rng, options);
      const tokens = labelsAt(sample, chosen);
      const ids = showMasked(sample.ids, chosen, rng, { tokenizer, replacement: { mask: 1 - keepRate, random: 0 } });
      return { ...sample, ids, labels: { ...sample.labels, tokens }, noise: rng.integer(2 ** 32) };
    },
    counts: (batch) => [masked.count(batch), batch.ids.length],
    losses({ generator, discriminator }, batch, counts) {
      const hidden = generator.encode(batch);
      const scores = generator.tokenScores(hidden, labelled(batch.labels.tokens!));
      const generatorLoss = masked.loss({ tokenScores: () => scores }, hidden, batch, counts[0]!);
      const replaced = replaceMasked(batch, scores);
      const discriminatorLoss = detection.loss(discriminator, discriminator.encode(replaced), replaced, counts[1]!);
      return [scale(generatorLoss, lossWeights.generator), scale(discriminatorLoss, lossWeights.discriminator)];
    },
  };
}
