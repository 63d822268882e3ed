/**
 * GPT-2: Radford et al. 2019, "Language Models are Unsupervised Multitask Learners".
 *
 * A decoder-only stack: causal self-attention and feed-forward, each preceded by a layer norm (pre-norm), and one final
 * norm. Weights are stored (inner, out), as in the original code.
 */
import type { Batch } from "../../data/sample.js";
import type { SequenceHead } from "../../heads/pooled.js";
import type { TokenHead } from "../../heads/tagging.js";
import { selfAttention } from "../../nn/attention.js";
import { constant, normal } from "../../nn/init.js";
import type { DecoderCache } from "../../nn/kv-cache.js";
import { adaptable, biasFreeLinear, type Layer, norm } from "../../nn/layers.js";
import type { Weights } from "../../nn/weights.js";
import type { LmHead } from "../../objectives/masked-lm.js";
import { type Activation, activationNamed } from "../../tensor/ops/activation.js";
import { affine } from "../../tensor/ops/affine.js";
import { dropout } from "../../tensor/ops/dropout.js";
import { add, columns } from "../../tensor/ops/elementwise.js";
import { embeddingSum, gatherRows } from "../../tensor/ops/embedding.js";
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
  section,
  standardDeviation,
  wholeNumber,
  withOwnNames,
} from "../family/config.js";
import { type Encoder, encodes, runLayers, type Trace } from "../family/encoder.js";
import type { EncoderFamily } from "../family/family.js";
import { lmHead, placeOf } from "../family/lm-head.js";
import type { ModelSizes } from "../family/sizes.js";
import { tokenClassificationHead } from "../family/task-heads.js";

/** Field for field the published config.json, as far as it changes the computation. */
export interface Gpt2Config {
  readonly vocab_size: number;
  readonly n_positions: number;
  readonly n_embd: number;
  readonly n_layer: number;
  readonly n_head: number;
  readonly n_inner: number;
  readonly activation_function: Activation;
  readonly resid_pdrop: number;
  readonly embd_pdrop: number;
  readonly attn_pdrop: number;
  readonly layer_norm_epsilon: number;
  readonly initializer_range: number;
  readonly scale_attn_weights: boolean;
  readonly scale_attn_by_inverse_layer_idx: boolean;
  readonly tie_word_embeddings: boolean;
  /** -1: none */
  readonly pad_token_id: number;
  /** not a published field: false keeps every bias at zero, so that the files remain those of a GPT-2 */
  readonly bias: boolean;
}

/** The names of fields that all families share. */
const SHARED_NAMES = {
  hidden_size: "n_embd",
  max_position_embeddings: "n_positions",
  num_attention_heads: "n_head",
  num_hidden_layers: "n_layer",
};

function readConfig(json: unknown): Gpt2Config {
  const c = withOwnNames(section(json), SHARED_NAMES);
  if (optional(c, "add_cross_attention", false))
    throw new ConfigError("config.json: add_cross_attention is true; gpt2 is supported without an encoder only");
  const width = number(c, "n_embd", 768);
  const heads = number(c, "n_head", 12);
  headWidth("n_embd", width, "n_head", heads);
  return {
    vocab_size: number(c, "vocab_size", 50257),
    n_positions: number(c, "n_positions", 1024),
    n_embd: width,
    n_layer: layerCount(c, "n_layer", 12),
    n_head: heads,
    n_inner: number(c, "n_inner", 4 * width),
    activation_function: activationNamed(optional(c, "activation_function", "gelu_new"), "activation_function"),
    resid_pdrop: dropoutProbability(c, "resid_pdrop", 0.1),
    embd_pdrop: dropoutProbability(c, "embd_pdrop", 0.1),
    attn_pdrop: dropoutProbability(c, "attn_pdrop", 0.1),
    layer_norm_epsilon: epsilon(c, "layer_norm_epsilon", 1e-5),
    initializer_range: standardDeviation(c, "initializer_range", 0.02),
    scale_attn_weights: optional(c, "scale_attn_weights", true),
    scale_attn_by_inverse_layer_idx: optional(c, "scale_attn_by_inverse_layer_idx", false),
    tie_word_embeddings: optional(c, "tie_word_embeddings", true),
    pad_token_id: wholeNumber(c, "pad_token_id", -1, -1),
    bias: optional(c, "bias", true),
  };
}

