/**
 * Next-sentence prediction: does the second segment follow the first, or does it come from another document?
 *
 * Devlin et al. 2019, section 3.1, task 2; google-research/bert, create_pretraining_data.py. Label 0 = follows, 1 = random.
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
 * Does the second segment follow the first?
 *
 * @example
 * combine(maskedLm({ tokenizer }), nextSentencePrediction()); // BERT
 */
export const nextSentencePrediction = (): HeadObjective<PairHead> => pairPrediction("next-sentence-prediction");

/** Attempts at drawing a document other than the current one, as in the official code. */
const TRIES = 10;

function otherDocument(documents: readonly TokenizedDocument[], current: number, rng: Rng): TokenizedDocument {
  let index = current;
  for (let tries = 0; tries < TRIES && index === current; tries++) index = rng.integer(documents.length);
  return documents[index]!;
}

/** A second segment from another document: consecutive sentences from a random one on, until `wanted` tokens. */
function randomSegment(document: TokenizedDocument, wanted: number, firstWord: number, rng: Rng) {
  const start = rng.integer(document.length);
  let end = start;
  for (let tokens = 0; end < document.length && (end === start || tokens < wanted); end++)
    tokens += document[end]!.ids.length;
  return join(document.slice(start, end), firstWord);
}

/**
 * All pairs of one pass over the documents, shuffled; each pass draws new pairs.
 *
 * A chunk of a single sentence always gets a random second segment, so more than half of the pairs have the label 1.
 *
 * @throws {DataError} when there are fewer than two documents: no random segment could be drawn
 * @example
 * nextSentencePairs(documents, { tokenizer, maxLength: 32 }, seed(1)).length > 0; // true
 */
export function nextSentencePairs(documents: readonly TokenizedDocument[], options: PairOptions, rng: Rng): Sample[] {
  checkSequences("nextSentencePairs", documents, options, rng ?? null);
  const filled = documents.filter((document) => document.length > 0);
  if (filled.length < 2)
    throw new DataError(
      `next-sentence-prediction: at least two documents are needed, got ${filled.length}; separate documents by a blank line`,
    );
  const { cls, sep } = boundaries(options.tokenizer);
  const samples: Sample[] = [];
  for (const [index, document] of filled.entries()) {
    const emit = ({ sentences, split, target }: Chunk): number => {
      const a = join(sentences.slice(0, split), 0);
      const firstWord = wordCount(a);
      const random = sentences.length === 1 || rng() < 0.5;
      const b = random
        ? randomSegment(otherDocument(filled, index, rng), target - a.ids.length, firstWord, rng)
        : join(sentences.slice(split), firstWord);
      truncatePair(a, b, options.maxLength - 3, rng);
      if (a.ids.length > 0 && b.ids.length > 0) samples.push(pairSample(a, b, { cls, sep }, random ? 1 : 0));
      return random ? split : sentences.length;
    };
    walkChunks(document, targetLength(options, rng), rng, emit);
  }
  return shuffle(samples, rng);
}
