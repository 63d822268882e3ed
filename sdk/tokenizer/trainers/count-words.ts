/** Counts of the words in texts, after normalization and pre-tokenization: the input of every trainer. */
import type { Normalizer, PreTokenizer } from "../steps.js";
import { NormalizedString } from "../text/normalized-string.js";

export interface CountOptions {
  /** Called with the number of texts read, every now and then. */
  readonly onText?: (texts: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** How often each word occurs, in the order in which the words are first met. */
export function countWords(
  texts: Iterable<string>,
  normalizer: Normalizer | null,
  preTokenizer: PreTokenizer | null,
  { onText, signal }: CountOptions = {},
): Map<string, number> {
  const counts = new Map<string, number>();
  const first = new NormalizedString();
  const second = new NormalizedString();
  let read = 0;
  for (const text of texts) {
    first.load(text, 0, text.length);
    const normalized = normalizer ? normalizer(first, second) : first;
    normalized.whole();
    const words = preTokenizer ? preTokenizer(normalized, normalized === first ? second : first) : normalized;
    for (let i = 0; i < words.words; i++) {
      const word = words.slice(words.cuts[2 * i], words.cuts[2 * i + 1]);
      counts.set(word, (counts.get(word) ?? 0) + 1);
    }
    if (++read % 1024 === 0) {
      signal?.throwIfAborted();
      onText?.(read);
    }
  }
  signal?.throwIfAborted();
  onText?.(read);
  return counts;
}
