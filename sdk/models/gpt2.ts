/**
 * GPT-2: Radford et al. 2019, "Language Models are Unsupervised Multitask Learners".
 *
 * A stack of layers in which every token sees itself and what stands before it; each half of a layer is normalised before
 * it (pre-norm), and the sum once more at the end. Weights are stored (inner, out), as the original code has them.
 */
import type { Batch } from "../data/sample.js";
import type { SequenceHead } from "../heads/pooled.js";
import type { TokenHead } from "../heads/tagging.js";
import type { LmHead } from "../heads/token-prediction.js";
import { selfAttention } from "../nn/attention.js";
import type { DecoderCache } from "../nn/cache.js";
import { constant, normal } from "../nn/init.js";
import { adaptable, biasFreeLinear, type Layer, linear, norm } from "../nn/layers.js";
import type { Weights } from "../nn/weights.js";
import { type Activation, activationNamed } from "../tensor/ops/activation.js";
import { affineTransposed } from "../tensor/ops/affine.js";
import { dropout } from "../tensor/ops/dropout.js";
import { add, columns } from "../tensor/ops/elementwise.js";
import { embeddingSum, gatherRows } from "../tensor/ops/embedding.js";
import type { Tensor } from "../tensor/tensor.js";
import { ConfigError, dropoutShare, epsilon, number, optional, section, standardDeviation } from "./config.js";
import type { Encoder, Trace } from "./encoder.js";
import type { EncoderFamily } from "./family.js";
import { lmHead } from "./lm-head.js";

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
  /** of this library: false leaves every bias at zero, so that the files are still those of a GPT-2 */
  readonly bias: boolean;
}

function readConfig(json: unknown): Gpt2Config {
  const c = section(json);
  if (optional(c, "add_cross_attention", false))
    throw new ConfigError("config.json: add_cross_attention is true; gpt2 is supported without an encoder only");
  const width = number(c, "n_embd", 768);
  const heads = number(c, "n_head", 12);
  if (width % heads !== 0) throw new ConfigError(`config.json: n_embd ${width} is not a multiple of n_head ${heads}`);
  return {
    vocab_size: number(c, "vocab_size", 50257),
    n_positions: number(c, "n_positions", 1024),
    n_embd: width,
    n_layer: number(c, "n_layer", 12),
    n_head: heads,
    n_inner: number(c, "n_inner", 4 * width),
    activation_function: activationNamed(optional(c, "activation_function", "gelu_new")),
    resid_pdrop: dropoutShare(c, "resid_pdrop", 0.1),
    embd_pdrop: dropoutShare(c, "embd_pdrop", 0.1),
    attn_pdrop: dropoutShare(c, "attn_pdrop", 0.1),
    layer_norm_epsilon: epsilon(c, "layer_norm_epsilon", 1e-5),
    initializer_range: standardDeviation(c, "initializer_range", 0.02),
    scale_attn_weights: optional(c, "scale_attn_weights", true),
    scale_attn_by_inverse_layer_idx: optional(c, "scale_attn_by_inverse_layer_idx", false),
    tie_word_embeddings: optional(c, "tie_word_embeddings", true),
    bias: optional(c, "bias", true),
  };
}

/** x (rows, inner) -> (rows, out), with the weight stored (inner, out). */
function turned(w: Weights, inner: number, out: number, deviation: number, activation: Activation = "none"): Layer {
  const weight = w.get("weight", [inner, out], normal(deviation));
  const bias = w.get("bias", [out], constant(0));
  return adaptable(w, { inner, out, turned: true }, (x, a) => affineTransposed(x, weight, bias, a), activation);
}

const normalised = (w: Weights, c: Gpt2Config): Layer => norm(w, c.n_embd, c.layer_norm_epsilon);

/** What the products of queries and keys are multiplied with. */
function attentionScale(c: Gpt2Config, layer: number): number {
  const byWidth = c.scale_attn_weights ? 1 / Math.sqrt(c.n_embd / c.n_head) : 1;
  return c.scale_attn_by_inverse_layer_idx ? byWidth / (layer + 1) : byWidth;
}

