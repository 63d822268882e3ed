/**
 * The language-model head: scores of every entry of the vocabulary at chosen positions.
 *
 * scores = transform(hidden[index]) Wᵀ + b, where W is usually the token embedding matrix (tied weights: Press & Wolf 2017,
 * "Using the Output Embedding to Improve Language Models", arXiv:1608.05859).
 */

import { constant, type Init } from "../../nn/init.js";
import { type Layer, linear, norm } from "../../nn/layers.js";
import type { Weights } from "../../nn/weights.js";
import type { LmHead } from "../../objectives/masked-lm.js";
import type { Activation } from "../../tensor/ops/activation.js";
import { affine } from "../../tensor/ops/affine.js";
import { gatherRows } from "../../tensor/ops/embedding.js";
import { Tensor } from "../../tensor/tensor.js";

export interface LmHeadOptions {
  /** number of entries of the vocabulary */
  readonly vocabulary: number;
  /** width of the decoder's input; with tied weights the width of the token embeddings */
  readonly width: number;
  /** where the decoder's weight (vocabulary, width) is stored: the token embeddings for tied weights */
  readonly weight: Weights;
  /** where the decoder's bias (vocabulary) is stored, or the bias itself; null for none */
  readonly bias: Weights | Tensor | null;
  readonly init: Init;
  /** applied to the hidden states before the decoder, e.g. {@link lmTransform}; none by default */
  readonly transform?: Layer;
}

/**
 * @returns a head that gathers the positions first, so that only they are projected to the vocabulary
 *
 * @example
 * lmHead({ vocabulary: 100, width: 16, weight: w.at("embeddings.word_embeddings"), bias: w.at("cls.predictions"), init: normal(0.02) });
 */
export function lmHead(options: LmHeadOptions): LmHead {
  const { vocabulary, width, init, transform } = options;
  const weight = options.weight.matrix("weight", [vocabulary, width], init);
  const bias =
    options.bias === null || options.bias instanceof Tensor
      ? options.bias
      : options.bias.get("bias", [vocabulary], constant(0));
  return {
    tokenScores(hidden, index) {
      const chosen = gatherRows(hidden, index);
      return affine(transform ? transform(chosen) : chosen, weight, bias);
    },
  };
}

/** The place of a parameter: the one that it is tied to, unless the file has other values for it. */
export const placeOf = (own: Weights, tiedTo: Weights, tied: boolean, name = "weight"): Weights =>
  tied && !own.has(name) ? tiedTo : own;

/**
 * The place of the decoder of BERT and its relatives. With tied weights the bias is the head's own.
 *
 * @param tokens where the token embeddings are stored
 */
export function decoderOf(head: Weights, tokens: Weights, tied: boolean): Pick<LmHeadOptions, "weight" | "bias"> {
  const decoder = head.at("decoder");
  return { weight: placeOf(decoder, tokens, tied), bias: placeOf(decoder, head, tied, "bias") };
}

/**
 * Names under which files repeat the parameters of {@link decoderOf}, by the parameters that they repeat. Without tying,
 * the reference computes with the decoder's own bias, whatever the head's says.
 */
export function repeatedDecoder(head: string, tokens: string, tied: boolean): Readonly<Record<string, string>> {
  return tied
    ? { [`${head}.decoder.weight`]: `${tokens}.weight`, [`${head}.decoder.bias`]: `${head}.bias` }
    : { [`${head}.bias`]: `${head}.decoder.bias` };
}

export interface LmTransformOptions {
  /** where the dense layer is stored */
  readonly dense: Weights;
  /** where the layer norm is stored */
  readonly norm: Weights;
  /** width of the hidden states */
  readonly from: number;
  /** width of the decoder's input */
  readonly to: number;
  readonly activation: Activation;
  readonly eps: number;
  readonly init: Init;
}

/** Dense, activation, layer norm: BERT's transform before the decoder, (rows, from) -> (rows, to). */
export function lmTransform({ dense, norm: place, from, to, activation, eps, init }: LmTransformOptions): Layer {
  const project = linear(dense, from, to, init, activation);
  const normalize = norm(place, to, eps);
  return (x) => normalize(project(x));
}
