/** Baselines without a model on the same files: the bar that a trained model has to clear. */
import { squadScore } from "./squad.js";

/** The most frequent value; of equals the first seen. */
export function mostFrequent<T>(values: Iterable<T>): T | undefined {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  let best: T | undefined;
  let most = 0;
  for (const [value, count] of counts) if (count > most) [best, most] = [value, count];
  return best;
}

/** Accuracy of always saying the training part's most frequent class. */
export function majorityBaseline(train: readonly string[], test: readonly string[]): number {
  const guess = mostFrequent(train);
  return test.filter((label) => label === guess).length / test.length;
}

interface Tagged {
  readonly words: readonly string[];
  readonly tags: readonly string[];
}

/** Accuracy of each word's most frequent training tag; words not seen get the most frequent tag of all. */
export function mostFrequentTagBaseline(train: Iterable<Tagged>, test: Iterable<Tagged>): number {
  const byWord = new Map<string, string[]>();
  const all: string[] = [];
  for (const { words, tags } of train) {
    for (const [i, word] of words.entries()) {
      const seen = byWord.get(word);
      if (seen) seen.push(tags[i]!);
      else byWord.set(word, [tags[i]!]);
      all.push(tags[i]!);
    }
  }
  const fallback = mostFrequent(all);
  const tagOf = new Map([...byWord].map(([word, tags]) => [word, mostFrequent(tags)]));
  let [right, total] = [0, 0];
  for (const { words, tags } of test) {
    for (const [i, word] of words.entries()) {
      total++;
      if ((tagOf.get(word) ?? fallback) === tags[i]) right++;
    }
  }
  return right / total;
}

interface Asked {
  readonly context: string;
  readonly answers: readonly { readonly text: string }[];
}

/** The words of a text as character ranges, cut at white space. */
function wordRanges(text: string): [number, number][] {
  return [...text.matchAll(/\S+/gu)].map((match) => [match.index, match.index + match[0].length]);
}

/** The words [first, first + length) of every context. */
export interface FixedSpan {
  readonly first: number;
  readonly length: number;
}

/** The text of a fixed span in a context, as written there. */
export function fixedSpan(context: string, span: FixedSpan): string {
  return cut(context, wordRanges(context), span);
}

function cut(context: string, words: readonly (readonly [number, number])[], { first, length }: FixedSpan): string {
  const begin = words[first];
  const end = words[Math.min(first + length, words.length) - 1];
  return begin && end ? context.slice(begin[0], end[1]) : "";
}

/** Scores of fixed spans on questions whose contexts are divided into words once. */
function scorerOn(questions: readonly Asked[]): (span: FixedSpan) => { exactMatch: number; f1: number } {
  const asked = questions.map(({ context, answers }) => ({
    context,
    words: wordRanges(context),
    gold: answers.map(({ text }) => text),
  }));
  return (span) => {
    let [exactMatch, f1] = [0, 0];
    for (const { context, words, gold } of asked) {
      const score = squadScore(cut(context, words, span), gold);
      exactMatch += score.exactMatch;
      f1 += score.f1;
    }
    return { exactMatch: exactMatch / asked.length, f1: f1 / asked.length };
  };
}

/** Longest span and latest first word that the search tries, and most questions it is fitted on. */
const REACH = { first: 60, length: 8, questions: 2000 };

/**
 * The fixed span that has the highest mean F1 on the training questions. First words up to the 60th and up to 8 words are
 * tried, on at most 2000 training questions, evenly spaced.
 */
export function bestFixedSpan(train: readonly Asked[]): FixedSpan {
  const step = Math.max(1, train.length / REACH.questions);
  const fitted = Array.from(
    { length: Math.min(train.length, REACH.questions) },
    (_, i) => train[Math.floor(i * step)]!,
  );
  const score = scorerOn(fitted);
  let best = { first: 0, length: 1, f1: -1 };
  for (let first = 0; first < REACH.first; first++) {
    for (let length = 1; length <= REACH.length; length++) {
      const { f1 } = score({ first, length });
      if (f1 > best.f1) best = { first, length, f1 };
    }
  }
  return { first: best.first, length: best.length };
}

/** The score of the best fixed span of the training questions on the test questions. */
export function fixedSpanBaseline(train: readonly Asked[], test: readonly Asked[]): { exactMatch: number; f1: number } {
  return scorerOn(test)(bestFixedSpan(train));
}
