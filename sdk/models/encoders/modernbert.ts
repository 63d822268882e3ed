/**
 * ModernBERT: Warner et al. 2024, "Smarter, Better, Faster, Longer" (arXiv:2412.13663).
 *
 * Rotary positions, attention that alternates between a local window and the full sequence, gated feed-forward layers,
 * pre-norm, and almost no biases.
 */

import type { Batch } from "../../data/sample.js";
import { shown } from "../../errors.js";
import type { SequenceHead } from "../../heads/pooled.js";
import type { SpanHead } from "../../heads/span.js";
import type { TokenHead } from "../../heads/tagging.js";
import { selfAttention } from "../../nn/attention.js";
import { gatedFeedForward, packedGate } from "../../nn/feedforward.js";
import { type Init, normal } from "../../nn/init.js";
import { type Layer, type LayerInSteps, linear, norm } from "../../nn/layers.js";
import { RotaryTable } from "../../nn/position.js";
import type { Weights } from "../../nn/weights.js";
import type { LmHead } from "../../objectives/masked-lm.js";
import { type Activation, activationNamed } from "../../tensor/ops/activation.js";
import { dropout } from "../../tensor/ops/dropout.js";
import { add, columns } from "../../tensor/ops/elementwise.js";
import { embedding } from "../../tensor/ops/embedding.js";
import { segmentMean } from "../../tensor/ops/reduce.js";
import { rotate } from "../../tensor/ops/rope.js";
import type { Steps } from "../../tensor/steps.js";
import type { Tensor } from "../../tensor/tensor.js";
import {
  ConfigError,
  dropoutProbability,
  epsilon,
  layerCount,
  number,
  optional,
  ropeTheta,
  type Section,
  section,
  standardDeviation,
} from "../family/config.js";
import { type Encoder, encodes, runLayers, type Trace } from "../family/encoder.js";
import type { EncoderFamily } from "../family/family.js";
import { lmHead, placeOf } from "../family/lm-head.js";
import type { ModelSizes } from "../family/sizes.js";
import { firstTokens } from "../family/task-heads.js";

/** The published config.json, as far as it changes the computation. */
export interface ModernBertConfig {
  readonly vocab_size: number;
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly max_position_embeddings: number;
  readonly hidden_activation: Activation;
  readonly classifier_activation: Activation;
  readonly classifier_pooling: "cls" | "mean";
  readonly norm_eps: number;
  readonly norm_bias: boolean;
  readonly attention_bias: boolean;
  readonly mlp_bias: boolean;
  readonly decoder_bias: boolean;
  readonly classifier_bias: boolean;
  readonly embedding_dropout: number;
  readonly attention_dropout: number;
  readonly mlp_dropout: number;
  readonly classifier_dropout: number;
  readonly initializer_range: number;
  readonly tie_word_embeddings: boolean;
  /** whether each layer attends within a local window only */
  readonly local: readonly boolean[];
  /** tokens visible on each side in local layers */
  readonly window: number;
  readonly theta: { readonly full: number; readonly local: number };
}

/** Which layers are local: listed one by one, or all but every n-th. */
function localOf(c: Section, layers: number): boolean[] {
  const types = c["layer_types"];
  if (types === undefined || types === null) {
    const every = number(c, "global_attn_every_n_layers", 3);
    return Array.from({ length: layers }, (_, i) => i % every !== 0);
  }
  if (!Array.isArray(types) || types.length !== layers)
    throw new ConfigError(`config.json: layer_types must name the ${layers} layers, got ${shown(types)}`);
  return types.map((type) => {
    if (type !== "sliding_attention" && type !== "full_attention")
      throw new ConfigError(
        `config.json: layer_types has ${shown(type)}; expected sliding_attention or full_attention`,
      );
    return type === "sliding_attention";
  });
}

function poolingOf(c: Section): "cls" | "mean" {
  const pooling = optional(c, "classifier_pooling", "cls");
  if (pooling !== "cls" && pooling !== "mean")
    throw new ConfigError(`config.json: classifier_pooling must be cls or mean, got ${shown(pooling)}`);
  return pooling;
}

