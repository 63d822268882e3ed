/**
 * Masked language modelling: hide some tokens, predict them from both sides.
 *
 * Devlin et al. 2019, section 3.1 and appendix A.1; google-research/bert, create_pretraining_data.py; for the Bernoulli
 * form, Hugging Face's DataCollatorForLanguageModeling.
 */
import { type Batch, labelled, type Sample } from "../data/sample.js";
import { crossEntropy, IGNORE } from "../tensor/ops/loss.js";
import { type Rng, shuffle } from "../tensor/random.js";
import type { Tensor } from "../tensor/tensor.js";
import type { HeadObjective } from "./objective.js";

/** A head that scores the whole vocabulary at some positions. */
export interface LmHead {
  /**
   * @param hidden (tokens, width)
   * @param index the positions to predict at
   * @returns (index.length, vocabulary) unnormalised scores
   */
  tokenScores(hidden: Tensor, index: Int32Array): Tensor;
}

export interface MaskedLmOptions {
  /** vocabulary size and the id of the mask token */
  readonly vocabulary: { readonly size: number; readonly mask: number };
  /** share of tokens to predict */
  readonly maskingRate?: number;
  /**
   * `exact` (BERT's own): round(rate × length) positions, at least one, at most `most`.
   * `bernoulli` (the collator's): every position by a coin of its own, so the count varies and may be 0.
   * `rounded` (RoBERTa's own): floor(rate × length + u) positions, u uniform in [0, 1), special tokens not excepted.
   * `every` (ModernBERT's own): every position by a coin of its own, special tokens not excepted.
   * `fixed` (crammed BERT's own): round(rate × length) positions, special tokens not excepted; the fates are shared out
   * among them by count, not drawn.
   */
  readonly selection?: "exact" | "bernoulli" | "rounded" | "every" | "fixed";
  /** what becomes of the chosen: these shares are masked and random, the rest stays; 0.8 and 0.1 */
  readonly replacement?: { readonly mask: number; readonly random: number };
  /** ids from here on are drawn as random tokens; RoBERTa leaves out its first four */
  readonly firstRandomId?: number;
  /** cap on the positions of one sequence, `exact` only; BERT: 20 for length 128, 77 for 512 */
  readonly maxPredictions?: number;
  /** choose whole words (by the tokenizer's word index) instead of single pieces, `exact` only */
  readonly wholeWords?: boolean;
}

/** Half to even, as Python rounds: 2.5 -> 2, 3.5 -> 4. */
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

/** Take shuffled candidates until the count is reached; one that would exceed it is passed over, a shorter may still fit. */
function chooseExactly(sample: Sample, rng: Rng, options: MaskedLmOptions): number[] {
  const { maskingRate = 0.15, maxPredictions = Number.POSITIVE_INFINITY, wholeWords = false } = options;
  const count = maskedCount(sample.ids.length, maskingRate, maxPredictions);
  const groups = candidates(sample, wholeWords);
  shuffle(groups, rng);
  const chosen: number[] = [];
  for (const group of groups) {
    if (chosen.length >= count) break;
    if (chosen.length + group.length <= count) chosen.push(...group);
  }
  return chosen.sort((a, b) => a - b);
}

/** RoBERTa's: the share is met on average, and nothing is excepted. */
function chooseRounded({ ids }: Sample, rng: Rng, rate: number): number[] {
  const count = Math.min(ids.length, Math.floor(rate * ids.length + rng()));
  const places = shuffle(
    Array.from(ids, (_, i) => i),
    rng,
  );
  return places.slice(0, count).sort((a, b) => a - b);
}

function chooseByCoin({ ids, special }: Sample, rng: Rng, rate: number, every: boolean): number[] {
  const chosen: number[] = [];
  for (let i = 0; i < ids.length; i++) if ((every || !special[i]) && rng() < rate) chosen.push(i);
  return chosen;
}

