/** A new BERT: its configuration and its model, before it has seen any text. */
import type { Engine } from "../../engine/engine.js";
import type { LabelSet } from "../../heads/labels.js";
import type { Pretrained } from "../../io/pretrained.js";
import { buildModel } from "../../models/build.js";
import type { Section } from "../../models/config.js";
import { familyOf, type ModelTask } from "../../models/family.js";
import { Weights } from "../../nn/weights.js";

export interface BertSizes {
  readonly vocabulary: number;
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  /** longest sequence that gets position embeddings */
  readonly positions: number;
  /** share of values that dropout takes away */
  readonly dropout: number;
  /** standard deviation of random weights; 0.02, as published, where not given */
  readonly deviation?: number;
}

/** config.json of a BERT of these sizes; the feed-forward layers are four times as wide as the model. */
export function bertConfig(sizes: BertSizes): Section {
  const { vocabulary, layers, width, heads, positions, dropout, deviation = 0.02 } = sizes;
  return {
    model_type: "bert",
    vocab_size: vocabulary,
    hidden_size: width,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    intermediate_size: 4 * width,
    max_position_embeddings: positions,
    type_vocab_size: 2,
    hidden_act: "gelu",
    hidden_dropout_prob: dropout,
    attention_probs_dropout_prob: dropout,
    initializer_range: deviation,
    layer_norm_eps: 1e-12,
    pad_token_id: 0,
    tie_word_embeddings: true,
  };
}

/**
 * A model with random weights.
 *
 * @param labels the classes of `classify` and `tag`; two without names where not given
 */
export function freshModel<P extends ModelTask>(
  engine: Engine,
  config: Section,
  task: P,
  seed: number,
  labels: LabelSet | null = null,
): Pretrained<P> {
  const family = familyOf(config);
  const weights = new Weights(engine, { seed });
  const model = buildModel(family, weights, family.read(config), task, labels?.size);
  return {
    engine,
    family,
    task,
    config,
    model,
    weights,
    labels,
    fresh: [...weights.fresh],
    leftOver: [],
    [Symbol.dispose]: () => weights[Symbol.dispose](),
  };
}
