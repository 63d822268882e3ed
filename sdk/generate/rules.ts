/** What changes the scores of the next token before one is chosen. Each rule works in place on one row. */
import { ArgumentError } from "../options.js";

/** Scores (vocabulary) of the next token; `written` are the ids before it, those of the prompt included. */
export type Rule = (scores: Float32Array, written: readonly number[]) => void;

const NEVER = Number.NEGATIVE_INFINITY;

/** Scores divided by the temperature: below 1 the likely become likelier. */
export function temperatureRule(temperature: number): Rule {
  if (!(temperature > 0)) throw new ArgumentError(`temperature must be positive, got ${temperature}`);
  return (scores) => {
    for (let i = 0; i < scores.length; i++) scores[i] = scores[i]! / temperature;
  };
}

/** All but the `most` best tokens (and those that equal the last of them) are excluded. Fan et al. 2018. */
export function topKRule(most: number): Rule {
  if (!(Number.isInteger(most) && most > 0))
    throw new ArgumentError(`top-k must be a positive whole number, got ${most}`);
  return (scores) => {
    if (most >= scores.length) return;
    const least = scores.slice().sort()[scores.length - most]!;
    for (let i = 0; i < scores.length; i++) if (scores[i]! < least) scores[i] = NEVER;
  };
}

/**
 * The smallest set of best tokens whose probabilities reach `share` stays, at least one. Holtzman et al. 2020.
 *
 * @param probabilities of scores: softmax, which the caller brings so that its bits are the same everywhere
 */
export function topPRule(share: number, probabilities: (scores: Float32Array) => Float32Array): Rule {
  if (!(share > 0 && share <= 1)) throw new ArgumentError(`top-p must be a share above 0 and up to 1, got ${share}`);
  return (scores) => {
    const p = probabilities(scores);
    const order = Array.from(p, (_, i) => i).sort((a, b) => p[b]! - p[a]! || a - b);
    let sum = 0;
    for (const i of order) {
      if (sum >= share) scores[i] = NEVER;
      sum += p[i]!;
    }
  };
}

/** Scores of tokens that were written before are divided by the penalty, or multiplied where negative. Keskar et al. 2019. */
export function repetitionRule(penalty: number): Rule {
  if (!(penalty > 0)) throw new ArgumentError(`the repetition penalty must be positive, got ${penalty}`);
  return (scores, written) => {
    for (const id of new Set(written)) scores[id] = scores[id]! < 0 ? scores[id]! * penalty : scores[id]! / penalty;
  };
}

/** No run of `size` tokens is written twice. Paulus et al. 2018. */
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

/** Sequences of ids that are never written; of one id, never at all. */
export function badWordsRule(words: readonly (readonly number[])[]): Rule {
  return (scores, written) => {
    for (const word of words) {
      const before = word.slice(0, -1);
      const from = written.length - before.length;
      if (from >= 0 && before.every((id, i) => written[from + i] === id)) scores[word.at(-1)!] = NEVER;
    }
  };
}

/** Only this token may stand at this place: a language's name first, an end at the last place. */
export function forcedRule(id: number, place: number): Rule {
  return (scores, written) => {
    if (written.length === place) scores.fill(NEVER).fill(0, id, id + 1);
  };
}

/** None of the ends before the sequence has so many tokens. */
export function notBeforeRule(ends: readonly number[], length: number): Rule {
  return (scores, written) => {
    if (written.length < length) for (const id of ends) scores[id] = NEVER;
  };
}
