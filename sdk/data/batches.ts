/** Cutting a list of samples into batches. */
import type { Sample } from "./sample.js";

/**
 * Tokens of one inference batch: enough to keep the kernels busy, little enough to bound memory, and no more than the
 * longest text of BERT, so that a step of a batch takes no longer than one of such a text. (MiniLM, 160 lines of 30 tokens,
 * least of four interleaved rounds: 240 tokens 1.02 times the time of 2048.)
 */
export const BATCH_TOKENS = 512;

/**
 * Consecutive samples in groups of at most `tokens` tokens; a longer sample is a group of its own. Rows do not influence
 * each other, so the grouping changes no result.
 */
export function* byTokens<T>(
  items: readonly T[],
  lengthOf: (item: T) => number,
  tokens = BATCH_TOKENS,
): Generator<T[]> {
  let group: T[] = [];
  let filled = 0;
  for (const item of items) {
    const length = lengthOf(item);
    if (group.length > 0 && filled + length > tokens) {
      yield group;
      group = [];
      filled = 0;
    }
    group.push(item);
    filled += length;
  }
  if (group.length > 0) yield group;
}

/** Groups of samples by their number of tokens. */
export function sampleBatches(samples: readonly Sample[], tokens = BATCH_TOKENS): Generator<Sample[]> {
  return byTokens(samples, (sample) => sample.ids.length, tokens);
}
