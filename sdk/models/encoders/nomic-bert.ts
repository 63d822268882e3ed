/**
 * NomicBERT: Nussbaum et al. 2024, "Nomic Embed: Training a Reproducible Long Context Text Embedder" (arXiv:2402.01613).
 *
 * BERT's post-norm layers with rotary positions instead of learned ones and a SwiGLU feed-forward, almost without biases.
 * Files have one of two forms: that of transformers, with its field names and separate projections, and that of the
 * authors, with GPT-2's field names and packed projections (`Wqkv`).
 */
import type { Batch } from "../../data/sample.js";
import { shown } from "../../errors.js";
import { selfAttention } from "../../nn/attention.js";
import { type Gate, gatedFeedForward, separateGate } from "../../nn/feedforward.js";
import { normal } from "../../nn/init.js";
import { biasFreeLinear, type LayerInSteps, linear, norm } from "../../nn/layers.js";
import { RotaryTable } from "../../nn/position.js";
import type { Weights } from "../../nn/weights.js";
import { activate } from "../../tensor/ops/activation.js";
import { dropout } from "../../tensor/ops/dropout.js";
import { add, columns } from "../../tensor/ops/elementwise.js";
import { embeddingSum, type Lookup } from "../../tensor/ops/embedding.js";
import { rotate } from "../../tensor/ops/rope.js";
import type { Steps } from "../../tensor/steps.js";
import type { Tensor } from "../../tensor/tensor.js";
import {
  ConfigError,
  number,
  optional,
  ropeTheta,
  rotaryHeadWidth,
  type Section,
  section,
  wholeNumber,
  withOwnNames,
} from "../family/config.js";
import { type Encoder, encodes, runLayers, type Trace } from "../family/encoder.js";
import type { EncoderFamily } from "../family/family.js";
import { repeatedDecoder } from "../family/lm-head.js";
import { bertPooler, keepPooler, pooledClassificationHead } from "../family/task-heads.js";
import { BERT_FIELDS, type BertConfig, bertLmHead, bertTokenHead, freshBertConfig, readBertConfig } from "./bert.js";

/** BERT's configuration with rotary positions; `type_vocab_size` 0 means no segment embeddings. */
export interface RotaryBertConfig extends BertConfig {
  readonly head_dim: number;
  readonly rope_theta: number;
}

/** BERT's fields with the defaults of a family with rotary positions. */
export function readRotaryConfig(c: Section, theta: number): RotaryBertConfig {
  const segments = wholeNumber(c, "type_vocab_size", 2, 0);
  const read = readBertConfig({ ...c, type_vocab_size: Math.max(1, segments) });
  const dim = rotaryHeadWidth(c, read.hidden_size / read.num_attention_heads);
  return { ...read, type_vocab_size: segments, head_dim: dim, rope_theta: ropeTheta(c, theta) };
}

/** The differences among families with rotary positions and BERT's layers. */
export interface RotaryBertOptions {
  readonly attentionBias: boolean;
  /** the feed-forward layer whose weights are at `w` */
  feedForward(w: Weights, c: RotaryBertConfig): LayerInSteps;
}

/** GPT-2's field names, as in the authors' files. */
const AUTHORS_NAMES = {
  n_embd: "hidden_size",
  n_head: "num_attention_heads",
  n_layer: "num_hidden_layers",
  n_inner: "intermediate_size",
  n_positions: "max_position_embeddings",
  layer_norm_epsilon: "layer_norm_eps",
  resid_pdrop: "hidden_dropout_prob",
  attn_pdrop: "attention_probs_dropout_prob",
  rotary_emb_base: "rope_theta",
};

/** Fields of the authors' files that choose another architecture, with the only value that is computed here. */
const REQUIRED: Readonly<Record<string, unknown>> = {
  activation_function: "swiglu",
  causal: false,
  mlp_fc1_bias: false,
  mlp_fc2_bias: false,
  num_experts: 0,
  parallel_block: false,
  prenorm: false,
  qkv_proj_bias: false,
  rotary_emb_fraction: 1,
  rotary_emb_interleaved: false,
  rotary_emb_scale_base: 0,
  rotary_scaling_factor: 0,
  use_rms_norm: false,
};

function readConfig(json: unknown): RotaryBertConfig {
  const c = withOwnNames(section(json), AUTHORS_NAMES);
  for (const [field, only] of Object.entries(REQUIRED)) {
    const value = c[field] ?? only;
    if (value !== only)
      throw new ConfigError(`config.json: ${field} ${shown(value)} is not supported; expected ${shown(only)}`);
  }
  const authors = c["n_embd"] !== undefined;
  return readRotaryConfig(
    {
      ...c,
      vocab_size: number(c, "vocab_size", 30_528),
      hidden_act: optional(c, "hidden_act", "silu"),
      hidden_dropout_prob: c["hidden_dropout_prob"] ?? 0,
      attention_probs_dropout_prob: c["attention_probs_dropout_prob"] ?? 0,
      max_position_embeddings: number(c, "max_position_embeddings", 2048),
    },
    authors ? 10_000 : 1000,
  );
}