function readConfig(json: unknown): ModernBertConfig {
  const c = section(json);
  const width = number(c, "hidden_size", 768);
  const heads = number(c, "num_attention_heads", 12);
  const layers = layerCount(c, "num_hidden_layers", 22);
  if (width % (2 * heads) !== 0)
    throw new ConfigError(`config.json: hidden_size ${width} does not give ${heads} heads of an even width`);
  return {
    vocab_size: number(c, "vocab_size", 50368),
    hidden_size: width,
    intermediate_size: number(c, "intermediate_size", 1152),
    num_hidden_layers: layers,
    num_attention_heads: heads,
    max_position_embeddings: number(c, "max_position_embeddings", 8192),
    hidden_activation: activationNamed(optional(c, "hidden_activation", "gelu"), "hidden_activation"),
    classifier_activation: activationNamed(optional(c, "classifier_activation", "gelu"), "classifier_activation"),
    classifier_pooling: poolingOf(c),
    norm_eps: epsilon(c, "norm_eps", 1e-5),
    norm_bias: optional(c, "norm_bias", false),
    attention_bias: optional(c, "attention_bias", false),
    mlp_bias: optional(c, "mlp_bias", false),
    decoder_bias: optional(c, "decoder_bias", true),
    classifier_bias: optional(c, "classifier_bias", false),
    embedding_dropout: dropoutProbability(c, "embedding_dropout", 0),
    attention_dropout: dropoutProbability(c, "attention_dropout", 0),
    mlp_dropout: dropoutProbability(c, "mlp_dropout", 0),
    classifier_dropout: dropoutProbability(c, "classifier_dropout", 0),
    initializer_range: standardDeviation(c, "initializer_range", 0.02),
    tie_word_embeddings: optional(c, "tie_word_embeddings", true),
    local: localOf(c, layers),
    window: Math.floor(number(c, "local_attention", 128) / 2),
    theta: {
      full: ropeTheta(c, 160_000, "global_rope_theta", "full_attention"),
      local: ropeTheta(c, 10_000, "local_rope_theta", "sliding_attention"),
    },
  };
}

function freshConfig({ dropout: p, special = {}, ...sizes }: ModelSizes) {
  return {
    model_type: "modernbert",
    vocab_size: sizes.vocabSize,
    hidden_size: sizes.hiddenSize,
    num_hidden_layers: sizes.numHiddenLayers,
    num_attention_heads: sizes.numAttentionHeads,
    intermediate_size: sizes.intermediateSize ?? (3 * sizes.hiddenSize) / 2,
    max_position_embeddings: sizes.maxPositionEmbeddings,
    hidden_activation: "gelu",
    initializer_range: sizes.initializerRange ?? 0.02,
    norm_eps: 1e-5,
    embedding_dropout: p,
    attention_dropout: p,
    mlp_dropout: p,
    global_attn_every_n_layers: 3,
    local_attention: 128,
    tie_word_embeddings: true,
    pad_token_id: special.pad ?? 0,
    cls_token_id: special.cls,
    sep_token_id: special.sep,
    bos_token_id: special.cls,
    eos_token_id: special.sep,
  };
}

const normOf = (w: Weights, c: ModernBertConfig): Layer => norm(w, c.hidden_size, c.norm_eps, c.norm_bias);

/** Projections into the residual stream are initialized with std / √(2 · layers). */
const residualInit = (c: ModernBertConfig): Init => normal(c.initializer_range / Math.sqrt(2 * c.num_hidden_layers));

function feedForwardOf(w: Weights, c: ModernBertConfig): LayerInSteps {
  const { hidden_size: h, intermediate_size: inner } = c;
  const project = linear(w.at("Wi"), h, 2 * inner, normal(c.initializer_range), "none", c.mlp_bias);
  const down = linear(w.at("Wo"), inner, h, residualInit(c), "none", c.mlp_bias);
  return gatedFeedForward(packedGate(project, c.hidden_activation), down, c.mlp_dropout);
}

interface Step {
  readonly batch: Batch;
  /** rotary tables (positions, width of a head) of full and of local layers */
  readonly rotary: { readonly full: Tensor; readonly local: Tensor };
  readonly trace: Trace | undefined;
}

function modernBertLayer(w: Weights, c: ModernBertConfig, index: number): (x: Tensor, step: Step) => Steps<Tensor> {
  const h = c.hidden_size;
  // The embeddings are already normalized.
  const attentionNorm = index === 0 ? (x: Tensor) => x : normOf(w.at("attn_norm"), c);
  const project = linear(w.at("attn.Wqkv"), h, 3 * h, normal(c.initializer_range), "none", c.attention_bias);
  const attentionOutput = linear(w.at("attn.Wo"), h, h, residualInit(c), "none", c.attention_bias);
  const feedForwardNorm = normOf(w.at("mlp_norm"), c);
  const feedForward = feedForwardOf(w.at("mlp"), c);
  const local = c.local[index]!;
  return function* (x, { batch, rotary, trace }) {
    const projected = project(attentionNorm(x));
    yield;
    const part = (i: number) => columns(projected, i * h, (i + 1) * h);
    const rotated = (t: Tensor) => rotate(t, local ? rotary.local : rotary.full, batch.positions);
    const attended = selfAttention(rotated(part(0)), rotated(part(1)), part(2), batch, {
      heads: c.num_attention_heads,
      dropout: c.attention_dropout,
      attentions: trace?.attentions,
      ...(local && { window: c.window }),
    });
    yield;
    x = add(x, dropout(attentionOutput(attended), c.attention_dropout));
    return add(x, yield* feedForward(feedForwardNorm(x)));
  };
}

