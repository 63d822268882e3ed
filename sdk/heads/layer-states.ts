/**
 * Hidden states of any layer. Layer 0 is the embedding output. Middle layers carry most of the syntax and of the features
 * that languages share (Tenney et al. 2019, arXiv:1905.05950; Pires et al. 2019, arXiv:1906.01502). Concatenating the last four layers is
 * Devlin et al. 2019, section 5.3.
 */

import type { Batch } from "../data/sample.js";
import { InputError } from "../errors.js";
import type { EncoderBody } from "../objectives/objective.js";
import { add, scale } from "../tensor/ops/elementwise.js";
import { atOnce, type Steps } from "../tensor/steps.js";
import { type Tensor, tensor } from "../tensor/tensor.js";

/** A model that reports the hidden states of all its layers, the embedding output first. */
export interface LayerwiseEncoder {
  encode(batch: Batch, trace?: { readonly hidden: Tensor[]; change?(layer: number, hidden: Tensor): Tensor }): Tensor;
  encodeSteps?(batch: Batch, trace?: { readonly hidden: Tensor[] }): Steps<Tensor>;
}

/** The hidden states of every layer. */
function* layersOf(model: LayerwiseEncoder, batch: Batch): Steps<Tensor[]> {
  const hidden: Tensor[] = [];
  if (model.encodeSteps) yield* model.encodeSteps(batch, { hidden });
  else model.encode(batch, { hidden });
  return hidden;
}

/** An encoder from its form in steps. */
const stepwise = (steps: (batch: Batch) => Steps<Tensor>): EncoderBody => ({
  encode: (batch) => atOnce(steps(batch)),
  encodeSteps: steps,
});

/** The model has no such layer. */
export class LayerError extends InputError {
  override name = "LayerError";
}

/** How several layers are combined: concatenation, sum or mean. */
export type LayerJoin = "concat" | "sum" | "mean";

/** (tokens, width) each -> (tokens, width × layers); a constant: no gradient flows through. */
function concatenated(states: readonly Tensor[]): Tensor {
  const [tokens = 0, width = 0] = states[0]!.shape;
  const joined = new Float32Array(tokens * width * states.length);
  for (const [part, { data }] of states.entries())
    for (let t = 0; t < tokens; t++)
      joined.set(data.subarray(t * width, (t + 1) * width), (t * states.length + part) * width);
  return tensor(states[0]!.engine, joined, [tokens, width * states.length]);
}

function chosen(hidden: readonly Tensor[], layer: number): Tensor {
  const state = hidden.at(layer);
  if (state === undefined)
    throw new LayerError(
      `layer ${layer} does not exist: the model has layers 0 (embeddings) to ${hidden.length - 1}, or -1 (last) to -${hidden.length}`,
    );
  return state;
}

/**
 * The same encoder, returning the hidden states of the given layers.
 *
 * @param layers 0 is the embedding output, 1 the first layer; negative numbers count from the last, -1
 * @example
 * embedTexts(atLayers(model, [2]), tokenizer, texts, pooling, length);
 * hiddenStates(atLayers(model, [-2, -1], "sum"), samples);
 */
export function atLayers(model: LayerwiseEncoder, layers: readonly number[], join: LayerJoin = "mean"): EncoderBody {
  if (layers.length === 0) throw new LayerError("atLayers: name at least one layer");
  const wrong = layers.find((layer) => !Number.isInteger(layer));
  if (wrong !== undefined) throw new LayerError(`atLayers: a layer is a whole number, got ${wrong}`);
  return stepwise(function* (batch) {
    const hidden = yield* layersOf(model, batch);
    const states = layers.map((layer) => chosen(hidden, layer));
    if (states.length === 1) return states[0]!;
    if (join === "concat") return concatenated(states);
    const sum = states.reduce(add);
    return join === "sum" ? sum : scale(sum, 1 / states.length);
  });
}

/**
 * The same encoder whose hidden states are the weighted mean of its layers from `start` on: WeightedLayerPooling of
 * sentence-transformers.
 *
 * @param weights one for each layer from `start` to the last
 */
export function weightedLayers(model: LayerwiseEncoder, start: number, weights: ArrayLike<number>): EncoderBody {
  return stepwise(function* (batch) {
    const hidden = yield* layersOf(model, batch);
    const states = hidden.slice(start);
    if (states.length !== weights.length)
      throw new LayerError(
        `weightedLayers: ${weights.length} weights for the ${states.length} layers from ${start} to ${hidden.length - 1}`,
      );
    const sum = Array.from(weights).reduce((total, weight) => total + weight, 0);
    return states.map((state, i) => scale(state, weights[i]! / sum)).reduce(add);
  });
}

/**
 * The same encoder with a vector added to every token's hidden state at one layer; the layers above continue from there.
 * Adding the difference of two languages' means to English makes a multilingual masked LM predict Chinese words. Liu et
 * al. 2020 (arXiv:2004.14218), section 4.
 *
 * @param shift (width) such as the difference of two languages' means at that layer, times 1 to 3
 * @throws {LayerError} when the model has no such layer, or does not apply changes to its layers
 * @example
 * const toGerman = languageMean(german).map((x, d) => x - languageMean(english)[d]!);
 * model.tokenScores(shiftedAt(model, 2, toGerman).encode(batch), Int32Array.of(1));
 */
export function shiftedAt(model: LayerwiseEncoder, layer: number, shift: ArrayLike<number>): EncoderBody {
  return {
    encode(batch) {
      const hidden: Tensor[] = [];
      let changed = false;
      const last = model.encode(batch, {
        hidden,
        change(here, states) {
          if (here !== layer) return states;
          changed = true;
          const [tokens = 0, width = 0] = states.shape;
          if (shift.length !== width)
            throw new LayerError(`shiftedAt: a shift of ${shift.length} numbers for hidden states of ${width}`);
          const rows = Float32Array.from({ length: tokens * width }, (_, i) => shift[i % width]!);
          return add(states, tensor(states.engine, rows, [tokens, width]));
        },
      });
      if (!changed)
        throw new LayerError(
          layer >= 0 && layer < hidden.length
            ? "shiftedAt: the layers of this model cannot be changed: its encode does not call trace.change"
            : `shiftedAt: layer ${layer} does not exist: the model has layers 0 (embeddings) to ${hidden.length - 1}`,
        );
      return last;
    },
  };
}
