/**
 * T5: Raffel et al. 2020, "Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer"
 * (arXiv:1910.10683); the gated form: Shazeer 2020, "GLU Variants Improve Transformer" (arXiv:2002.05202).
 *
 * An encoder-decoder without absolute positions: the first layer of each side learns a bias by distance, which all layers
 * add to their scores. Norms divide by the root mean square, before each part; no map has a bias, and scores of attention
 * are not scaled.
 */
import type { Batch } from "../data/sample.js";
import { type AttentionSettings, crossAttention, type Source, selfAttention } from "../nn/attention.js";
import type { DecoderCache } from "../nn/cache.js";
import { feedForward, gatedFeedForward, separateGate } from "../nn/feedforward.js";
import { normal } from "../nn/init.js";
import { biasFreeLinear, type Layer, rmsNorm } from "../nn/layers.js";
import { relativeBucket } from "../nn/relative-position.js";
import type { Weights } from "../nn/weights.js";
import { type Activation, activationNamed } from "../tensor/ops/activation.js";
import { dropout } from "../tensor/ops/dropout.js";
import { add, scale } from "../tensor/ops/elementwise.js";
import { embedding } from "../tensor/ops/embedding.js";
import { relativeBias } from "../tensor/ops/relative-bias.js";
import type { Tensor } from "../tensor/tensor.js";
import { ConfigError, dropoutShare, epsilon, number, optional, section } from "./config.js";
import type { Encoder, EncoderDecoder, Trace } from "./encoder.js";
import type { EncoderFamily } from "./family.js";
import { lmHead } from "./lm-head.js";
import { shiftRight } from "./shift.js";

/** The published config.json, as far as it changes the computation. */
export interface T5Config {
  readonly vocab_size: number;
  readonly d_model: number;
  readonly d_kv: number;
  readonly d_ff: number;
  readonly num_layers: number;
  readonly num_decoder_layers: number;
  readonly num_heads: number;
  readonly relative_attention_num_buckets: number;
  readonly relative_attention_max_distance: number;
  readonly dropout_rate: number;
  readonly layer_norm_epsilon: number;
  readonly initializer_factor: number;
  readonly activation: Activation;
  readonly gated: boolean;
  readonly tie_word_embeddings: boolean;
  /** whether hidden states are scaled before they become scores */
  readonly scale_decoder_outputs: boolean;
  readonly decoder_start_token_id: number;
}

/** "relu", "gated-gelu", …: what the layers between do. Plain "gated-gelu" means the tanh form, as it was trained. */
function feedForwardKind(name: string): { activation: Activation; gated: boolean } {
  const gated = name.startsWith("gated-");
  const kind = gated ? name.slice("gated-".length) : name;
  return { gated, activation: activationNamed(name === "gated-gelu" ? "gelu_new" : kind) };
}

function readConfig(json: unknown): T5Config {
  const c = section(json);
  const layers = number(c, "num_layers", 6);
  const tied = optional(c, "tie_word_embeddings", true);
  if (optional(c, "is_decoder", false))
    throw new ConfigError("config.json: is_decoder is true; t5 has both sides here");
  return {
    vocab_size: number(c, "vocab_size", 32128),
    d_model: number(c, "d_model", 512),
    d_kv: number(c, "d_kv", 64),
    d_ff: number(c, "d_ff", 2048),
    num_layers: layers,
    num_decoder_layers: number(c, "num_decoder_layers", layers),
    num_heads: number(c, "num_heads", 8),
    relative_attention_num_buckets: number(c, "relative_attention_num_buckets", 32),
    relative_attention_max_distance: number(c, "relative_attention_max_distance", 128),
    dropout_rate: dropoutShare(c, "dropout_rate", 0.1),
    layer_norm_epsilon: epsilon(c, "layer_norm_epsilon", 1e-6),
    initializer_factor: optional(c, "initializer_factor", 1),
    ...feedForwardKind(optional(c, "feed_forward_proj", "relu")),
    tie_word_embeddings: tied,
    scale_decoder_outputs: optional(c, "scale_decoder_outputs", tied),
    decoder_start_token_id: optional(c, "decoder_start_token_id", 0),
  };
}

interface Projections {
  readonly query: Layer;
  readonly key: Layer;
  readonly value: Layer;
  readonly mix: Layer;
}

