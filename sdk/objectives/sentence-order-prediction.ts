/**
 * Sentence-order prediction: are two consecutive segments in order, or swapped?
 *
 * Lan et al. 2020 (ALBERT, arXiv:1909.11942), section 3.1. Label 0 = in order, 1 = swapped. Both segments come from one
 * document, so the topic gives nothing away. A chunk of a single sentence has no order and is skipped (the official script
 * pairs it with a random document, which makes the task easier).
 */
import type { Sample } from "../data/sample.js";
import { DataError } from "../data/source.js";
import { type Rng, shuffle } from "../tensor/random.js";
import type { HeadObjective } from "./objective.js";
import { type PairHead, pairPrediction } from "./pair-prediction.js";
import {
  type Chunk,
  checkSequences,
  join,
  type PairOptions,
  pairSample,
  type TokenizedDocument,
  targetLength,
  truncatePair,
  walkChunks,
  wordCount,
} from "./sequences/segment-pairs.js";
import { boundaries } from "./vocabulary.js";

/**
 * Are the two segments in order?
 *
 * @example
 * combine(ngramMaskedLm({ tokenizer }), sentenceOrderPrediction()); // ALBERT
 */
export const sentenceOrderPrediction = (): HeadObjective<PairHead> => pairPrediction("sentence-order-prediction");

/**
 * All pairs of one pass over the documents, shuffled.
 *
 * @throws {DataError} when no document has two sentences
 * @example
 * sentenceOrderPairs(documents, { tokenizer, maxLength: 32 }, seed(1)).length > 0; // true
 */
export function sentenceOrderPairs(documents: readonly TokenizedDocument[], options: PairOptions, rng: Rng): Sample[] {
  checkSequences("sentenceOrderPairs", documents, options, rng ?? null);
  const { cls, sep } = boundaries(options.tokenizer);
  const samples: Sample[] = [];
  for (const document of documents) {
    const emit = ({ sentences, split }: Chunk): number => {
      if (sentences.length < 2) return sentences.length;
      const a = join(sentences.slice(0, split), 0);
      const b = join(sentences.slice(split), wordCount(a));
      truncatePair(a, b, options.maxLength - 3, rng);
      const swapped = rng() < 0.5;
      if (a.ids.length > 0 && b.ids.length > 0) {
        samples.push(swapped ? pairSample(b, a, { cls, sep }, 1) : pairSample(a, b, { cls, sep }, 0));
      }
      return sentences.length;
    };
    walkChunks(document, targetLength(options, rng), rng, emit);
  }
  if (samples.length === 0)
    throw new DataError(
      "sentence-order-prediction: no document has two sentences; write one sentence per line, and a blank line between documents",
    );
  return shuffle(samples, rng);
}
