/**
 * EuroBERT: Boizard et al. 2025, "EuroBERT: Scaling Multilingual Encoders for European Languages" (arXiv:2503.05500).
 *
 * Llama's layers without the causal mask: RMSNorm before each part, rotary positions, grouped-query attention and a
 * SwiGLU feed-forward, without biases. The language-model head is a single linear layer.
 */
import type { Batch } from "../../data/sample.js";
import { shown } from "../../errors.js";
import type { SequenceHead } from "../../heads/pooled.js";
import { repeatHeads, selfAttention } from "../../nn/attention.js";
import { gatedFeedForward, separateGate } from "../../nn/feedforward.js";
import { normal } from "../../nn/init.js";
import { type LayerInSteps, linear, rmsNorm } from "../../nn/layers.js";
import { RotaryTable } from "../../nn/position.js";
import type { Weights } from "../../nn/weights.js";
import type { LmHead } from "../../objectives/masked-lm.js";
import { type Activation, activationNamed } from "../../tensor/ops/activation.js";
import { add } from "../../tensor/ops/elementwise.js";
import { embedding } from "../../tensor/ops/embedding.js";
import { segmentMean } from "../../tensor/ops/reduce.js";
import { rotate } from "../../tensor/ops/rope.js";
import type { Steps } from "../../tensor/steps.js";
import type { Tensor } from "../../tensor/tensor.js";
import {
  ConfigError,
  dropoutProbability,
  epsilon,
  headWidth,
  layerCount,
  number,
  optional,
  ropeTheta,
  rotaryHeadWidth,
  type Section,
  section,
  standardDeviation,
} from "../family/config.js";
import { type Encoder, encodes, runLayers, type Trace } from "../family/encoder.js";
import type { EncoderFamily } from "../family/family.js";
import { lmHead, placeOf } from "../family/lm-head.js";
import type { ModelSizes } from "../family/sizes.js";
import { firstTokens, tokenClassificationHead } from "../family/task-heads.js";

/** The published config.json, as far as it changes the computation. */
export interface EuroBertConfig {
  readonly vocab_size: number;
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads: number;
  readonly head_dim: number;
  readonly max_position_embeddings: number;
  readonly hidden_act: Activation;
  readonly rms_norm_eps: number;
  readonly rope_theta: number;
  readonly attention_bias: boolean;
  readonly attention_dropout: number;
  readonly mlp_bias: boolean;
  readonly classifier_pooling: ClassifierPooling;
  readonly initializer_range: number;
  readonly tie_word_embeddings: boolean;
}

/** `late` averages the scores of all tokens, `mean` their hidden states; `bos` takes the first token. */
type ClassifierPooling = "late" | "mean" | "bos";

function poolingOf(c: Section): ClassifierPooling {
  const pooling = optional(c, "classifier_pooling", "late");
  if (pooling !== "late" && pooling !== "mean" && pooling !== "bos")
    throw new ConfigError(`config.json: classifier_pooling must be late, mean or bos, got ${shown(pooling)}`);
  return pooling;
}

function readConfig(json: unknown): EuroBertConfig {
  const c = section(json);
  const width = number(c, "hidden_size", 768);
  const heads = number(c, "num_attention_heads", 12);
  const keyHeads = number(c, "num_key_value_heads", heads);
  const dim = rotaryHeadWidth(c, headWidth("hidden_size", width, "num_attention_heads", heads));
  if (heads % keyHeads !== 0)
    throw new ConfigError(
      `config.json: num_attention_heads ${heads} is not a multiple of num_key_value_heads ${keyHeads}`,
    );
  return {
    vocab_size: number(c, "vocab_size", 128_256),
    hidden_size: width,
    intermediate_size: number(c, "intermediate_size", 3072),
    num_hidden_layers: layerCount(c, "num_hidden_layers", 12),
    num_attention_heads: heads,
    num_key_value_heads: keyHeads,
    head_dim: dim,
    max_position_embeddings: number(c, "max_position_embeddings", 8192),
    hidden_act: activationNamed(optional(c, "hidden_act", "silu"), "hidden_act"),
    rms_norm_eps: epsilon(c, "rms_norm_eps", 1e-5),
    rope_theta: ropeTheta(c, 10_000),
    attention_bias: optional(c, "attention_bias", false),
    attention_dropout: dropoutProbability(c, "attention_dropout", 0),
    mlp_bias: optional(c, "mlp_bias", false),
    classifier_pooling: poolingOf(c),
    initializer_range: standardDeviation(c, "initializer_range", 0.02),
    tie_word_embeddings: optional(c, "tie_word_embeddings", false),
  };
}

