/**
 * ModernBERT: Warner et al. 2024, "Smarter, Better, Faster, Longer" (arXiv:2412.13663).
 *
 * Rotary positions, attention that alternates between a window and the whole text, gated feed-forward layers, norms before
 * each part, and hardly a bias.
 */

import type { Batch } from "../data/sample.js";
import { shown } from "../errors.js";
import type { SequenceHead } from "../heads/pooled.js";
import type { SpanHead } from "../heads/span.js";
import type { TokenHead } from "../heads/tagging.js";
import type { LmHead } from "../heads/token-prediction.js";
import { selfAttention } from "../nn/attention.js";
import { gatedFeedForward, packedGate } from "../nn/feedforward.js";
import { type Init, normal } from "../nn/init.js";
import { biasFreeLinear, type Layer, linear, norm } from "../nn/layers.js";
import { RotaryTable } from "../nn/position.js";
import type { Weights } from "../nn/weights.js";
import { type Activation, activationNamed } from "../tensor/ops/activation.js";
import { dropout } from "../tensor/ops/dropout.js";
import { add, columns } from "../tensor/ops/elementwise.js";
import { embedding, gatherRows } from "../tensor/ops/embedding.js";
import { segmentMean } from "../tensor/ops/reduce.js";
import { rotate } from "../tensor/ops/rope.js";
import { type Tensor, tensor } from "../tensor/tensor.js";
import {
  ConfigError,
  dropoutShare,
  epsilon,
  number,
  optional,
  type Section,
  section,
  standardDeviation,
} from "./config.js";
import type { Encoder, Trace } from "./encoder.js";
import type { EncoderFamily } from "./family.js";
import { lmHead } from "./lm-head.js";

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
  /** whether each layer sees a window only */
  readonly windowed: readonly boolean[];
  /** tokens before and behind that a windowed layer sees */
  readonly window: number;
  readonly theta: { readonly whole: number; readonly windowed: number };
}

