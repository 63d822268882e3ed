/** Models of two layers, as small as tests need them, of any family of the table. */
import type { Engine } from "../../sdk/engine/engine.js";
import type { LabelSet } from "../../sdk/heads/labels.js";
import type { Pretrained } from "../../sdk/io/pretrained/pretrained.js";
import type { ModelTask } from "../../sdk/models/family/family.js";
import { freshConfig, freshModel } from "../../sdk/train/fresh/fresh-model.js";

export const SIZE = 120;
/** Longest sequence of models with learned positions. */
export const PLACES = 32;

/** model_type of config.json */
export type TinyType = string;

/** Fields other than the sizes: windows and buckets that sequences of a few tokens leave, and no dropout anywhere. */
const EXTRA: Readonly<Record<string, object>> = {
  modernbert: { local_attention: 8 },
  "deberta-v2": { position_buckets: 4, share_att_key: false, position_biased_input: true, norm_rel_ebd: "none" },
  distilbert: { seq_classif_dropout: 0, qa_dropout: 0 },
};

export interface TinyOptions {
  readonly labels?: LabelSet | null;
  /** standard deviation of random weights; the family's own where not given */
  readonly deviation?: number;
  /** number of ids */
  readonly vocabulary?: number;
  readonly width?: number;
  /** more fields of config.json */
  readonly extra?: object;
}

/** A model with random weights and without dropout; feed-forward layers are twice as wide, factorized embeddings half. */
export function tinyModel<T extends ModelTask>(
  engine: Engine,
  type: TinyType,
  task: T,
  { labels = null, deviation, vocabulary = SIZE, width = 32, extra = {} }: TinyOptions = {},
): Pretrained<T> {
  const config = freshConfig(type, {
    vocabSize: vocabulary,
    numHiddenLayers: 2,
    hiddenSize: width,
    numAttentionHeads: 4,
    maxPositionEmbeddings: PLACES,
    dropout: 0,
    intermediateSize: 2 * width,
    embeddingSize: width / 2,
    ...(deviation !== undefined && { initializerRange: deviation }),
  });
  return freshModel(engine, { ...config, ...EXTRA[type], ...extra }, task, 3, labels);
}
