/**
 * Next-sentence prediction: does the second segment follow the first, or does it come from another document?
 *
 * Devlin et al. 2019, section 3.1, task 2; google-research/bert, create_pretraining_data.py. Label 0 = follows, 1 = random.
 */
import type { Batch, Sample } from "../data/sample.js";
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
} from "./sequences/segment-pairs.js";

/** A head that judges pairs of segments. */
export interface PairHead {
  /** @returns (rows, 2) unnormalised scores */
  pairScores(hidden: Tensor, batch: Batch): Tensor;
}

/** Classify the pair that the sample was built as; building is {@link nextSentencePairs} or `sentenceOrderPairs`. */
export function pairObjective(name: "next-sentence" | "sentence-order"): HeadObjective<PairHead> {
  return {
    name,
    corrupt: (sample) => sample,
    // A sequence that is no pair says so by IGNORE: text without neighbours can be learned from beside pairs.
    count: (batch) => batch.labels.pair?.reduce((count, label) => count + (label === IGNORE ? 0 : 1), 0) ?? 0,
    loss(model, hidden, batch, count) {
      if (!batch.labels.pair)
        throw new TypeError(`${name}: the batch has no pair labels; its samples must be built as pairs of segments`);
      return crossEntropy(model.pairScores(hidden, batch), batch.labels.pair, { divisor: count });
    },
  };
}

/** Tries to find another document than the current one before giving up, as in the original. */
const TRIES = 10;

function otherDocument(documents: readonly TokenizedDocument[], current: number, rng: Rng): TokenizedDocument {
  let index = current;
  for (let tries = 0; tries < TRIES && index === current; tries++) index = rng.integer(documents.length);
  return documents[index]!;
}

/** The second segment from elsewhere: from a random sentence on, until `wanted` tokens are reached. */
function randomSegment(document: TokenizedDocument, wanted: number, firstWord: number, rng: Rng) {
  const start = rng.integer(document.length);
  let end = start;
  for (let tokens = 0; end < document.length && (end === start || tokens < wanted); end++)
    tokens += document[end]!.ids.length;
  return join(document.slice(start, end), firstWord);
}

/**
 * All pairs of one pass over the documents, shuffled. A pass with another generator gives other pairs.
 *
 * A chunk of a single sentence always gets a random partner, so more than half of the pairs are labelled 1.
 *
 * @throws {RangeError} when there are fewer than two documents: a random segment would have nowhere to come from
 */
export function nextSentencePairs(documents: readonly TokenizedDocument[], options: PairOptions, rng: Rng): Sample[] {
  const filled = documents.filter((document) => document.length > 0);
  if (filled.length < 2)
    throw new RangeError(
      `next-sentence: at least two documents are needed, got ${filled.length}; separate documents by a blank line`,
    );
  const samples: Sample[] = [];
  for (const [index, document] of filled.entries()) {
    const emit = ({ sentences, split, target }: Chunk): number => {
      const a = join(sentences.slice(0, split), 0);
      const firstWord = 1 + Math.max(-1, ...a.words);
      const random = sentences.length === 1 || rng() < 0.5;
      const b = random
        ? randomSegment(otherDocument(filled, index, rng), target - a.ids.length, firstWord, rng)
        : join(sentences.slice(split), firstWord);
      truncatePair(a, b, options.length - 3, rng);
      if (a.ids.length > 0 && b.ids.length > 0) samples.push(pairSample(a, b, options.special, random ? 1 : 0));
      return random ? split : sentences.length;
    };
    walkChunks(document, targetLength(options, rng), rng, emit);
  }
  return shuffle(samples, rng);
}
