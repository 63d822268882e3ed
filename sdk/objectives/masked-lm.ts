/**
 * Masked language modeling: hide some tokens and predict them from the context on both sides.
 *
 * Devlin et al. 2019 (arXiv:1810.04805), section 3.1 and appendix A.1; google-research/bert, create_pretraining_data.py.
 * Other ways of choosing positions: Hugging Face's DataCollatorForLanguageModeling, fairseq's MaskTokensDataset (RoBERTa),
 * MosaicML's collator (ModernBERT) and Geiping & Goldstein 2023 (crammed BERT).
 */

import { type Batch, labelled, type Sample } from "../data/sample.js";
import { ArgumentError, aBoolean, checkOptions, oneOf, wholeNumber } from "../options.js";
import { crossEntropy, IGNORE } from "../tensor/ops/loss.js";
import { type Rng, shuffle } from "../tensor/random.js";
import type { Tensor } from "../tensor/tensor.js";
import type { HeadObjective } from "./objective.js";
import { aCount, aShare, aVocabulary, maskId, requireTokenizer, type Vocabulary } from "./vocabulary.js";

/** A head that scores the whole vocabulary at some positions. */
export interface LmHead {
  /**
   * @param hidden (tokens, width)
   * @param index the positions to predict at
   * @returns (index.length, vocabulary) unnormalized scores
   */
  tokenScores(hidden: Tensor, index: Int32Array): Tensor;
}

/** Options of {@link maskedLm}. */
export interface MaskedLmOptions {
  readonly tokenizer: Vocabulary;
  /** share of tokens to predict; 0.15 */
  readonly maskingRate?: number;
  /**
   * How positions are selected, by the model or library that does so; default `bert`.
   *
   * - `bert`: round(rate × length) positions, at least one, at most `maxPredictions`.
   * - `transformers` (its DataCollatorForLanguageModeling): each position independently; the count varies and may be 0.
   * - `roberta`: floor(rate × length + u) positions, u uniform in [0, 1), special tokens included.
   * - `modernbert`: each position independently, special tokens included.
   * - `crammed-bert`: round(rate × length) positions, special tokens included; mask, random and kept tokens are exact
   *   shares of them.
   */
  readonly selection?: "bert" | "transformers" | "roberta" | "modernbert" | "crammed-bert";
  /** shares of the chosen tokens that become the mask or a random token; the rest is kept. 0.8 and 0.1 */
  readonly replacement?: { readonly mask: number; readonly random: number };
  /** lowest id drawn as a random token; RoBERTa skips its first four */
  readonly firstRandomId?: number;
  /** most positions chosen in one sequence, with `bert` only; BERT: 20 for length 128, 77 for 512 */
  readonly maxPredictions?: number;
  /** choose whole words (by the tokenizer's word index) instead of single pieces, with `bert` only */
  readonly wholeWords?: boolean;
}

/** @throws {ArgumentError} for an unknown option, or a value of another type */
export function checkMasking(where: string, options: MaskedLmOptions): void {
  requireTokenizer(where, options);
  checkOptions(where, options, {
    tokenizer: aVocabulary,
    maskingRate: aShare,
    selection: oneOf("bert", "transformers", "roberta", "modernbert", "crammed-bert"),
    replacement: {
      expected: "an object of two shares, mask and random",
      accepts: (value) => {
        const { mask, random } = (value ?? {}) as { mask?: unknown; random?: unknown };
        return aShare.accepts(mask) && aShare.accepts(random) && (mask as number) + (random as number) <= 1 + 1e-9;
      },
    },
    firstRandomId: wholeNumber(0),
    maxPredictions: aCount,
    wholeWords: aBoolean,
  });
}

/** Round half to even, as Python does: 2.5 -> 2, 3.5 -> 4. */
export function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  if (rest !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}

/**
 * How many positions BERT predicts in a sequence of `length` tokens, special tokens counted.
 *
 * @example
 * maskedCount(30, 0.15, 20); // 4: 4.5 rounds to even
 */
export function maskedCount(length: number, rate: number, most: number): number {
  return Math.min(most, Math.max(1, roundHalfEven(length * rate)));
}

/** Positions that may be chosen, in groups that are chosen together: single pieces, or whole words. */
function candidates(sample: Sample, wholeWords: boolean): number[][] {
  const groups: number[][] = [];
  let lastWord = -1;
  for (let i = 0; i < sample.ids.length; i++) {
    if (sample.special[i]) {
      lastWord = -1;
      continue;
    }
    const word = sample.words[i]!;
    if (wholeWords && groups.length > 0 && word >= 0 && word === lastWord) groups.at(-1)!.push(i);
    else groups.push([i]);
    lastWord = word;
  }
  return groups;
}

/** BERT: take shuffled candidates until the count is reached; skip one that would exceed it, as a shorter one may still fit. */
function chooseExactly(sample: Sample, rng: Rng, options: MaskedLmOptions): number[] {
  const { maskingRate = 0.15, maxPredictions = Number.POSITIVE_INFINITY, wholeWords = false } = options;
  const count = maskedCount(sample.ids.length, maskingRate, maxPredictions);
  const groups = candidates(sample, wholeWords);
  shuffle(groups, rng);
  const chosen: number[] = [];
  for (const group of groups) {
    if (chosen.length >= count) break;
    if (chosen.length + group.length <= count) for (const i of group) chosen.push(i);
  }
  return chosen.sort((a, b) => a - b);
}