function freshConfig({ dropout: p, special = {}, ...sizes }: ModelSizes) {
  return {
    model_type: "gpt2",
    vocab_size: sizes.vocabSize,
    n_positions: sizes.maxPositionEmbeddings,
    n_embd: sizes.hiddenSize,
    n_layer: sizes.numHiddenLayers,
    n_head: sizes.numAttentionHeads,
    ...(sizes.intermediateSize !== undefined && { n_inner: sizes.intermediateSize }),
    activation_function: "gelu_new",
    resid_pdrop: p,
    embd_pdrop: p,
    attn_pdrop: p,
    layer_norm_epsilon: 1e-5,
    initializer_range: sizes.initializerRange ?? 0.02,
    bos_token_id: special.bos ?? special.eos,
    eos_token_id: special.eos,
    tie_word_embeddings: true,
  };
}

/** A linear layer with its weight stored (inner, out): x (rows, inner) -> (rows, out). */
function transposedLinear(
  w: Weights,
  inner: number,
  out: number,
  deviation: number,
  activation: Activation = "none",
): Layer {
  const weight = w.matrix("weight", [inner, out], normal(deviation), "inner-out");
  const bias = w.get("bias", [out], constant(0));
  return adaptable(w, { inner, out, transposed: true }, (x, a) => affine(x, weight, bias, a), activation);
}

const normOf = (w: Weights, c: Gpt2Config): Layer => norm(w, c.n_embd, c.layer_norm_epsilon);

/** The factor applied to q·k. */
function attentionScale(c: Gpt2Config, layer: number): number {
  const byWidth = c.scale_attn_weights ? 1 / Math.sqrt(c.n_embd / c.n_head) : 1;
  return c.scale_attn_by_inverse_layer_idx ? byWidth / (layer + 1) : byWidth;
}

type Block = (x: Tensor, batch: Batch, trace?: Trace, cache?: DecoderCache) => Steps<Tensor>;

function block(w: Weights, c: Gpt2Config, layer: number): Block {
  const { n_embd: width, n_head: heads, initializer_range: deviation, resid_pdrop: p } = c;
  // Projections into the residual stream are initialized with std / √(2 · layers), so that its variance does not grow with depth.
  const residualDeviation = deviation / Math.sqrt(2 * c.n_layer);
  const attentionNorm = normOf(w.at("ln_1"), c);
  const project = transposedLinear(w.at("attn.c_attn"), width, 3 * width, deviation);
  const attentionOutput = transposedLinear(w.at("attn.c_proj"), width, width, residualDeviation);
  const feedForwardNorm = normOf(w.at("ln_2"), c);
  const up = transposedLinear(w.at("mlp.c_fc"), width, c.n_inner, deviation, c.activation_function);
  const down = transposedLinear(w.at("mlp.c_proj"), c.n_inner, width, residualDeviation);
  const scale = attentionScale(c, layer);
  return function* (x, batch, trace, cache) {
    const projected = project(attentionNorm(x));
    yield;
    const [query, key, value] = [0, 1, 2].map((i) => columns(projected, i * width, (i + 1) * width)) as [
      Tensor,
      Tensor,
      Tensor,
    ];
    const attended = selfAttention(query, key, value, batch, {
      heads,
      dropout: c.attn_pdrop,
      causal: true,
      scale,
      attentions: trace?.attentions,
      past: cache && { cache, layer },
    });
    yield;
    x = add(x, dropout(attentionOutput(attended), p));
    const inner = up(feedForwardNorm(x));
    yield;
    return add(x, dropout(down(inner), p));
  };
}

