/**
 * MASS: a fragment is masked in the encoder's input, and the decoder predicts it. Song et al. 2019 (arXiv:1905.02450),
 * section 3; microsoft/MASS, MASS-unsupNMT/src/trainer.py (`restricted_mask_sent`, `mass_step`); for documents,
 * MASS-summarization/mass/masked_dataset.py.
 */

import { type Batch, labelled, type Sample } from "../data/sample.js";
import { ArgumentError, aBoolean, checkOptions } from "../options.js";
import { gatherRows } from "../tensor/ops/embedding.js";
import { crossEntropy } from "../tensor/ops/loss.js";
import type { Rng } from "../tensor/random.js";
import type { Tensor } from "../tensor/tensor.js";
import { roundHalfEven } from "./masked-lm.js";
import type { EncoderBody, Objective } from "./objective.js";
import type { Decoder } from "./sequence-to-sequence.js";
import { aCount, aShare, aVocabulary, maskId, requireTokenizer, type Vocabulary } from "./vocabulary.js";

/** Options of {@link mass}. */
export interface MassOptions {
  readonly tokenizer: Vocabulary;
  /** length of the fragment as a share of the sequence, boundary symbols counted; 0.5 */
  readonly maskingRate?: number;
  /** for documents: one fragment in each block of this many tokens; 64 as published. Without it, one in the sentence */
  readonly blockSize?: number;
  /** whether the decoder attends to masked positions of the source; by default for documents only, as published */
  readonly attendToMasked?: boolean;
}

/** Start of the fragment: 20 % at the beginning, 20 % at the end, 60 % anywhere; never at the start symbol. */
export function fragmentStart(length: number, fragment: number, rng: Rng): number {
  const places = length - fragment;
  const draw = rng();
  if (draw < 0.2) return 1;
  if (draw < 0.4) return places;
  return 1 + rng.integer(places);
}

/** Start and length of each fragment: one for a sentence, one for each block of a document. */
function fragments(n: number, rng: Rng, options: MassOptions): [first: number, length: number][] {
  const { maskingRate = 0.5, blockSize } = options;
  if (blockSize === undefined) {
    const m = Math.min(n - 1, Math.max(1, roundHalfEven(maskingRate * n)));
    return [[fragmentStart(n, m, rng), m]];
  }
  const found: [number, number][] = [];
  for (let begin = 1; begin < n; begin += blockSize) {
    const length = Math.min(blockSize, n - begin);
    const m = Math.floor(length * maskingRate);
    if (m > 0) found.push([begin + rng.integer(length - m + 1), m]);
  }
  // In a document of one or two tokens every fragment rounds down to nothing.
  return found.length > 0 ? found : [[1, 1]];
}

function corrupt(sample: Sample, rng: Rng, options: MassOptions): Sample {
  const { ids } = sample;
  const { tokenizer } = options;
  const mask = maskId(tokenizer, "mass");
  const n = ids.length;
  if (n < 2)
    throw new ArgumentError(`mass: a sequence needs at least one token after its start symbol, got ${n} tokens`);
  const source = ids.slice();
  const hidden = fragments(n, rng, options).flatMap(([first, m]) => Array.from({ length: m }, (_, i) => first + i));
  for (const i of hidden) {
    const draw = rng();
    if (draw < 0.8) source[i] = mask;
    else if (draw >= 0.9) source[i] = rng.integer(tokenizer.size);
  }
  const none = new Uint8Array(hidden.length);
  return {
    ...sample,
    ids: source,
    target: {
      ids: Int32Array.from(hidden, (i) => ids[i - 1]!),
      positions: Int32Array.from(hidden, (i) => i - 1),
      segments: none,
      special: none,
      words: Int32Array.from(hidden, () => -1),
      labels: { tokens: Int32Array.from(hidden, (i) => ids[i]!) },
    },
  };
}

/** The encoder states at unmasked positions, which the decoder attends to. A row of nothing but masks keeps them all. */
export function visibleSource(hidden: Tensor, { ids, starts, rows }: Batch, mask: number) {
  const index: number[] = [];
  const kept = new Int32Array(rows + 1);
  for (let row = 0; row < rows; row++) {
    const places = Array.from({ length: starts[row + 1]! - starts[row]! }, (_, i) => starts[row]! + i);
    const seen = places.filter((i) => ids[i] !== mask);
    for (const i of seen.length > 0 ? seen : places) index.push(i);
    kept[row + 1] = index.length;
  }
  return { hidden: gatherRows(hidden, Int32Array.from(index)), starts: kept };
}

/**
 * Predict a masked fragment of the source. The decoder's inputs are the tokens before each token of the fragment, at their
 * positions in the text.
 *
 * @example
 * const objective = mass({ tokenizer }); // for a model of an encoder and a decoder
 * @throws {TokenizerError} when the tokenizer has no mask token
 */
export function mass(options: MassOptions): Objective<EncoderBody & Decoder> {
  const rules = { tokenizer: aVocabulary, maskingRate: aShare, blockSize: aCount, attendToMasked: aBoolean };
  requireTokenizer("mass", options);
  checkOptions("mass", options, rules);
  const mask = maskId(options.tokenizer, "mass");
  const targetOf = ({ target }: Batch): Batch => {
    if (!target?.labels.tokens)
      throw new ArgumentError("mass: the batch has no fragments; were its samples corrupted?");
    return target;
  };
  return {
    names: ["mass"],
    corrupt: (sample, rng) => corrupt(sample, rng, options),
    counts: (batch) => [labelled(targetOf(batch).labels.tokens!).length],
    losses(model, batch, [count]) {
      const target = targetOf(batch);
      const states = model.encode(batch);
      const source =
        (options.attendToMasked ?? options.blockSize !== undefined)
          ? { hidden: states, starts: batch.starts }
          : visibleSource(states, batch, mask);
      const tokens = target.labels.tokens!;
      const index = labelled(tokens);
      const scores = model.tokenScores(model.decode(target, source), index);
      return [
        crossEntropy(
          scores,
          index.map((i) => tokens[i]!),
          { divisor: count! },
        ),
      ];
    },
  };
}