function embeddings(w: Weights, c: RotaryBertConfig): (batch: Batch) => Tensor {
  const init = normal(c.initializer_range);
  const token = w.at("word_embeddings").table("weight", [c.vocab_size, c.hidden_size], init);
  const segment =
    c.type_vocab_size > 0
      ? w.at("token_type_embeddings").get("weight", [c.type_vocab_size, c.hidden_size], init)
      : null;
  const normalize = norm(w.at("LayerNorm"), c.hidden_size, c.layer_norm_eps);
  return ({ ids, segments }) => {
    const lookups: Lookup[] = [[token, ids]];
    if (segment) lookups.push([segment, c.type_vocab_size === 1 ? segments.map(() => 0) : segments]);
    return dropout(normalize(embeddingSum(lookups)), c.hidden_dropout_prob);
  };
}

/** Queries, keys and values: three projections, or one whose output has them side by side. */
function projections(w: Weights, c: RotaryBertConfig, bias: boolean): (x: Tensor) => readonly [Tensor, Tensor, Tensor] {
  const { hidden_size: h } = c;
  const width = c.num_attention_heads * c.head_dim;
  const init = normal(c.initializer_range);
  const project = (name: string, out: number) => linear(w.at(name), h, out, init, "none", bias);
  if (w.has("qkv_proj.weight")) {
    const packed = project("qkv_proj", 3 * width);
    return (x) => {
      const all = packed(x);
      const part = (i: number) => columns(all, i * width, (i + 1) * width);
      return [part(0), part(1), part(2)];
    };
  }
  const [query, key, value] = [project("q_proj", width), project("k_proj", width), project("v_proj", width)];
  return (x) => [query(x), key(x), value(x)];
}

/**
 * The gated feed-forward, with `up` and `gate` as two projections or side by side in one.
 *
 * @param bias whether the down projection has one
 * @param p dropout probability between the gate and the down projection
 */
export function rotaryGatedFeedForward(w: Weights, c: RotaryBertConfig, bias: boolean, p: number): LayerInSteps {
  const { hidden_size: h, intermediate_size: inner } = c;
  const init = normal(c.initializer_range);
  const down = linear(w.at("down_proj"), inner, h, init, "none", bias);
  if (w.has("up_gate_proj.weight")) {
    const packed = biasFreeLinear(w.at("up_gate_proj"), h, 2 * inner, init);
    const gate: Gate = (x) => {
      const both = packed(x);
      return [activate(columns(both, inner, 2 * inner), c.hidden_act), columns(both, 0, inner)];
    };
    return gatedFeedForward(gate, down, p);
  }
  const gate = biasFreeLinear(w.at("gate_proj"), h, inner, init, c.hidden_act);
  const up = biasFreeLinear(w.at("up_proj"), h, inner, init);
  return gatedFeedForward(separateGate(gate, up), down, p);
}

/** The inputs of a layer other than the hidden states. */
interface Step {
  readonly batch: Batch;
  /** rotary table (positions, head_dim) */
  readonly rotary: Tensor;
  readonly trace: Trace | undefined;
}

function layerOf(
  w: Weights,
  c: RotaryBertConfig,
  options: RotaryBertOptions,
): (x: Tensor, step: Step) => Steps<Tensor> {
  const { hidden_size: h, num_attention_heads: heads, hidden_dropout_prob: p, layer_norm_eps: eps } = c;
  const project = projections(w.at("self_attn"), c, options.attentionBias);
  const init = normal(c.initializer_range);
  const attentionOutput = linear(w.at("self_attn.o_proj"), heads * c.head_dim, h, init, "none", options.attentionBias);
  const attentionNorm = norm(w.at("post_attention_layernorm"), h, eps);
  const feedForward = options.feedForward(w.at("mlp"), c);
  const outputNorm = norm(w.at("post_mlp_layernorm"), h, eps);
  return function* (x, { batch, rotary, trace }) {
    const [query, key, value] = project(x);
    yield;
    const rotated = (t: Tensor) => rotate(t, rotary, batch.positions);
    const attended = selfAttention(rotated(query), rotated(key), value, batch, {
      heads,
      dropout: c.attention_probs_dropout_prob,
      attentions: trace?.attentions,
    });
    yield;
    x = attentionNorm(add(x, dropout(attentionOutput(attended), p)));
    return outputNorm(add(x, dropout(yield* feedForward(x), p)));
  };
}

