/**
 * Sentence-order prediction: are two consecutive segments in their order, or swapped?
 *
 * Lan et al. 2020 (ALBERT, arXiv:1909.11942), section 3.1. Label 0 = in order, 1 = swapped. Both classes come from one
 * document, so the topic alone tells nothing. A chunk of a single sentence has no order: it is left out (the official
 * script pairs it with a random document, which makes the task easier than its name says).
 */
import type { Sample } from "../data/sample.js";
import { type Rng, shuffle } from "../tensor/random.js";
import {
  type Chunk,
  join,
  type PairOptions,
  pairSample,
  type TokenizedDocument,
  targetLength,
  truncatePair,
  walkChunks,
} from "./sequences/segment-pairs.js";

/** All pairs of one pass over the documents, shuffled. */
export function sentenceOrderPairs(documents: readonly TokenizedDocument[], options: PairOptions, rng: Rng): Sample[] {
  const samples: Sample[] = [];
  for (const document of documents) {
    const emit = ({ sentences, split }: Chunk): number => {
      if (sentences.length < 2) return sentences.length;
      const a = join(sentences.slice(0, split), 0);
      const b = join(sentences.slice(split), 1 + Math.max(-1, ...a.words));
      truncatePair(a, b, options.length - 3, rng);
      const swapped = rng() < 0.5;
      if (a.ids.length > 0 && b.ids.length > 0) {
        samples.push(swapped ? pairSample(b, a, options.special, 1) : pairSample(a, b, options.special, 0));
      }
      return sentences.length;
    };
    walkChunks(document, targetLength(options, rng), rng, emit);
  }
  return shuffle(samples, rng);
}
