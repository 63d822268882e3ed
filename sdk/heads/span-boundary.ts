/**
 * SpanBERT's span-boundary head: predict a token from the states at the boundaries of its span and its position in it.
 * Joshi et al. 2020 (arXiv:1907.10529), section 3.2.
 */
import { constant, normal } from "../nn/init.js";
import { linear, norm } from "../nn/layers.js";
import type { Weights } from "../nn/weights.js";
import type { SpanBoundaryHead } from "../objectives/span-masking.js";
import type { Matrix } from "../tensor/matrix.js";
import { activate } from "../tensor/ops/activation.js";
import { affine } from "../tensor/ops/affine.js";
import { add } from "../tensor/ops/elementwise.js";
import { embedding, gatherRows } from "../tensor/ops/embedding.js";

/** Sizes of SpanBERT's span-boundary head. */
export interface SpanBoundarySizes {
  readonly hiddenSize: number;
  readonly vocabSize: number;
  /** width of the position embeddings; default 200, as published */
  readonly placeWidth?: number;
  /** number of positions with embeddings; default 20, as published */
  readonly places?: number;
}

/**
 * Two layers (linear, GELU, layer norm) over [left; right; position], then a decoder tied to the token embeddings, with its
 * own bias.
 *
 * @param tokens (vocabulary, hidden) the model's token embeddings
 * @example
 * const { vocabSize, hiddenSize } = sizes;
 * const tokens = weights.table("bert.embeddings.word_embeddings.weight", [vocabSize, hiddenSize], constant(0));
 * const head = spanBoundaryHead(weights.at("span"), sizes, tokens);
 * const objective = combine(spanMaskedLm({ tokenizer }), spanBoundary({ tokenizer }));
 * train({ ...training, model: { ...model, ...head }, objective });
 */
export function spanBoundaryHead(w: Weights, sizes: SpanBoundarySizes, tokens: Matrix): SpanBoundaryHead {
  const { hiddenSize: hidden, vocabSize: vocabulary, placeWidth = 200, places = 20 } = sizes;
  const init = normal(0.02);
  const table = w.at("position_embeddings").get("weight", [places, placeWidth], init);
  // The first layer as three linear maps whose results are added, instead of a concatenation.
  const fromLeft = linear(w.at("mlp_layer_norm.left"), hidden, hidden, init);
  const fromRight = w.at("mlp_layer_norm.right").matrix("weight", [hidden, hidden], init);
  const fromPlace = w.at("mlp_layer_norm.place").matrix("weight", [hidden, placeWidth], init);
  const first = norm(w.at("mlp_layer_norm.layer_norm1"), hidden, 1e-5);
  const dense = linear(w.at("mlp_layer_norm.linear2"), hidden, hidden, init, "gelu");
  const second = norm(w.at("mlp_layer_norm.layer_norm2"), hidden, 1e-5);
  const bias = w.get("bias", [vocabulary], constant(0));
  return {
    places,
    edgeScores(states, left, right, place) {
      const sum = add(
        add(fromLeft(gatherRows(states, left)), affine(gatherRows(states, right), fromRight, null)),
        affine(embedding(table, place), fromPlace, null),
      );
      return affine(second(dense(first(activate(sum, "gelu")))), tokens, bias);
    },
  };
}