function freshConfig({ special = {}, ...sizes }: ModelSizes) {
  return {
    model_type: "eurobert",
    vocab_size: sizes.vocabSize,
    hidden_size: sizes.hiddenSize,
    intermediate_size: sizes.intermediateSize ?? 4 * sizes.hiddenSize,
    num_hidden_layers: sizes.numHiddenLayers,
    num_attention_heads: sizes.numAttentionHeads,
    num_key_value_heads: sizes.numAttentionHeads,
    max_position_embeddings: sizes.maxPositionEmbeddings,
    hidden_act: "silu",
    rms_norm_eps: 1e-5,
    rope_parameters: { rope_type: "default", rope_theta: 250_000 },
    attention_dropout: sizes.dropout,
    initializer_range: sizes.initializerRange ?? 0.02,
    tie_word_embeddings: false,
    pad_token_id: special.pad ?? null,
    bos_token_id: special.bos ?? special.cls ?? null,
    eos_token_id: special.eos ?? special.sep ?? null,
  };
}

/** The inputs of a layer other than the hidden states. */
interface Step {
  readonly batch: Batch;
  /** rotary table (positions, head_dim) */
  readonly rotary: Tensor;
  readonly trace: Trace | undefined;
}

function attentionOf(w: Weights, c: EuroBertConfig): (x: Tensor, step: Step) => Steps<Tensor> {
  const { hidden_size: h, num_attention_heads: heads, num_key_value_heads: keyHeads, head_dim: dim } = c;
  const init = normal(c.initializer_range);
  const query = linear(w.at("q_proj"), h, heads * dim, init, "none", c.attention_bias);
  const key = linear(w.at("k_proj"), h, keyHeads * dim, init, "none", c.attention_bias);
  const value = linear(w.at("v_proj"), h, keyHeads * dim, init, "none", c.attention_bias);
  const output = linear(w.at("o_proj"), heads * dim, h, init, "none", c.attention_bias);
  return function* (x, { batch, rotary, trace }) {
    const q = rotate(query(x), rotary, batch.positions);
    const k = repeatHeads(rotate(key(x), rotary, batch.positions), keyHeads, heads);
    const v = repeatHeads(value(x), keyHeads, heads);
    yield;
    const settings = { heads, dropout: c.attention_dropout, attentions: trace?.attentions };
    const attended = selfAttention(q, k, v, batch, settings);
    yield;
    return output(attended);
  };
}

function feedForwardOf(w: Weights, c: EuroBertConfig): LayerInSteps {
  const { hidden_size: h, intermediate_size: inner, mlp_bias: bias } = c;
  const init = normal(c.initializer_range);
  const gate = linear(w.at("gate_proj"), h, inner, init, c.hidden_act, bias);
  const up = linear(w.at("up_proj"), h, inner, init, "none", bias);
  const down = linear(w.at("down_proj"), inner, h, init, "none", bias);
  return gatedFeedForward(separateGate(gate, up), down);
}

function layerOf(w: Weights, c: EuroBertConfig): (x: Tensor, step: Step) => Steps<Tensor> {
  const attentionNorm = rmsNorm(w.at("input_layernorm"), c.hidden_size, c.rms_norm_eps);
  const attend = attentionOf(w.at("self_attn"), c);
  const feedForwardNorm = rmsNorm(w.at("post_attention_layernorm"), c.hidden_size, c.rms_norm_eps);
  const feedForward = feedForwardOf(w.at("mlp"), c);
  return function* (x, step) {
    x = add(x, yield* attend(attentionNorm(x), step));
    return add(x, yield* feedForward(feedForwardNorm(x)));
  };
}