/** Embeddings without positions, and post-norm layers with rotary ones. */
export function rotaryBertEncoder(body: Weights, c: RotaryBertConfig, options: RotaryBertOptions): Encoder {
  const embed = embeddings(body.at("embeddings"), c);
  const layers = Array.from({ length: c.num_hidden_layers }, (_, i) => layerOf(body.at(`layers.${i}`), c, options));
  const table = new RotaryTable(c.head_dim, c.rope_theta);
  return {
    hiddenSize: c.hidden_size,
    maxLength: c.max_position_embeddings,
    ...encodes((batch, trace) => {
      const rotary = table.tensor(body.engine, batch.positions);
      return runLayers(embed(batch), layers, (layer, x) => layer(x, { batch, rotary, trace }), trace);
    }),
  };
}

/** The authors' parameter names -> those of transformers; their packed projection keeps its form. */
const RENAMED: readonly (readonly [RegExp, string])[] = [
  [/^bert\./, "nomic_bert."],
  [/^(?=(embeddings|emb_ln|encoder|layers|pooler)\.)/, "nomic_bert."],
  [/\bencoder\.layers\./, "layers."],
  [/\bemb_ln\./, "embeddings.LayerNorm."],
  [/\.attn\.Wqkv\./, ".self_attn.qkv_proj."],
  [/\.attn\.out_proj\./, ".self_attn.o_proj."],
  [/\.mlp\.fc11\./, ".mlp.up_proj."],
  [/\.mlp\.fc12\./, ".mlp.gate_proj."],
  [/\.mlp\.fc2\./, ".mlp.down_proj."],
  [/\.norm1\./, ".post_attention_layernorm."],
  [/\.norm2\./, ".post_mlp_layernorm."],
];

function canonicalName(stored: string): string | null {
  if (stored.endsWith(".inv_freq")) return null;
  return RENAMED.reduce((name, [pattern, replacement]) => name.replace(pattern, replacement), stored);
}

export const nomicBert: EncoderFamily<RotaryBertConfig> = {
  type: "nomic_bert",
  prefix: "nomic_bert",
  architectures: {
    "feature-extraction": "NomicBertModel",
    "masked-lm": "NomicBertForMaskedLM",
    "sequence-classification": "NomicBertForSequenceClassification",
    "token-classification": "NomicBertForTokenClassification",
  },
  vocabulary: { algorithm: "wordpiece", uncased: true },
  parameters: {
    embeddings: ["nomic_bert.embeddings"],
    stacks: ["nomic_bert.layers"],
    countField: "num_hidden_layers",
  },
  fresh: (sizes) => ({
    ...freshBertConfig(sizes),
    model_type: "nomic_bert",
    hidden_act: "silu",
    rope_parameters: { rope_type: "default", rope_theta: 1000 },
  }),
  configFields: [
    BERT_FIELDS,
    "activation_function classifier_dropout head_dim layer_norm_epsilon mlp_fc1_bias mlp_fc2_bias n_embd n_head n_inner n_layer n_positions prenorm qkv_proj_bias rope_parameters rotary_emb_base rotary_emb_fraction rotary_emb_interleaved",
  ],
  read: readConfig,
  canonicalName,
  tied: (c) => repeatedDecoder("cls.predictions", "nomic_bert.embeddings.word_embeddings", c.tie_word_embeddings),
  isHead: (name) => /^(cls|classifier|nomic_bert\.pooler)\b/.test(name),
  encoder: (body, config) =>
    rotaryBertEncoder(body.at("nomic_bert"), config, {
      attentionBias: false,
      feedForward: (w, c) => rotaryGatedFeedForward(w, c, false, 0),
    }),
  heads: {
    "feature-extraction": (w, c) =>
      keepPooler(w.at("nomic_bert.pooler.dense"), c.hidden_size, normal(c.initializer_range)),
    "masked-lm": (w, c) => bertLmHead(w, c, w.at("nomic_bert.embeddings.word_embeddings"), "transform.layer_norm"),
    "sequence-classification": (w, c, classes) =>
      rotaryClassificationHead(w, c, w.at("nomic_bert.pooler.dense"), classes),
    "token-classification": bertTokenHead,
  },
};

/** BERT's classification head: the pooler, dropout, a linear layer. */
export function rotaryClassificationHead(w: Weights, c: RotaryBertConfig, pooler: Weights, classes: number) {
  const { hidden_size: width, classifier_dropout: p } = c;
  const init = normal(c.initializer_range);
  const pool = bertPooler(pooler, width, init);
  return pooledClassificationHead(w.at("classifier"), pool, { width, classes, dropout: p, init });
}