/** The first `count` positions of a random order, special tokens included. */
function drawPositions({ ids }: Sample, rng: Rng, count: number): number[] {
  const positions = shuffle(
    Array.from(ids, (_, i) => i),
    rng,
  );
  return positions.slice(0, count);
}

/** RoBERTa: the rate is met on average. */
function chooseRounded(sample: Sample, rng: Rng, rate: number): number[] {
  const { length } = sample.ids;
  const count = Math.min(length, Math.floor(rate * length + rng()));
  return drawPositions(sample, rng, count).sort((a, b) => a - b);
}

function chooseIndependently({ ids, special }: Sample, rng: Rng, rate: number, includeSpecial: boolean): number[] {
  const chosen: number[] = [];
  for (let i = 0; i < ids.length; i++) if ((includeSpecial || !special[i]) && rng() < rate) chosen.push(i);
  return chosen;
}

/** Choose positions, and label them with their tokens. */
function choose(sample: Sample, rng: Rng, options: MaskedLmOptions): { chosen: number[]; tokens: Int32Array } {
  const { selection = "bert", maskingRate = 0.15 } = options;
  const selections = {
    bert: () => chooseExactly(sample, rng, options),
    transformers: () => chooseIndependently(sample, rng, maskingRate, false),
    modernbert: () => chooseIndependently(sample, rng, maskingRate, true),
    roberta: () => chooseRounded(sample, rng, maskingRate),
    // In drawn order: the rank decides which become masks and which random tokens.
    "crammed-bert": () => drawPositions(sample, rng, roundHalfEven(sample.ids.length * maskingRate)),
  };
  const chosen = selections[selection]();
  return { chosen, tokens: labelsAt(sample, chosen) };
}

/** Token labels: the sample's own ids at `chosen`, IGNORE elsewhere. */
export function labelsAt({ ids }: Sample, chosen: Iterable<number>): Int32Array {
  const tokens = new Int32Array(ids.length).fill(IGNORE);
  for (const i of chosen) tokens[i] = ids[i]!;
  return tokens;
}

/** Count and loss of an objective whose labels are ids to predict at some tokens. `name` is for errors. */
export function tokenTargets(name: string): Pick<HeadObjective<LmHead>, "count" | "loss"> {
  const targets = ({ labels }: Batch): Int32Array => {
    if (!labels.tokens)
      throw new ArgumentError(
        `${name}: the batch has no token labels; were its samples corrupted before they were collated?`,
      );
    return labels.tokens;
  };
  return {
    count: (batch) => labelled(targets(batch)).length,
    loss(model, hidden, batch, count): Tensor {
      const tokens = targets(batch);
      const index = labelled(tokens);
      const labels = index.map((i) => tokens[i]!);
      return crossEntropy(model.tokenScores(hidden, index), labels, { divisor: count });
    },
  };
}

/** The draw in [0, 1) that makes the first of the chosen masks, the next random tokens, and keeps the rest. */
function drawByRank(rank: number, count: number, { mask, random }: { mask: number; random: number }): number {
  if (rank < roundHalfEven(mask * count)) return 0;
  return rank < roundHalfEven((mask + random) * count) ? mask : mask + random;
}

/** The model's input: each chosen token becomes the mask, a random token, or is kept. */
export function showMasked(ids: Int32Array, chosen: readonly number[], rng: Rng, options: MaskedLmOptions): Int32Array {
  const { tokenizer, replacement = { mask: 0.8, random: 0.1 }, firstRandomId = 0, selection } = options;
  const mask = maskId(tokenizer, "masked-lm");
  const shown = ids.slice();
  for (const [rank, i] of chosen.entries()) {
    const draw = selection === "crammed-bert" ? drawByRank(rank, chosen.length, replacement) : rng();
    if (draw < replacement.mask) shown[i] = mask;
    else if (draw < replacement.mask + replacement.random)
      shown[i] = firstRandomId + rng.integer(tokenizer.size - firstRandomId);
  }
  return shown;
}

/**
 * Of the chosen tokens 80 % become [MASK], 10 % a random entry of the whole vocabulary, and 10 % are kept. [MASK] never
 * appears when the model is used; a model that sees only masks would learn nothing about other tokens.
 *
 * @example
 * const objective = single(maskedLm({ tokenizer }));
 * @throws {TokenizerError} when the tokenizer has no mask token
 */
export function maskedLm(options: MaskedLmOptions): HeadObjective<LmHead> {
  checkMasking("maskedLm", options);
  maskId(options.tokenizer, "masked-lm");
  return {
    name: "masked-lm",
    ...tokenTargets("masked-lm"),
    corrupt(sample, rng) {
      const { chosen, tokens } = choose(sample, rng, options);
      return { ...sample, ids: showMasked(sample.ids, chosen, rng, options), labels: { ...sample.labels, tokens } };
    },
  };
}

/**
 * For evaluation: the same choice of positions, all of them shown as [MASK], so that losses can be compared.
 *
 * @example
 * allMasked({ tokenizer }).corrupt(sample, rng).ids.includes(tokenizer.special.mask!); // true
 */
export function allMasked(options: MaskedLmOptions): HeadObjective<LmHead> {
  checkMasking("allMasked", options);
  const mask = maskId(options.tokenizer, "masked-lm");
  return {
    name: "masked-lm",
    ...tokenTargets("masked-lm"),
    corrupt(sample, rng) {
      const { chosen, tokens } = choose(sample, rng, options);
      const ids = sample.ids.slice();
      for (const i of chosen) ids[i] = mask;
      return { ...sample, ids, labels: { ...sample.labels, tokens } };
    },
  };
}
