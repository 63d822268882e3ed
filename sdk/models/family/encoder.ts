/** The interface of every model for heads, objectives and pipelines. */
import type { Batch } from "../../data/sample.js";
import type { Source } from "../../nn/attention.js";
import type { DecoderCache } from "../../nn/kv-cache.js";
import type { LmHead } from "../../objectives/masked-lm.js";
import type { EncoderBody } from "../../objectives/objective.js";
import { atOnce, type Steps } from "../../tensor/steps.js";
import { checkpoint, isTaping } from "../../tensor/tape.js";
import type { Tensor } from "../../tensor/tensor.js";

/** Collects the intermediate results of one forward pass; the tensors live as long as the open scope. */
export interface Trace {
  /** Hidden states (tokens, width): the embedding output first, then each layer's. */
  readonly hidden: Tensor[];
  /** Attention probabilities of each layer, ragged: per row and head (query tokens, key tokens), one row after another. */
  readonly attentions?: Tensor[];
  /** Attention probabilities of a decoder over its source, likewise. */
  readonly crossAttentions?: Tensor[];
  /** Replaces the hidden states (tokens, width) that leave layer `layer` (0: the embeddings); see `shiftedAt`. */
  change?(layer: number, hidden: Tensor): Tensor;
}

/** The body of every model: from a batch to hidden states. */
export interface Encoder extends EncoderBody {
  /** width of the hidden states */
  readonly hiddenSize: number;
  /** the longest sequence that the model reads, in tokens */
  readonly maxLength: number;
  /**
   * @param cache of decoder-only models: keys and values of the tokens before the batch
   * @returns (tokens, width) the last layer's hidden states
   */
  encode(batch: Batch, trace?: Trace, cache?: DecoderCache): Tensor;
  encodeSteps?(batch: Batch, trace?: Trace, cache?: DecoderCache): Steps<Tensor>;
}

/** Both forms of an encoder's pass from the one in steps. */
export const encodes = (
  steps: NonNullable<Encoder["encodeSteps"]>,
): Required<Pick<Encoder, "encode" | "encodeSteps">> => ({
  encode: (batch, trace, cache) => atOnce(steps(batch, trace, cache)),
  encodeSteps: steps,
});

/** An encoder-decoder: generates a target while attending to a source. */
export interface EncoderDecoder extends LmHead {
  /**
   * @param batch the decoder's inputs
   * @param cache keys and values of the tokens before the batch
   * @returns (tokens, width) the decoder's last hidden states
   */
  decode(batch: Batch, source: Source, trace?: Trace, cache?: DecoderCache): Tensor;
  decodeSteps?(batch: Batch, source: Source, trace?: Trace, cache?: DecoderCache): Steps<Tensor>;
  /** The decoder's inputs for a target: its tokens, shifted right, after the start token. */
  shifted(target: Int32Array): Int32Array;
}

/** Both forms of a decoder's pass from the one in steps. */
export const decodes = (
  steps: NonNullable<EncoderDecoder["decodeSteps"]>,
): Required<Pick<EncoderDecoder, "decode" | "decodeSteps">> => ({
  decode: (batch, source, trace, cache) => atOnce(steps(batch, source, trace, cache)),
  decodeSteps: steps,
});

/**
 * Apply a stack of layers and record the hidden states in `trace`.
 *
 * @param x (tokens, width) the embeddings
 * @param apply one layer: the shape of x in and out
 * @param finish applied after the last layer: the final norm of pre-norm stacks
 */
export function* runLayers<L>(
  x: Tensor,
  layers: readonly L[],
  apply: (layer: L, x: Tensor) => Steps<Tensor>,
  trace: Trace | undefined,
  finish: (x: Tensor) => Tensor = (last) => last,
): Steps<Tensor> {
  const recorded = (layer: number, hidden: Tensor): Tensor => {
    const kept = trace?.change?.(layer, hidden) ?? hidden;
    trace?.hidden.push(kept);
    return kept;
  };
  x = recorded(0, x);
  for (const [i, layer] of layers.entries()) {
    yield;
    // Nothing interrupts a training step.
    const isTrained = !trace && isTaping();
    x = isTrained ? checkpoint(x, (input) => atOnce(apply(layer, input))) : yield* apply(layer, x);
    x = recorded(i + 1, i + 1 < layers.length ? x : finish(x));
  }
  return x;
}
