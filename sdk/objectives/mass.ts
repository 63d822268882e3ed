/**
 * MASS: a fragment is hidden in the encoder, and the decoder writes it. Song et al. 2019 (arXiv:1905.02450), section 3;
 * microsoft/MASS, MASS-unsupNMT/src/trainer.py (`restricted_mask_sent`, `mass_step`); of documents,
 * MASS-summarization/mass/masked_dataset.py.
 */
import { type Batch, labelled, type Sample } from "../data/sample.js";
import { gatherRows } from "../tensor/ops/embedding.js";
import { crossEntropy } from "../tensor/ops/loss.js";
import type { Rng } from "../tensor/random.js";
import type { Tensor } from "../tensor/tensor.js";
import { roundHalfEven } from "./masked-lm.js";
import type { EncoderBody, Objective } from "./objective.js";
import type { Decoder } from "./sequence-to-sequence.js";

export interface MassOptions {
  readonly vocabulary: { readonly size: number; readonly mask: number };
  /** length of the fragment as a share of the sequence's, boundary symbols counted */
  readonly share?: number;
  /** of documents: a fragment, anywhere, in each block of so many tokens; 64 as published. Without it one of the sentence */
  readonly block?: number;
  /** whether the decoder may look at hidden places of the source; sentences: no, documents: yes */
  readonly seesMasked?: boolean;
}

/** Where the fragment begins: 20 % at the beginning, 20 % at the end, 60 % anywhere; never at the start symbol. */
export function fragmentStart(length: number, fragment: number, rng: Rng): number {
  const places = length - fragment;
  const fate = rng();
  if (fate < 0.2) return 1;
  if (fate < 0.4) return places;
  return 1 + rng.integer(places);
}

/** Where fragments begin, and how long they are: one of the sentence; or one of each block of a document. */
function fragments(n: number, rng: Rng, { share = 0.5, block }: MassOptions): [first: number, length: number][] {
  if (block === undefined) {
    const m = Math.min(n - 1, Math.max(1, roundHalfEven(share * n)));
    return [[fragmentStart(n, m, rng), m]];
  }
  const found: [number, number][] = [];
  for (let begin = 1; begin < n; begin += block) {
    const length = Math.min(block, n - begin);
    const m = Math.floor(length * share);
    if (m > 0) found.push([begin + rng.integer(length - m + 1), m]);
  }
  // A document of one or two tokens has a block of which less than one token would be hidden.
  return found.length > 0 ? found : [[1, 1]];
}

function corrupt(sample: Sample, rng: Rng, options: MassOptions): Sample {
  const { ids } = sample;
  const { vocabulary } = options;
  const n = ids.length;
  if (n < 2) throw new RangeError(`mass: a sequence needs a token behind its start symbol, got ${n} tokens`);
  const source = ids.slice();
  const hidden = fragments(n, rng, options).flatMap(([first, m]) => Array.from({ length: m }, (_, i) => first + i));
  for (const i of hidden) {
    const fate = rng();
    if (fate < 0.8) source[i] = vocabulary.mask;
    else if (fate >= 0.9) source[i] = rng.integer(vocabulary.size);
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

/** The encoder's states that the decoder may look at: all but those of hidden places. A row that is all mask keeps all. */
export function visibleSource(hidden: Tensor, { ids, starts, rows }: Batch, mask: number) {
  const index: number[] = [];
  const kept = new Int32Array(rows + 1);
  for (let row = 0; row < rows; row++) {
    const places = Array.from({ length: starts[row + 1]! - starts[row]! }, (_, i) => starts[row]! + i);
    const seen = places.filter((i) => ids[i] !== mask);
    index.push(...(seen.length > 0 ? seen : places));
    kept[row + 1] = index.length;
  }
  return { hidden: gatherRows(hidden, Int32Array.from(index)), starts: kept };
}

/**
 * The decoder's inputs are the tokens before each of the fragment's in the text, at the places that they had there.
 *
 * @example
 * train({ ...options, objective: mass({ vocabulary: { size, mask } }) });
 */
export function mass(options: MassOptions): Objective<EncoderBody & Decoder> {
  const targetOf = ({ target }: Batch): Batch => {
    if (!target?.labels.tokens) throw new TypeError("mass: the batch has no fragments; were its samples corrupted?");
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
        (options.seesMasked ?? options.block !== undefined)
          ? { hidden: states, starts: batch.starts }
          : visibleSource(states, batch, options.vocabulary.mask);
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