/** So many of all tokens, in the order in which they were drawn. */
function chooseCount({ ids }: Sample, rng: Rng, rate: number): number[] {
  const places = shuffle(
    Array.from(ids, (_, i) => i),
    rng,
  );
  return places.slice(0, roundHalfEven(ids.length * rate));
}

/** Choose positions, and label them with what stood there. */
function choose(sample: Sample, rng: Rng, options: MaskedLmOptions): { chosen: number[]; tokens: Int32Array } {
  const { selection: form = "exact", maskingRate = 0.15 } = options;
  const ways = {
    exact: () => chooseExactly(sample, rng, options),
    bernoulli: () => chooseByCoin(sample, rng, maskingRate, false),
    every: () => chooseByCoin(sample, rng, maskingRate, true),
    rounded: () => chooseRounded(sample, rng, maskingRate),
    fixed: () => chooseCount(sample, rng, maskingRate),
  };
  const chosen = ways[form]();
  const tokens = new Int32Array(sample.ids.length).fill(IGNORE);
  for (const i of chosen) tokens[i] = sample.ids[i]!;
  return { chosen, tokens };
}

/** Count and loss of an objective whose labels are ids to predict at some tokens. `name` is for errors. */
export function tokenTargets(name: string): Pick<HeadObjective<LmHead>, "count" | "loss"> {
  const targets = ({ labels }: Batch): Int32Array => {
    if (!labels.tokens)
      throw new TypeError(
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

/** A number in [0, 1) that gives the first of the chosen the mask, the next a random token, and lets the last stay. */
function rankedFate(rank: number, count: number, { mask, random }: { mask: number; random: number }): number {
  if (rank < roundHalfEven(mask * count)) return 0;
  return rank < roundHalfEven((mask + random) * count) ? mask : mask + random;
}

/** What the model is shown: of the chosen tokens some become the mask, some another token, and some stay. */
export function showMasked(
  ids: Int32Array,
  chosen: readonly number[],
  rng: Rng,
  { vocabulary, replacement = { mask: 0.8, random: 0.1 }, firstRandomId = 0, selection: form }: MaskedLmOptions,
): Int32Array {
  const shown = ids.slice();
  for (const [rank, i] of chosen.entries()) {
    const fate = form === "fixed" ? rankedFate(rank, chosen.length, replacement) : rng();
    if (fate < replacement.mask) shown[i] = vocabulary.mask;
    else if (fate < replacement.mask + replacement.random)
      shown[i] = firstRandomId + rng.integer(vocabulary.size - firstRandomId);
  }
  return shown;
}

/**
 * Of the chosen tokens 80 % become [MASK], 10 % a random entry of the whole vocabulary and 10 % stay as they are: [MASK]
 * never appears when the model is used, and one that trusted unmasked tokens blindly would learn nothing about them.
 *
 * @example
 * const objective = single(maskedLm({ vocabulary: { size: tokenizer.size, mask: tokenizer.special.mask! } }));
 */
export function maskedLm(options: MaskedLmOptions): HeadObjective<LmHead> {
  return {
    name: "masked-lm",
    ...tokenTargets("masked-lm"),
    corrupt(sample, rng) {
      const { chosen, tokens } = choose(sample, rng, options);
      return { ...sample, ids: showMasked(sample.ids, chosen, rng, options), labels: { ...sample.labels, tokens } };
    },
  };
}

/** For evaluation: the same choice of positions, every one of them shown as [MASK], so that losses can be compared. */
export function allMasked(options: MaskedLmOptions): HeadObjective<LmHead> {
  return {
    name: "masked-lm",
    ...tokenTargets("masked-lm"),
    corrupt(sample, rng) {
      const { chosen, tokens } = choose(sample, rng, options);
      const ids = sample.ids.slice();
      for (const i of chosen) ids[i] = options.vocabulary.mask;
      return { ...sample, ids, labels: { ...sample.labels, tokens } };
    },
  };
}