/** Initialised as mesh_tensorflow does: scores are not scaled, so queries begin smaller by the root of a head's width. */
function projections(w: Weights, c: T5Config): Projections {
  const { d_model: width, d_kv: dim, num_heads: heads, initializer_factor: factor } = c;
  const inner = heads * dim;
  const map = (name: string, from: number, to: number, deviation: number) =>
    biasFreeLinear(w.at(name), from, to, normal(factor * deviation));
  return {
    query: map("q", width, inner, 1 / Math.sqrt(width * dim)),
    key: map("k", width, inner, 1 / Math.sqrt(width)),
    value: map("v", width, inner, 1 / Math.sqrt(width)),
    mix: map("o", inner, width, 1 / Math.sqrt(inner)),
  };
}

function feedForwardOf(w: Weights, c: T5Config): Layer {
  const { d_model: width, d_ff: inner, initializer_factor: factor, activation, dropout_rate: p } = c;
  const toInner = normal(factor / Math.sqrt(width));
  const down = biasFreeLinear(w.at("wo"), inner, width, normal(factor / Math.sqrt(inner)));
  if (!c.gated) return feedForward(biasFreeLinear(w.at("wi"), width, inner, toInner, activation), down, p);
  const gate = biasFreeLinear(w.at("wi_0"), width, inner, toInner, activation);
  const up = biasFreeLinear(w.at("wi_1"), width, inner, toInner);
  return gatedFeedForward(separateGate(gate, up), down, p);
}

/** One part of a layer: what it makes of the normalised sum is added to the sum. */
function residual(w: Weights, c: T5Config): (x: Tensor, part: (x: Tensor) => Tensor) => Tensor {
  const normalise = rmsNorm(w.at("layer_norm"), c.d_model, c.layer_norm_epsilon);
  return (x, part) => add(x, dropout(part(normalise(x)), c.dropout_rate));
}

const settingsOf = (c: T5Config): AttentionSettings => ({ heads: c.num_heads, dropout: c.dropout_rate, scale: 1 });

/** What a layer of either side is given. */
interface Step {
  readonly batch: Batch;
  readonly bias: Tensor;
  readonly trace: Trace | undefined;
  readonly source?: Source;
  readonly cache?: DecoderCache | undefined;
}

type Block = (x: Tensor, step: Step) => Tensor;

function encoderBlock(w: Weights, c: T5Config): Block {
  const own = projections(w.at("layer.0.SelfAttention"), c);
  const aroundOwn = residual(w.at("layer.0"), c);
  const think = feedForwardOf(w.at("layer.1.DenseReluDense"), c);
  const aroundThought = residual(w.at("layer.1"), c);
  return (x, { batch, bias, trace }) => {
    const options = { ...settingsOf(c), bias, attentions: trace?.attentions };
    x = aroundOwn(x, (y) => own.mix(selfAttention(own.query(y), own.key(y), own.value(y), batch, options)));
    return aroundThought(x, think);
  };
}

function decoderBlock(w: Weights, c: T5Config, layer: number): Block {
  const own = projections(w.at("layer.0.SelfAttention"), c);
  const aroundOwn = residual(w.at("layer.0"), c);
  const other = projections(w.at("layer.1.EncDecAttention"), c);
  const aroundOther = residual(w.at("layer.1"), c);
  const think = feedForwardOf(w.at("layer.2.DenseReluDense"), c);
  const aroundThought = residual(w.at("layer.2"), c);
  return (x, { batch, bias, trace, source, cache }) => {
    const { hidden, starts: keyStarts, queryStarts } = source!;
    const past = cache && { cache, layer };
    const options = { ...settingsOf(c), causal: true, bias, attentions: trace?.attentions, past };
    x = aroundOwn(x, (y) => own.mix(selfAttention(own.query(y), own.key(y), own.value(y), batch, options)));
    const make = () => ({ key: other.key(hidden), value: other.value(hidden) });
    const { key, value } = cache ? cache.source(layer, keyStarts, make) : make();
    const starts = { starts: queryStarts ?? batch.starts, keyStarts };
    const crossOptions = { ...settingsOf(c), attentions: trace?.crossAttentions };
    x = aroundOther(x, (y) => other.mix(crossAttention(other.query(y), key, value, starts, crossOptions)));
    return aroundThought(x, think);
  };
}