function encoder(w: Weights, c: EuroBertConfig): Encoder {
  const body = w.at("model");
  const { hidden_size: h } = c;
  const tokens = body.at("embed_tokens").table("weight", [c.vocab_size, h], normal(c.initializer_range));
  const layers = Array.from({ length: c.num_hidden_layers }, (_, i) => layerOf(body.at(`layers.${i}`), c));
  const finalNorm = rmsNorm(body.at("norm"), h, c.rms_norm_eps);
  const table = new RotaryTable(c.head_dim, c.rope_theta);
  return {
    hiddenSize: h,
    maxLength: c.max_position_embeddings,
    ...encodes((batch, trace) => {
      const rotary = table.tensor(w.engine, batch.positions);
      const embedded = embedding(tokens, batch.ids);
      return runLayers(embedded, layers, (layer, x) => layer(x, { batch, rotary, trace }), trace, finalNorm);
    }),
  };
}

function maskedLmHead(w: Weights, c: EuroBertConfig): LmHead {
  const decoder = w.at("lm_head");
  return lmHead({
    vocabulary: c.vocab_size,
    width: c.hidden_size,
    weight: placeOf(decoder, w.at("model.embed_tokens"), c.tie_word_embeddings),
    bias: c.mlp_bias ? decoder : null,
    init: normal(c.initializer_range),
  });
}

/** Dense, GELU, classifier: over the pooled hidden states, or (`late`) over every token with the scores averaged. */
function sequenceHead(w: Weights, c: EuroBertConfig, classes: number): SequenceHead {
  const init = normal(c.initializer_range);
  const dense = linear(w.at("dense"), c.hidden_size, c.hidden_size, init, "gelu");
  const classify = linear(w.at("classifier"), c.hidden_size, classes, init);
  return {
    sequenceScores(hidden, batch) {
      if (c.classifier_pooling === "late") return segmentMean(classify(dense(hidden)), batch.starts);
      const pooled = c.classifier_pooling === "mean" ? segmentMean(hidden, batch.starts) : firstTokens(hidden, batch);
      return classify(dense(pooled));
    },
  };
}

export const eurobert: EncoderFamily<EuroBertConfig> = {
  type: "eurobert",
  prefix: "model",
  architectures: {
    "feature-extraction": "EuroBertModel",
    "masked-lm": "EuroBertForMaskedLM",
    "sequence-classification": "EuroBertForSequenceClassification",
    "token-classification": "EuroBertForTokenClassification",
  },
  vocabulary: { algorithm: "byte-level-bpe", uncased: false },
  parameters: {
    embeddings: ["model.embed_tokens"],
    stacks: ["model.layers"],
    countField: "num_hidden_layers",
  },
  fresh: freshConfig,
  configFields: [
    "attention_bias attention_dropout classifier_pooling head_dim hidden_act hidden_size initializer_range intermediate_size max_position_embeddings mlp_bias num_attention_heads num_hidden_layers num_key_value_heads rms_norm_eps rope_parameters rope_scaling rope_theta tie_word_embeddings vocab_size",
  ],
  read: readConfig,
  canonicalName: (stored) => (/^(embed_tokens|layers|norm)\./.test(stored) ? `model.${stored}` : stored),
  tied: (c) => (c.tie_word_embeddings ? { "lm_head.weight": "model.embed_tokens.weight" } : {}),
  isHead: (name) => /^(lm_head|dense|classifier)\./.test(name),
  encoder,
  heads: {
    "masked-lm": maskedLmHead,
    "sequence-classification": sequenceHead,
    "token-classification": (w, c, classes) =>
      tokenClassificationHead(w.at("classifier"), {
        width: c.hidden_size,
        classes,
        dropout: 0,
        init: normal(c.initializer_range),
      }),
  },
};
