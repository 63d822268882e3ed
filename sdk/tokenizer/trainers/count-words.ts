/** Counts of the words in texts, after normalization and pre-tokenization: the input of every trainer. */

import { shown } from "../../errors.js";
import { expect } from "../errors.js";
import type { Normalizer, PreTokenizer } from "../steps.js";
import { NormalizedString } from "../text/normalized-string.js";

export interface CountOptions {
  /** Called from time to time with the number of texts read. */
  readonly onText?: (texts: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Texts to learn from: a stream of them makes the result a promise, and memory does not grow with it. */
export type TrainingTexts = Iterable<string> | AsyncIterable<string>;

/** A trainer's result: a promise where the texts are a stream. */
export type Trained<Texts extends TrainingTexts, Result> = Texts extends Iterable<string> ? Result : Promise<Result>;

/**
 * Count the words of all texts, in order of first occurrence, and pass the counts on: immediately, or at the end of a
 * stream of texts.
 */
export function withWordCounts<Texts extends TrainingTexts, Result>(
  texts: Texts,
  normalizer: Normalizer | null,
  preTokenizer: PreTokenizer | null,
  options: CountOptions,
  use: (counts: ReadonlyMap<string, number>) => Result,
): Trained<Texts, Result> {
  const iterable = typeof texts === "object" && texts !== null && (Symbol.iterator in texts || isStream(texts));
  expect(iterable, () => `training: texts must be an array or another iterable of texts, got ${shown(texts)}`);
  const count = counter(normalizer, preTokenizer, options);
  const all = async (stream: AsyncIterable<string>): Promise<Result> => {
    for await (const text of stream) count.add(text);
    return use(count.end());
  };
  if (isStream(texts)) return all(texts) as Trained<Texts, Result>;
  for (const text of texts as Iterable<string>) count.add(text);
  return use(count.end()) as Trained<Texts, Result>;
}

const isStream = (texts: TrainingTexts): texts is AsyncIterable<string> =>
  typeof texts === "object" && Symbol.asyncIterator in texts;

/** Counts the words of one text after another. */
function counter(
  normalizer: Normalizer | null,
  preTokenizer: PreTokenizer | null,
  { onText, signal }: CountOptions,
): { add(text: string): void; end(): ReadonlyMap<string, number> } {
  const counts = new Map<string, number>();
  const first = new NormalizedString();
  const second = new NormalizedString();
  let read = 0;
  const report = (): void => {
    signal?.throwIfAborted();
    onText?.(read);
  };
  return {
    add(text) {
      expect(typeof text === "string", () => `training: text ${read} must be a string, got ${shown(text)}`);
      first.load(text, 0, text.length);
      const normalized = normalizer ? normalizer(first, second) : first;
      normalized.whole();
      const words = preTokenizer ? preTokenizer(normalized, normalized === first ? second : first) : normalized;
      for (let i = 0; i < words.words; i++) {
        const word = words.slice(words.cuts[2 * i], words.cuts[2 * i + 1]);
        counts.set(word, (counts.get(word) ?? 0) + 1);
      }
      if (++read % 1024 === 0) report();
    },
    end() {
      report();
      return counts;
    },
  };
}
