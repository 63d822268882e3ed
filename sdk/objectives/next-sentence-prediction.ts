/**
 * Next-sentence prediction: does the second segment follow the first, or does it come from another document?
 *
 * Devlin et al. 2019, section 3.1, task 2; google-research/bert, create_pretraining_data.py. Label 0 = follows, 1 = random.
 */

import type { Batch, Sample } from "../data/sample.js";
import { DataError } from "../data/source.js";
import { ArgumentError } from "../options.js";
import { crossEntropy, IGNORE } from "../tensor/ops/loss.js";
import { type Rng, shuffle } from "../tensor/random.js";
import type { Tensor } from "../tensor/tensor.js";
import type { HeadObjective } from "./objective.js";
import {
  type Chunk,
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

/** A head that classifies pairs of segments. */
export interface PairHead {
  /** @returns (rows, 2) unnormalized scores */
  pairScores(hidden: Tensor, batch: Batch): Tensor;
}

/** The loss of both tasks on pairs; the pairs are made by {@link nextSentencePairs} or `sentenceOrderPairs`. */
export function pairPrediction(name: string): HeadObjective<PairHead> {
  return {
    name,
    corrupt: (sample) => sample,
    // A sequence that is no pair has the label IGNORE, so that single texts can be mixed with pairs.
    count: (batch) => batch.labels.pair?.reduce((count, label) => count + (label === IGNORE ? 0 : 1), 0) ?? 0,
    loss(model, hidden, batch, count) {
      if (!batch.labels.pair)
        throw new ArgumentError(
          `${name}: the batch has no pair labels; its samples must be built as pairs of segments`,
        );
      return crossEntropy(model.pairScores(hidden, batch), batch.labels.pair, { divisor: count });
    },
  };
}

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
 */
export function nextSentencePairs(documents: readonly TokenizedDocument[], options: PairOptions, rng: Rng): Sample[] {
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
      truncatePair(a, b, options.length - 3, rng);
      if (a.ids.length > 0 && b.ids.length > 0) samples.push(pairSample(a, b, { cls, sep }, random ? 1 : 0));
      return random ? split : sentences.length;
    };
    walkChunks(document, targetLength(options, rng), rng, emit);
  }
  return shuffle(samples, rng);
}