/** One table for both sides; or one for each, where the output is not tied and the file has them. */
function inputEmbeddings(w: Weights, c: T5Config, side: "encoder" | "decoder"): Tensor {
  const shape = [c.vocab_size, c.d_model];
  const shared = w.at("shared").get("weight", shape, normal(c.initializer_factor));
  const name = `${side}.embed_tokens.weight`;
  if (c.tie_word_embeddings || !w.has(name)) return shared;
  // Then nothing reads the shared table: it is kept, and does not learn.
  w.freeze((other) => other === "shared.weight");
  return w.get(name, shape, normal(c.initializer_factor));
}

/** One side: embeddings, blocks that share a bias, a norm. */
function stack(w: Weights, c: T5Config, side: "encoder" | "decoder") {
  const place = w.at(side);
  const count = side === "encoder" ? c.num_layers : c.num_decoder_layers;
  const tokens = inputEmbeddings(w, c, side);
  const { relative_attention_num_buckets: buckets, relative_attention_max_distance: farthest } = c;
  const table = place
    .at("block.0.layer.0.SelfAttention.relative_attention_bias")
    .get("weight", [buckets, c.num_heads], normal(c.initializer_factor / Math.sqrt(c.d_model)));
  const make = side === "encoder" ? encoderBlock : decoderBlock;
  const blocks = Array.from({ length: count }, (_, i) => make(place.at(`block.${i}`), c, i));
  const last = rmsNorm(place.at("final_layer_norm"), c.d_model, c.layer_norm_epsilon);
  const bucket = (d: number) => relativeBucket(d, { buckets, farthest, bothWays: side === "encoder" });

  return (batch: Batch, step: Omit<Step, "batch" | "bias">): Tensor => {
    const { trace, cache } = step;
    const { starts } = batch;
    const keyStarts = cache ? cache.keyStarts(starts) : starts;
    const bias = relativeBias(table, { starts, keyStarts, bucket });
    let x = dropout(embedding(tokens, batch.ids), c.dropout_rate);
    for (const block of blocks) {
      trace?.hidden.push(x);
      x = block(x, { batch, bias, ...step });
    }
    x = dropout(last(x), c.dropout_rate);
    trace?.hidden.push(x);
    return x;
  };
}

/** Relative distances have no end; memory has. */
const POSITIONS = 4096;

function encoder(w: Weights, c: T5Config): Encoder {
  const run = stack(w, c, "encoder");
  return { width: c.d_model, positions: POSITIONS, encode: (batch, trace) => run(batch, { trace }) };
}

function decoder(w: Weights, c: T5Config): EncoderDecoder {
  const run = stack(w, c, "decoder");
  // A file without the output's own weights means the embeddings, whatever its configuration says.
  const own = !c.tie_word_embeddings && (w.has("lm_head.weight") || !w.has("shared.weight"));
  const factor = c.scale_decoder_outputs ? 1 / Math.sqrt(c.d_model) : 1;
  return {
    decode: (batch, source, trace, cache) => run(batch, { trace, source, cache }),
    ...lmHead({
      vocabulary: c.vocab_size,
      width: c.d_model,
      weight: own ? w.at("lm_head") : w.at("shared"),
      bias: null,
      init: normal(c.initializer_factor),
      ...(factor !== 1 && { transform: (rows) => scale(rows, factor) }),
    }),
    shifted: (target) => shiftRight(target, c.decoder_start_token_id),
  };
}

export const t5: EncoderFamily<T5Config> = {
  type: "t5",
  prefix: "",
  architectures: { "seq2seq-lm": "T5ForConditionalGeneration" },
  read: readConfig,
  // An unused table that some published files carry.
  canonicalName: (stored) => (stored.endsWith("EncDecAttention.relative_attention_bias.weight") ? null : stored),
  tied: (c) =>
    c.tie_word_embeddings
      ? {
          "encoder.embed_tokens.weight": "shared.weight",
          "decoder.embed_tokens.weight": "shared.weight",
          "lm_head.weight": "shared.weight",
        }
      : {},
  isHead: () => false,
  encoder,
  heads: { rewrite: decoder },
};
