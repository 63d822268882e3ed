/**
 * ELECTRA's two models, trained together: a generator fills masked tokens in, and a discriminator says of every token
 * whether it is the original. Clark et al. 2020 (arXiv:2003.10555), section 2; google-research/electra,
 * run_pretraining.py and pretrain/pretrain_helpers.py.
 *
 * The loss is the generator's masked LM plus 50 times the discriminator's. They do not play against each other: what the
 * generator puts in is drawn, and no gradient flows through a draw. They meet in the embeddings, which they share.
 */
import { type Batch, labelled, type Sample } from "../data/sample.js";
import { exp } from "../tensor/math.js";
import { scale } from "../tensor/ops/elementwise.js";
import { IGNORE } from "../tensor/ops/loss.js";
import { type Rng, seed, shuffle } from "../tensor/random.js";
import type { Tensor } from "../tensor/tensor.js";
import { type LmHead, type MaskedLmOptions, roundHalfEven, showMasked, tokenTargets } from "./masked-lm.js";
import type { EncoderBody, Objective } from "./objective.js";
import { type ReplacedTokenHead, replacedToken } from "./replaced-token.js";

/** The two models of ELECTRA. */
export interface GeneratorAndDiscriminator {
  readonly generator: EncoderBody & LmHead;
  readonly discriminator: EncoderBody & ReplacedTokenHead;
}

export interface ElectraOptions extends Pick<MaskedLmOptions, "vocabulary"> {
  /** share of tokens that the generator predicts; 0.15, for large models 0.25 */
  readonly maskingRate?: number;
  /** cap on these tokens of one sequence; published: 19 for length 128, 79 for 512 */
  readonly maxPredictions?: number;
  /** share of the chosen that the generator is shown as they are: 0.15, as the published code has it; 0 in the paper */
  readonly kept?: number;
  /** what each loss is multiplied with; 1 and 50 */
  readonly weights?: { readonly generator: number; readonly discriminator: number };
}

/** How many tokens are chosen of `length`, special ones counted: the product is taken in single precision, as published. */
function chosenCount(
  length: number,
  { maskingRate = 0.15, maxPredictions = Number.POSITIVE_INFINITY }: ElectraOptions,
): number {
  return Math.min(maxPredictions, Math.max(1, roundHalfEven(Math.fround(length * Math.fround(maskingRate)))));
}

/** Places to predict, ascending. The published code draws with replacement; here no place is drawn twice. */
function choose({ ids, special }: Sample, rng: Rng, options: ElectraOptions): number[] {
  const places = shuffle(
    [...ids.keys()].filter((i) => !special[i]),
    rng,
  );
  return places.slice(0, chosenCount(ids.length, options)).sort((a, b) => a - b);
}

/** The class on which `chance`, in [0, 1), falls when each takes up its share of softmax(scores): as likely as by Gumbel noise. */
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
  // What rounding left over belongs to the last one that can be drawn.
  return last;
}

/**
 * What the discriminator reads: the original text, its chosen tokens drawn from the generator's scores. `labels.tokens` are
 * 1 where another token stands now than before, and 0 where the same does, chosen or not.
 *
 * @param batch as the objective corrupted it
 * @param scores (chosen, vocabulary) of the generator
 */
export function replaceMasked(batch: Batch, scores: Tensor): Batch {
  const { starts, noise, labels } = batch;
  if (!labels.tokens || !noise)
    throw new TypeError("electra: the batch has no labels or no noise; were its samples corrupted by this objective?");
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
 * Train generator and discriminator at once. The discriminator's loss is the mean over all tokens, special ones too; its
 * part is reported as it is trained, multiplied with its weight.
 *
 * @example
 * using pair = freshElectra(engine, electraConfigs(sizes), 1);
 * const objective = electraPretraining({ vocabulary: { size: tokenizer.size, mask: tokenizer.special.mask! } });
 * for await (const { parts } of train({ engine, model: pair.model, objective, optimizer: adamW(pair.weights), … }))
 *   console.log(parts["generator"], parts["discriminator"]! / 50);
 */
export function electraPretraining(options: ElectraOptions): Objective<GeneratorAndDiscriminator> {
  const { vocabulary, kept = 0.15, weights = { generator: 1, discriminator: 50 } } = options;
  const masked = tokenTargets("electra");
  const judged = replacedToken();
  return {
    names: ["generator", "discriminator"],
    corrupt(sample, rng) {
      const chosen = choose(sample, rng, options);
      const tokens = new Int32Array(sample.ids.length).fill(IGNORE);
      for (const i of chosen) tokens[i] = sample.ids[i]!;
      const ids = showMasked(sample.ids, chosen, rng, { vocabulary, replacement: { mask: 1 - kept, random: 0 } });
      return { ...sample, ids, labels: { ...sample.labels, tokens }, noise: rng.integer(2 ** 32) };
    },
    counts: (batch) => [masked.count(batch), batch.ids.length],
    losses({ generator, discriminator }, batch, counts) {
      const hidden = generator.encode(batch);
      const scores = generator.tokenScores(hidden, labelled(batch.labels.tokens!));
      const filled = masked.loss({ tokenScores: () => scores }, hidden, batch, counts[0]!);
      const replaced = replaceMasked(batch, scores);
      const told = judged.loss(discriminator, discriminator.encode(replaced), replaced, counts[1]!);
      return [scale(filled, weights.generator), scale(told, weights.discriminator)];
    },
  };
}