type Block = (x: Tensor, batch: Batch, trace?: Trace, cache?: DecoderCache) => Tensor;

function block(w: Weights, c: Gpt2Config, layer: number): Block {
  const { n_embd: width, n_head: heads, initializer_range: deviation, resid_pdrop: p } = c;
  // Every layer adds twice to the sum: its last products begin smaller, so that the sum does not grow with the depth.
  const towardsSum = deviation / Math.sqrt(2 * c.n_layer);
  const beforeAttention = normalised(w.at("ln_1"), c);
  const project = turned(w.at("attn.c_attn"), width, 3 * width, deviation);
  const mix = turned(w.at("attn.c_proj"), width, width, towardsSum);
  const beforeThought = normalised(w.at("ln_2"), c);
  const widen = turned(w.at("mlp.c_fc"), width, c.n_inner, deviation, c.activation_function);
  const narrow = turned(w.at("mlp.c_proj"), c.n_inner, width, towardsSum);
  const scale = attentionScale(c, layer);
  return (x, batch, trace, cache) => {
    const projected = project(beforeAttention(x));
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
    x = add(x, dropout(mix(attended), p));
    return add(x, dropout(narrow(widen(beforeThought(x))), p));
  };
}

function encoder(w: Weights, c: Gpt2Config): Encoder {
  const body = w.at("transformer");
  const init = normal(c.initializer_range);
  const tokens = body.at("wte").get("weight", [c.vocab_size, c.n_embd], init);
  const places = body.at("wpe").get("weight", [c.n_positions, c.n_embd], init);
  const blocks = Array.from({ length: c.n_layer }, (_, i) => block(body.at(`h.${i}`), c, i));
  const last = normalised(body.at("ln_f"), c);
  if (!c.bias) w.freeze((name) => name.startsWith("transformer.") && name.endsWith(".bias"));
  return {
    width: c.n_embd,
    positions: c.n_positions,
    encode(batch, trace, cache) {
      const { ids, positions } = batch;
      let x = dropout(
        embeddingSum([
          [tokens, ids],
          [places, positions],
        ]),
        c.embd_pdrop,
      );
      for (const layer of blocks) {
        trace?.hidden.push(x);
        x = layer(x, batch, trace, cache);
      }
      x = last(x);
      trace?.hidden.push(x);
      return x;
    },
  };
}

/** The token embeddings again, as scores of what comes next; no bias. */
function languageHead(w: Weights, c: Gpt2Config): LmHead {
  return lmHead({
    vocabulary: c.vocab_size,
    width: c.n_embd,
    weight: c.tie_word_embeddings ? w.at("transformer.wte") : w.at("lm_head"),
    bias: null,
    init: normal(c.initializer_range),
  });
}

/** Scores of a row at its last token: the only one that has seen all of it. */
function rowHead(w: Weights, c: Gpt2Config, classes: number): SequenceHead {
  const score = biasFreeLinear(w.at("score"), c.n_embd, classes, normal(c.initializer_range));
  return {
    rowScores: (hidden, { starts, rows }) =>
      score(
        gatherRows(
          hidden,
          starts.slice(1, rows + 1).map((end) => end - 1),
        ),
      ),
  };
}

function tagHead(w: Weights, c: Gpt2Config, classes: number): TokenHead {
  const classify = linear(w.at("classifier"), c.n_embd, classes, normal(c.initializer_range));
  return { tagScores: (hidden) => classify(dropout(hidden, 0.1)) };
}

/** Bare files lack the prefix; masks of causality are buffers. */
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
  read: readConfig,
  canonicalName,
  tied: (c) => (c.tie_word_embeddings ? { "lm_head.weight": "transformer.wte.weight" } : {}),
  isHead: (name) => /^(lm_head|score|classifier)\b/.test(name),
  encoder,
  heads: { continue: languageHead, classify: rowHead, tag: tagHead },
};
