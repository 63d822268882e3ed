/**
 * Logits processors: rules that change the scores of the next token before it is chosen, in place, one row at a time. Those
 * of sampling alone are in sampling-rules.ts.
 */
import { logSumExp } from "../heads/probabilities.js";
import { power } from "../math.js";
import { ArgumentError } from "../options.js";

/** `scores` (vocabulary) of the next token; `written` are the ids before it, prompt included. */
export type Rule = (scores: Float32Array, written: readonly number[]) => void;

const NEVER = Number.NEGATIVE_INFINITY;

/** Divide the scores of tokens that occurred before by the penalty; multiply negative ones. Keskar et al. 2019 (arXiv:1909.05858). */
export function repetitionRule(penalty: number): Rule {
  if (!(penalty > 0)) throw new ArgumentError(`the repetition penalty must be positive, got ${penalty}`);
  return (scores, written) => {
    for (const id of new Set(written)) scores[id] = scores[id]! < 0 ? scores[id]! * penalty : scores[id]! / penalty;
  };
}

/**
 * Raise the scores of the tokens of a source, against texts that it does not say: the repetition penalty of 1 / `penalty`,
 * once for each token. Hugging Face's EncoderRepetitionPenaltyLogitsProcessor.
 */
export function sourceTokensRule(penalty: number, source: ArrayLike<number>): Rule {
  const ids = Array.from(source);
  const rule = repetitionRule(1 / penalty);
  return (scores) => rule(scores, ids);
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
    if (written.length !== position) return;
    if (id >= scores.length)
      throw new ArgumentError(
        `the token ${id}, which forced_bos_token_id or forced_eos_token_id names, is none of the model's ${scores.length}`,
      );
    scores.fill(NEVER).fill(0, id, id + 1);
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

const LARGEST = 3.4028234663852886e38;

/** Replace scores that are no numbers by 0, infinite ones by the largest of f32. Hugging Face's InfNanRemoveLogitsProcessor. */
export function finiteRule(): Rule {
  return (scores) => {
    for (let i = 0; i < scores.length; i++) {
      const score = scores[i]!;
      scores[i] = Number.isNaN(score) ? 0 : Math.max(-LARGEST, Math.min(LARGEST, score));
    }
  };
}