function encoder(w: Weights, c: ModernBertConfig): Encoder {
  const body = w.at("model");
  const { hidden_size: h } = c;
  const tokens = body.at("embeddings.tok_embeddings").table("weight", [c.vocab_size, h], normal(c.initializer_range));
  const normalize = normOf(body.at("embeddings.norm"), c);
  const layers = Array.from({ length: c.num_hidden_layers }, (_, i) => modernBertLayer(body.at(`layers.${i}`), c, i));
  const finalNorm = normOf(body.at("final_norm"), c);
  const dim = h / c.num_attention_heads;
  const tables = { full: new RotaryTable(dim, c.theta.full), local: new RotaryTable(dim, c.theta.local) };
  const rotaryOf = ({ positions }: Batch): Step["rotary"] => ({
    full: tables.full.tensor(w.engine, positions),
    local: tables.local.tensor(w.engine, positions),
  });
  return {
    hiddenSize: h,
    maxLength: c.max_position_embeddings,
    ...encodes((batch, trace) => {
      const rotary = rotaryOf(batch);
      const embedded = dropout(normalize(embedding(tokens, batch.ids)), c.embedding_dropout);
      return runLayers(embedded, layers, (layer, x) => layer(x, { batch, rotary, trace }), trace, finalNorm);
    }),
  };
}

/** Dense, activation, norm: the first part of every head. */
function headTransform(w: Weights, c: ModernBertConfig): Layer {
  const { hidden_size: h } = c;
  const dense = linear(w.at("head.dense"), h, h, residualInit(c), c.classifier_activation, c.classifier_bias);
  const normalize = normOf(w.at("head.norm"), c);
  return (x) => normalize(dense(x));
}

function maskedLmHead(w: Weights, c: ModernBertConfig): LmHead {
  const decoder = w.at("decoder");
  return lmHead({
    vocabulary: c.vocab_size,
    width: c.hidden_size,
    weight: placeOf(decoder, w.at("model.embeddings.tok_embeddings"), c.tie_word_embeddings),
    bias: c.decoder_bias ? decoder : null,
    init: normal(c.initializer_range),
    transform: headTransform(w, c),
  });
}

/** Transform, dropout, linear layer: to classes, or to the two ends of a span. */
function classifier(w: Weights, c: ModernBertConfig, classes: number): Layer {
  const transform = headTransform(w, c);
  const classify = linear(w.at("classifier"), c.hidden_size, classes, normal(1 / Math.sqrt(c.hidden_size)));
  return (x) => classify(dropout(transform(x), c.classifier_dropout));
}

function sequenceHead(w: Weights, c: ModernBertConfig, classes: number): SequenceHead {
  const classify = classifier(w, c, classes);
  const pooled = (hidden: Tensor, batch: Batch): Tensor =>
    c.classifier_pooling === "mean" ? segmentMean(hidden, batch.starts) : firstTokens(hidden, batch);
  return { sequenceScores: (hidden, batch) => classify(pooled(hidden, batch)) };
}

function tokenHead(w: Weights, c: ModernBertConfig, classes: number): TokenHead {
  return { tokenClassScores: classifier(w, c, classes) };
}

function spanHead(w: Weights, c: ModernBertConfig): SpanHead {
  return { spanScores: classifier(w, c, 2) };
}

export const modernbert: EncoderFamily<ModernBertConfig> = {
  type: "modernbert",
  prefix: "model",
  architectures: {
    "feature-extraction": "ModernBertModel",
    "masked-lm": "ModernBertForMaskedLM",
    "sequence-classification": "ModernBertForSequenceClassification",
    "token-classification": "ModernBertForTokenClassification",
    "question-answering": "ModernBertForQuestionAnswering",
  },
  vocabulary: { algorithm: "wordpiece", uncased: true },
  parameters: {
    embeddings: ["model.embeddings"],
    stacks: ["model.layers"],
    countField: "num_hidden_layers",
  },
  fresh: freshConfig,
  configFields: [
    "attention_bias attention_dropout classifier_activation classifier_bias classifier_dropout classifier_pooling decoder_bias embedding_dropout global_attn_every_n_layers global_rope_theta hidden_activation hidden_size initializer_range intermediate_size layer_types local_attention local_rope_theta max_position_embeddings mlp_bias mlp_dropout norm_bias norm_eps num_attention_heads num_hidden_layers rope_parameters tie_word_embeddings vocab_size",
  ],
  fieldsWithoutEffect:
    "deterministic_flash_attn reference_compile repad_logits_with_grad sparse_pred_ignore_index sparse_prediction",
  read: readConfig,
  canonicalName: (stored) => (/^(embeddings|layers|final_norm)\./.test(stored) ? `model.${stored}` : stored),
  tied: (c) => (c.tie_word_embeddings ? { "decoder.weight": "model.embeddings.tok_embeddings.weight" } : {}),
  isHead: (name) => /^(head|decoder|classifier)\./.test(name),
  encoder,
  heads: {
    "masked-lm": maskedLmHead,
    "sequence-classification": sequenceHead,
    "token-classification": tokenHead,
    "question-answering": spanHead,
  },
};
