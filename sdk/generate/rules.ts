/** Logits processors: rules that change the scores of the next token before it is chosen, in place, one row at a time. */
import { logSumExp } from "../heads/probabilities.js";
import { power } from "../math.js";
import { ArgumentError } from "../options.js";
import { bestFirst, kthHighest } from "./ranking.js";

/** `scores` (vocabulary) of the next token; `written` are the ids before it, prompt included. */
export type Rule = (scores: Float32Array, written: readonly number[]) => void;

const NEVER = Number.NEGATIVE_INFINITY;

/** Divide the scores by the temperature; below 1 the distribution gets sharper. */
export function temperatureRule(temperature: number): Rule {
  if (!(temperature > 0)) throw new ArgumentError(`temperature must be positive, got ${temperature}`);
  return (scores) => {
    for (let i = 0; i < scores.length; i++) scores[i] = scores[i]! / temperature;
  };
}

/** Keep the `k` best tokens and those that tie with the last of them. Fan et al. 2018 (arXiv:1805.04833). */
export function topKRule(k: number): Rule {
  if (!(Number.isInteger(k) && k > 0)) throw new ArgumentError(`top-k must be a positive whole number, got ${k}`);
  return (scores) => {
    if (k >= scores.length) return;
    const least = kthHighest(scores, k);
    for (let i = 0; i < scores.length; i++) if (scores[i]! < least) scores[i] = NEVER;
  };
}

/**
 * Nucleus sampling: keep the smallest set of best tokens whose probabilities sum to at least `p`. Holtzman et al. 2020
 * (arXiv:1904.09751).
 *
 * @param probabilities the softmax to use
 */
export function topPRule(p: number, probabilities: (scores: Float32Array) => Float32Array): Rule {
  if (!(p > 0 && p <= 1)) throw new ArgumentError(`top-p must be above 0 and at most 1, got ${p}`);
  return (scores) => {
    const share = probabilities(scores);
    let sum = 0;
    let last = -1;
    for (const i of bestFirst(share)) {
      last = i;
      sum += share[i]!;
      if (sum >= p) break;
    }
    // Rounding may leave the sum of all below p: then all are kept.
    if (!(sum >= p)) return;
    const least = share[last]!;
    for (let i = 0; i < scores.length; i++)
      if (share[i]! < least || (share[i] === least && i > last)) scores[i] = NEVER;
  };
}

/** Keep tokens whose probability is at least `p` times that of the best. Nguyen et al. 2024 (arXiv:2407.01082). */
export function minPRule(p: number, probabilities: (scores: Float32Array) => Float32Array): Rule {
  if (!(p >= 0 && p <= 1)) throw new ArgumentError(`min-p must be from 0 to 1, got ${p}`);
  return (scores) => {
    const share = probabilities(scores);
    let best = 0;
    for (let i = 0; i < share.length; i++) best = Math.max(best, share[i]!);
    const least = p * best;
    for (let i = 0; i < scores.length; i++) if (share[i]! < least) scores[i] = NEVER;
  };
}

/** Divide the scores of tokens that occurred before by the penalty; multiply negative ones. Keskar et al. 2019 (arXiv:1909.05858). */
export function repetitionRule(penalty: number): Rule {
  if (!(penalty > 0)) throw new ArgumentError(`the repetition penalty must be positive, got ${penalty}`);
  return (scores, written) => {
    for (const id of new Set(written)) scores[id] = scores[id]! < 0 ? scores[id]! * penalty : scores[id]! / penalty;
  };
}

/** Exclude tokens that would repeat an n-gram of `size` tokens. Paulus et al. 2018 (arXiv:1705.04304). */
export function noRepeatRule(size: number): Rule {
  if (!(Number.isInteger(size) && size > 0))
    throw new ArgumentError(`the n-gram size must be a positive whole number, got ${size}`);
  return (scores, written) => {
    const tail = written.slice(written.length - size + 1);
    if (written.length + 1 < size) return;
    for (let at = 0; at + size <= written.length; at++)
      if (tail.every((id, i) => written[at + i] === id)) scores[written[at + size - 1]!] = NEVER;
  };
}

/** Exclude tokens that would repeat an n-gram of the source. Hugging Face's EncoderNoRepeatNGramLogitsProcessor. */
export function sourceNgramRule(size: number, source: ArrayLike<number>): Rule {
  const ids = Array.from(source);
  return (scores, written) => {
    if (written.length + 1 < size) return;
    const tail = written.slice(written.length - size + 1);
    for (let at = 0; at + size <= ids.length; at++)
      if (tail.every((id, i) => ids[at + i] === id)) scores[ids[at + size - 1]!] = NEVER;
  };
}

/** Exclude tokens at every position, or at one. */
export function suppressRule(ids: readonly number[], position?: number): Rule {
  return (scores, written) => {
    if (position === undefined || written.length === position) for (const id of ids) scores[id] = NEVER;
  };
}

/** Exclude sequences of ids, each from being completed. */
export function badWordsRule(words: readonly (readonly number[])[]): Rule {
  return (scores, written) => {
    for (const word of words) {
      const before = word.slice(0, -1);
      const from = written.length - before.length;
      if (from >= 0 && before.every((id, i) => written[from + i] === id)) scores[word.at(-1)!] = NEVER;
    }
  };
}

/** Force a token at a position: a language token first, an end-of-sequence token last. */
export function forcedRule(id: number, position: number): Rule {
  return (scores, written) => {
    if (written.length === position) scores.fill(NEVER).fill(0, id, id + 1);
  };
}

/** Exclude end-of-sequence tokens until the sequence has `length` tokens. */
export function notBeforeRule(eosIds: readonly number[], length: number): Rule {
  return (scores, written) => {
    if (written.length < length) for (const id of eosIds) scores[id] = NEVER;
  };
}

/** Add a bias to the score of the token that would complete a sequence. Hugging Face's SequenceBiasLogitsProcessor. */
export function biasRule(biases: readonly (readonly [ids: readonly number[], bias: number])[]): Rule {
  return (scores, written) => {
    for (const [ids, bias] of biases) {
      const before = ids.slice(0, -1);
      const from = written.length - before.length;
      if (from >= 0 && before.every((id, i) => written[from + i] === id)) scores[ids.at(-1)!]! += bias;
    }
  };
}

/**
 * Raise the scores of end-of-sequence tokens by |score| × (factor^n - 1), n tokens after `start`. Hugging Face's
 * ExponentialDecayLengthPenalty.
 */
export function lengthDecayRule(eosIds: readonly number[], start: number, factor: number): Rule {
  return (scores, written) => {
    if (written.length <= start) return;
    const gain = power(factor, written.length - start) - 1;
    for (const id of eosIds) if (Number.isFinite(scores[id])) scores[id]! += Math.abs(scores[id]!) * gain;
  };
}

/** Log-softmax of the scores, after all other rules. */
export function renormalizeRule(): Rule {
  return (scores) => {
    const total = logSumExp(scores);
    for (let i = 0; i < scores.length; i++) scores[i]! -= total;
  };
}