function encoder(w: Weights, c: Gpt2Config): Encoder {
  const body = w.at("transformer");
  const init = normal(c.initializer_range);
  const tokens = body.at("wte").table("weight", [c.vocab_size, c.n_embd], init);
  const position = body.at("wpe").get("weight", [c.n_positions, c.n_embd], init);
  const blocks = Array.from({ length: c.n_layer }, (_, i) => block(body.at(`h.${i}`), c, i));
  const finalNorm = normOf(body.at("ln_f"), c);
  if (!c.bias) w.freeze((name) => name.startsWith("transformer.") && name.endsWith(".bias"));
  return {
    hiddenSize: c.n_embd,
    maxLength: c.n_positions,
    ...encodes((batch, trace, cache) => {
      const sum = embeddingSum([
        [tokens, batch.ids],
        [position, batch.positions],
      ]);
      const embedded = dropout(sum, c.embd_pdrop);
      return runLayers(embedded, blocks, (layer, x) => layer(x, batch, trace, cache), trace, finalNorm);
    }),
  };
}

/** The decoder alone, usually tied to the token embeddings, without bias. */
function causalLmHead(w: Weights, c: Gpt2Config): LmHead {
  return lmHead({
    vocabulary: c.vocab_size,
    width: c.n_embd,
    weight: placeOf(w.at("lm_head"), w.at("transformer.wte"), c.tie_word_embeddings),
    bias: null,
    init: normal(c.initializer_range),
  });
}

/** The last token of each row that is not padding, which a text may hold too; the first if all are. */
function lastTokens({ ids, starts, rows }: Batch, padding: number): Int32Array {
  return Int32Array.from({ length: rows }, (_, row) => {
    const first = starts[row]!;
    const last = ids.subarray(first, starts[row + 1]!).findLastIndex((id) => id !== padding);
    return first + Math.max(0, last);
  });
}

/** Classification at the last token, the only one that attends to the whole text. */
function sequenceHead(w: Weights, c: Gpt2Config, classes: number): SequenceHead {
  const score = biasFreeLinear(w.at("score"), c.n_embd, classes, normal(c.initializer_range));
  return { sequenceScores: (hidden, batch) => score(gatherRows(hidden, lastTokens(batch, c.pad_token_id))) };
}

/** The published code's dropout for files that do not say. */
const CLASSIFIER_DROPOUT = 0.1;

function tokenHead(w: Weights, c: Gpt2Config, classes: number): TokenHead {
  const sizes = { width: c.n_embd, classes, dropout: CLASSIFIER_DROPOUT, init: normal(c.initializer_range) };
  return tokenClassificationHead(w.at("classifier"), sizes);
}

/** Bare files lack the prefix; causal masks are buffers. */
function canonicalName(stored: string): string | null {
  if (/\.attn\.(bias|masked_bias)$/.test(stored)) return null;
  return /^(wte|wpe|h|ln_f)\./.test(stored) ? `transformer.${stored}` : stored;
}

export const gpt2: EncoderFamily<Gpt2Config> = {
  type: "gpt2",
  prefix: "transformer",
  architectures: {
    "feature-extraction": "GPT2Model",
    "causal-lm": "GPT2LMHeadModel",
    "sequence-classification": "GPT2ForSequenceClassification",
    "token-classification": "GPT2ForTokenClassification",
  },
  vocabulary: { algorithm: "byte-level-bpe", special: ["<|endoftext|>"], uncased: false },
  parameters: {
    embeddings: ["transformer.wte", "transformer.wpe"],
    stacks: ["transformer.h"],
    countField: "n_layer",
  },
  fresh: freshConfig,
  configFields: [
    "activation_function add_cross_attention attn_pdrop embd_pdrop hidden_size initializer_range layer_norm_epsilon max_position_embeddings n_embd n_head n_inner n_layer n_positions num_attention_heads num_hidden_layers pad_token_id resid_pdrop scale_attn_by_inverse_layer_idx scale_attn_weights tie_word_embeddings vocab_size",
  ],
  read: readConfig,
  canonicalName,
  tied: (c) => (c.tie_word_embeddings ? { "lm_head.weight": "transformer.wte.weight" } : {}),
  isHead: (name) => /^(lm_head|score|classifier)\b/.test(name),
  encoder,
  heads: {
    "causal-lm": causalLmHead,
    "sequence-classification": sequenceHead,
    "token-classification": tokenHead,
  },
};