/** Which layers see a window only: named one by one, or every n-th sees the whole text. */
function windowedOf(c: Section, layers: number): boolean[] {
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

/** The base of the angles, as files before and since transformers 5 have it. */
function thetaOf(c: Section, kind: "full_attention" | "sliding_attention"): number {
  const older = kind === "full_attention" ? "global_rope_theta" : "local_rope_theta";
  const fallback = optional(c, older, kind === "full_attention" ? 160_000 : 10_000);
  const all = c["rope_parameters"] ?? {};
  const own = section(section(all)[kind] ?? {});
  const type = optional(own, "rope_type", "default");
  if (type !== "default" || c["rope_scaling"])
    throw new ConfigError(`config.json: rope_type "${type}" or rope_scaling is not supported; expected "default"`);
  return optional(own, "rope_theta", fallback);
}

function poolingOf(c: Section): "cls" | "mean" {
  const pooling = optional(c, "classifier_pooling", "cls");
  if (pooling !== "cls" && pooling !== "mean")
    throw new ConfigError(`config.json: classifier_pooling must be cls or mean, got "${pooling}"`);
  return pooling;
}

function readConfig(json: unknown): ModernBertConfig {
  const c = section(json);
  const width = number(c, "hidden_size", 768);
  const heads = number(c, "num_attention_heads", 12);
  const layers = number(c, "num_hidden_layers", 22);
  if (width % (2 * heads) !== 0)
    throw new ConfigError(`config.json: hidden_size ${width} does not give ${heads} heads of an even width`);
  return {
    vocab_size: number(c, "vocab_size", 50368),
    hidden_size: width,
    intermediate_size: number(c, "intermediate_size", 1152),
    num_hidden_layers: layers,
    num_attention_heads: heads,
    max_position_embeddings: number(c, "max_position_embeddings", 8192),
    hidden_activation: activationNamed(optional(c, "hidden_activation", "gelu")),
    classifier_activation: activationNamed(optional(c, "classifier_activation", "gelu")),
    classifier_pooling: poolingOf(c),
    norm_eps: epsilon(c, "norm_eps", 1e-5),
    norm_bias: optional(c, "norm_bias", false),
    attention_bias: optional(c, "attention_bias", false),
    mlp_bias: optional(c, "mlp_bias", false),
    decoder_bias: optional(c, "decoder_bias", true),
    classifier_bias: optional(c, "classifier_bias", false),
    embedding_dropout: dropoutShare(c, "embedding_dropout", 0),
    attention_dropout: dropoutShare(c, "attention_dropout", 0),
    mlp_dropout: dropoutShare(c, "mlp_dropout", 0),
    classifier_dropout: dropoutShare(c, "classifier_dropout", 0),
    initializer_range: standardDeviation(c, "initializer_range", 0.02),
    tie_word_embeddings: optional(c, "tie_word_embeddings", true),
    windowed: windowedOf(c, layers),
    window: Math.floor(number(c, "local_attention", 128) / 2),
    theta: { whole: thetaOf(c, "full_attention"), windowed: thetaOf(c, "sliding_attention") },
  };
}

/** A map with or without a bias. */
function mapOf(
  w: Weights,
  inner: number,
  out: number,
  init: Init,
  bias: boolean,
  activation: Activation = "none",
): Layer {
  return (bias ? linear : biasFreeLinear)(w, inner, out, init, activation);
}

const normOf = (w: Weights, c: ModernBertConfig): Layer => norm(w, c.hidden_size, c.norm_eps, c.norm_bias);

/** Maps back into the sum begin smaller, the deeper the network. */
const towardsSum = (c: ModernBertConfig): Init => normal(c.initializer_range / Math.sqrt(2 * c.num_hidden_layers));

function feedForwardOf(w: Weights, c: ModernBertConfig): Layer {
  const { hidden_size: h, intermediate_size: inner } = c;
  const project = mapOf(w.at("Wi"), h, 2 * inner, normal(c.initializer_range), c.mlp_bias);
  const down = mapOf(w.at("Wo"), inner, h, towardsSum(c), c.mlp_bias);
  return gatedFeedForward(packedGate(project, c.hidden_activation), down, c.mlp_dropout);
}

interface Step {
  readonly batch: Batch;
  /** cosines and sines of each place, for layers that see all and for those that see a window */
  readonly angles: { readonly whole: Tensor; readonly windowed: Tensor };
  readonly trace: Trace | undefined;
}

function layerOf(w: Weights, c: ModernBertConfig, index: number): (x: Tensor, step: Step) => Tensor {
  const h = c.hidden_size;
  // The embeddings are normalised already.
  const beforeAttention = index === 0 ? (x: Tensor) => x : normOf(w.at("attn_norm"), c);
  const project = mapOf(w.at("attn.Wqkv"), h, 3 * h, normal(c.initializer_range), c.attention_bias);
  const mix = mapOf(w.at("attn.Wo"), h, h, towardsSum(c), c.attention_bias);
  const beforeThought = normOf(w.at("mlp_norm"), c);
  const think = feedForwardOf(w.at("mlp"), c);
  const windowed = c.windowed[index]!;
  return (x, { batch, angles, trace }) => {
    const projected = project(beforeAttention(x));
    const part = (i: number) => columns(projected, i * h, (i + 1) * h);
    const turned = (t: Tensor) => rotate(t, windowed ? angles.windowed : angles.whole, batch.positions);
    const attended = selfAttention(turned(part(0)), turned(part(1)), part(2), batch, {
      heads: c.num_attention_heads,
      dropout: c.attention_dropout,
      attentions: trace?.attentions,
      ...(windowed && { window: c.window }),
    });
    x = add(x, dropout(mix(attended), c.attention_dropout));
    return add(x, think(beforeThought(x)));
  };
}

function encoder(w: Weights, c: ModernBertConfig): Encoder {
  const body = w.at("model");
  const { hidden_size: h } = c;
  const tokens = body.at("embeddings.tok_embeddings").get("weight", [c.vocab_size, h], normal(c.initializer_range));
  const normalise = normOf(body.at("embeddings.norm"), c);
  const layers = Array.from({ length: c.num_hidden_layers }, (_, i) => layerOf(body.at(`layers.${i}`), c, i));
  const last = normOf(body.at("final_norm"), c);
  const dim = h / c.num_attention_heads;
  const tables = { whole: new RotaryTable(dim, c.theta.whole), windowed: new RotaryTable(dim, c.theta.windowed) };
  const anglesOf = ({ positions }: Batch): Step["angles"] => {
    const count = positions.reduce((most, position) => Math.max(most, position + 1), 1);
    const table = (kind: "whole" | "windowed") => tensor(w.engine, tables[kind].values(count), [count, dim]);
    return { whole: table("whole"), windowed: table("windowed") };
  };
  return {
    width: h,
    positions: c.max_position_embeddings,
    encode(batch, trace) {
      const angles = anglesOf(batch);
      let x = dropout(normalise(embedding(tokens, batch.ids)), c.embedding_dropout);
      for (const layer of layers) {
        trace?.hidden.push(x);
        x = layer(x, { batch, angles, trace });
      }
      x = last(x);
      trace?.hidden.push(x);
      return x;
    },
  };
}

/** Dense, activation, norm: what every head begins with. */
function beforeHead(w: Weights, c: ModernBertConfig): Layer {
  const { hidden_size: h } = c;
  const dense = mapOf(w.at("head.dense"), h, h, towardsSum(c), c.classifier_bias, c.classifier_activation);
  const normalise = normOf(w.at("head.norm"), c);
  return (x) => normalise(dense(x));
}

function maskHead(w: Weights, c: ModernBertConfig): LmHead {
  const decoder = w.at("decoder");
  return lmHead({
    vocabulary: c.vocab_size,
    width: c.hidden_size,
    weight: c.tie_word_embeddings ? w.at("model.embeddings.tok_embeddings") : decoder,
    bias: c.decoder_bias ? decoder : null,
    init: normal(c.initializer_range),
    transform: beforeHead(w, c),
  });
}

/** Transform, dropout, map: to classes, tags, or the ends of spans. */
function classifier(w: Weights, c: ModernBertConfig, classes: number): Layer {
  const transform = beforeHead(w, c);
  const classify = linear(w.at("classifier"), c.hidden_size, classes, normal(1 / Math.sqrt(c.hidden_size)));
  return (x) => classify(dropout(transform(x), c.classifier_dropout));
}

function rowHead(w: Weights, c: ModernBertConfig, classes: number): SequenceHead {
  const classify = classifier(w, c, classes);
  const pooled = (hidden: Tensor, { starts, rows }: Batch): Tensor =>
    c.classifier_pooling === "mean" ? segmentMean(hidden, starts) : gatherRows(hidden, starts.slice(0, rows));
  return { rowScores: (hidden, batch) => classify(pooled(hidden, batch)) };
}

function tagHead(w: Weights, c: ModernBertConfig, classes: number): TokenHead {
  return { tagScores: classifier(w, c, classes) };
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
  read: readConfig,
  canonicalName: (stored) => (/^(embeddings|layers|final_norm)\./.test(stored) ? `model.${stored}` : stored),
  tied: (c) => (c.tie_word_embeddings ? { "decoder.weight": "model.embeddings.tok_embeddings.weight" } : {}),
  isHead: (name) => /^(head|decoder|classifier)\./.test(name),
  encoder,
  heads: { mask: maskHead, classify: rowHead, tag: tagHead, answer: spanHead },
};
