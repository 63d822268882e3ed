/**
 * BART, mBART and Marian: encoder-decoders of one build that differ in where they normalise and in their positions.
 *
 * Lewis et al. 2020, "BART: Denoising Sequence-to-Sequence Pre-training" (arXiv:1910.13461); Liu et al. 2020,
 * "Multilingual Denoising Pre-training" (arXiv:2001.08210); Junczys-Dowmunt et al. 2018, "Marian" (arXiv:1804.00344).
 */
import type { Batch } from "../data/sample.js";
import { DataError } from "../data/source.js";
import type { SequenceHead } from "../heads/pooled.js";
import { crossAttention, type Source, selfAttention } from "../nn/attention.js";
import type { DecoderCache } from "../nn/cache.js";
import { feedForward } from "../nn/feedforward.js";
import { constant, normal } from "../nn/init.js";
import { type Layer, linear, norm } from "../nn/layers.js";
import { sinusoidalPositions } from "../nn/position.js";
import type { Weights } from "../nn/weights.js";
import { type Activation, activationNamed } from "../tensor/ops/activation.js";
import { dropout } from "../tensor/ops/dropout.js";
import { add, scale } from "../tensor/ops/elementwise.js";
import { embedding, gatherRows } from "../tensor/ops/embedding.js";
import { reshape, type Tensor } from "../tensor/tensor.js";
import { ConfigError, dropoutShare, number, optional, type Section, section, standardDeviation } from "./config.js";
import type { Encoder, EncoderDecoder, Trace } from "./encoder.js";
import type { EncoderFamily } from "./family.js";
import { lmHead } from "./lm-head.js";
import { shiftRight, wrapAround } from "./shift.js";

/** What sets the three apart. */
interface Variant {
  /** each half of a layer is normalised before it, and the sum once more at the end */
  readonly normalisesFirst: boolean;
  /** positions are learned, two places behind; or sines and cosines that no file holds */
  readonly learnedPositions: boolean;
  /** the embeddings are normalised */
  readonly normalisesEmbeddings: boolean;
  /** the decoder begins with the target's own last token instead of a fixed one */
  readonly wrapsTarget: boolean;
}

interface Side {
  readonly layers: number;
  readonly heads: number;
  readonly inner: number;
}

/** The published config.json, as far as it changes the computation; fields of encoder and decoder side by side. */
export interface BartConfig {
  readonly vocab_size: number;
  readonly d_model: number;
  readonly encoder: Side;
  readonly decoder: Side;
  readonly max_position_embeddings: number;
  readonly activation_function: Activation;
  readonly dropout: number;
  readonly attention_dropout: number;
  readonly activation_dropout: number;
  readonly classifier_dropout: number;
  readonly init_std: number;
  readonly scale_embedding: boolean;
  readonly pad_token_id: number;
  readonly eos_token_id: number;
  readonly decoder_start_token_id: number;
}

function sideOf(c: Section, name: "encoder" | "decoder", width: number): Side {
  const heads = number(c, `${name}_attention_heads`, 16);
  if (width % heads !== 0)
    throw new ConfigError(`config.json: d_model ${width} is not a multiple of ${name}_attention_heads ${heads}`);
  return { layers: number(c, `${name}_layers`, 12), heads, inner: number(c, `${name}_ffn_dim`, 4096) };
}

function readConfig(json: unknown): BartConfig {
  const c = section(json);
  if (!optional(c, "tie_word_embeddings", true))
    throw new ConfigError("config.json: tie_word_embeddings is false; it is supported true only for this family");
  if (!optional(c, "share_encoder_decoder_embeddings", true))
    throw new ConfigError("config.json: share_encoder_decoder_embeddings is false; it is supported true only");
  if (optional(c, "normalize_before", false))
    throw new ConfigError("config.json: normalize_before is true; it is supported false only");
  const width = number(c, "d_model", 1024);
  const vocabulary = number(c, "vocab_size", 50265);
  const target = optional(c, "decoder_vocab_size", vocabulary);
  if (target !== vocabulary)
    throw new ConfigError(
      `config.json: decoder_vocab_size ${target} is not vocab_size ${vocabulary}; one vocabulary is supported`,
    );
  return {
    vocab_size: vocabulary,
    d_model: width,
    encoder: sideOf(c, "encoder", width),
    decoder: sideOf(c, "decoder", width),
    max_position_embeddings: number(c, "max_position_embeddings", 1024),
    activation_function: activationNamed(optional(c, "activation_function", "gelu")),
    dropout: dropoutShare(c, "dropout", 0.1),
    attention_dropout: dropoutShare(c, "attention_dropout", 0),
    activation_dropout: dropoutShare(c, "activation_dropout", 0),
    classifier_dropout: dropoutShare(c, "classifier_dropout", 0),
    init_std: standardDeviation(c, "init_std", 0.02),
    scale_embedding: optional(c, "scale_embedding", false),
    pad_token_id: optional(c, "pad_token_id", 1),
    eos_token_id: optional(c, "eos_token_id", 2),
    decoder_start_token_id: optional(c, "decoder_start_token_id", 2),
  };
}

/** Learned positions begin two rows into their table. */
const OFFSET = 2;

/** Token and position embeddings of one side: ids -> (tokens, width). */
function embeddings(w: Weights, c: BartConfig, v: Variant, side: "encoder" | "decoder"): (batch: Batch) => Tensor {
  const { d_model: width, pad_token_id: padding } = c;
  const tokens = w.at("model.shared").get("weight", [c.vocab_size, width], normal(c.init_std));
  const place = w.at(`model.${side}`);
  const learned = v.learnedPositions
    ? place.at("embed_positions").get("weight", [c.max_position_embeddings + OFFSET, width], normal(c.init_std))
    : null;
  const normalise = v.normalisesEmbeddings ? norm(place.at("layernorm_embedding"), width, 1e-5) : (x: Tensor) => x;
  const factor = c.scale_embedding ? Math.sqrt(width) : 1;
  return ({ ids, positions }) => {
    const rows = embedding(tokens, ids, padding);
    const scaled = factor === 1 ? rows : scale(rows, factor);
    const places = learned
      ? embedding(
          learned,
          positions.map((i) => i + OFFSET),
        )
      : sinusoidalPositions(w.engine, positions, width);
    return dropout(normalise(add(scaled, places)), c.dropout);
  };
}

interface Projections {
  readonly query: Layer;
  readonly key: Layer;
  readonly value: Layer;
  readonly mix: Layer;
}

function projections(w: Weights, c: BartConfig): Projections {
  const map = (name: string) => linear(w.at(name), c.d_model, c.d_model, normal(c.init_std));
  return { query: map("q_proj"), key: map("k_proj"), value: map("v_proj"), mix: map("out_proj") };
}

/** One part of a layer: added to what it reads, and normalised before it or after. */
function residual(w: Weights, c: BartConfig, v: Variant): (x: Tensor, part: (x: Tensor) => Tensor) => Tensor {
  const normalise = norm(w, c.d_model, 1e-5);
  return (x, part) =>
    v.normalisesFirst ? add(x, dropout(part(normalise(x)), c.dropout)) : normalise(add(x, dropout(part(x), c.dropout)));
}

function feedForwardOf(w: Weights, c: BartConfig, inner: number): Layer {
  const init = normal(c.init_std);
  const up = linear(w.at("fc1"), c.d_model, inner, init, c.activation_function);
  const down = linear(w.at("fc2"), inner, c.d_model, init);
  return feedForward(up, down, c.activation_dropout);
}

type EncoderLayer = (x: Tensor, batch: Batch, trace?: Trace) => Tensor;

function encoderLayer(w: Weights, c: BartConfig, v: Variant): EncoderLayer {
  const { heads, inner } = c.encoder;
  const own = projections(w.at("self_attn"), c);
  const aroundAttention = residual(w.at("self_attn_layer_norm"), c, v);
  const think = feedForwardOf(w, c, inner);
  const aroundThought = residual(w.at("final_layer_norm"), c, v);
  return (x, batch, trace) => {
    const settings = { heads, dropout: c.attention_dropout, attentions: trace?.attentions };
    x = aroundAttention(x, (y) => own.mix(selfAttention(own.query(y), own.key(y), own.value(y), batch, settings)));
    return aroundThought(x, think);
  };
}

interface Step {
  readonly batch: Batch;
  readonly source: Source;
  readonly trace: Trace | undefined;
  readonly cache: DecoderCache | undefined;
}

type DecoderLayer = (x: Tensor, step: Step) => Tensor;

function decoderLayer(w: Weights, c: BartConfig, v: Variant, layer: number): DecoderLayer {
  const { heads, inner } = c.decoder;
  const own = projections(w.at("self_attn"), c);
  const aroundOwn = residual(w.at("self_attn_layer_norm"), c, v);
  const other = projections(w.at("encoder_attn"), c);
  const aroundOther = residual(w.at("encoder_attn_layer_norm"), c, v);
  const think = feedForwardOf(w, c, inner);
  const aroundThought = residual(w.at("final_layer_norm"), c, v);
  return (x, { batch, source, trace, cache }) => {
    const settings = { heads, dropout: c.attention_dropout };
    const past = cache && { cache, layer };
    x = aroundOwn(x, (y) => {
      const query = own.query(y);
      const options = { ...settings, causal: true, attentions: trace?.attentions, past };
      return own.mix(selfAttention(query, own.key(y), own.value(y), batch, options));
    });
    const make = () => ({ key: other.key(source.hidden), value: other.value(source.hidden) });
    const { key, value } = cache ? cache.source(layer, source.starts, make) : make();
    const starts = { starts: source.queryStarts ?? batch.starts, keyStarts: source.starts };
    x = aroundOther(x, (y) =>
      other.mix(
        crossAttention(other.query(y), key, value, starts, { ...settings, attentions: trace?.crossAttentions }),
      ),
    );
    return aroundThought(x, think);
  };
}

function encoderOf(v: Variant): (w: Weights, c: BartConfig) => Encoder {
  return (w, c) => {
    const embed = embeddings(w, c, v, "encoder");
    const place = w.at("model.encoder");
    const layers = Array.from({ length: c.encoder.layers }, (_, i) => encoderLayer(place.at(`layers.${i}`), c, v));
    const last = v.normalisesFirst ? norm(place.at("layer_norm"), c.d_model, 1e-5) : (x: Tensor) => x;
    return {
      width: c.d_model,
      positions: c.max_position_embeddings,
      encode(batch, trace) {
        let x = embed(batch);
        for (const layer of layers) {
          trace?.hidden.push(x);
          x = layer(x, batch, trace);
        }
        x = last(x);
        trace?.hidden.push(x);
        return x;
      },
    };
  };
}

/** The decoder without its scores. */
function decoderBody(w: Weights, c: BartConfig, v: Variant): Pick<EncoderDecoder, "decode" | "shifted"> {
  const embed = embeddings(w, c, v, "decoder");
  const place = w.at("model.decoder");
  const layers = Array.from({ length: c.decoder.layers }, (_, i) => decoderLayer(place.at(`layers.${i}`), c, v, i));
  const last = v.normalisesFirst ? norm(place.at("layer_norm"), c.d_model, 1e-5) : (x: Tensor) => x;
  return {
    decode(batch, source, trace, cache) {
      let x = embed(batch);
      for (const layer of layers) {
        trace?.hidden.push(x);
        x = layer(x, { batch, source, trace, cache });
      }
      x = last(x);
      trace?.hidden.push(x);
      return x;
    },
    shifted: (target) => (v.wrapsTarget ? wrapAround(target) : shiftRight(target, c.decoder_start_token_id)),
  };
}

function decoderOf(v: Variant): (w: Weights, c: BartConfig) => EncoderDecoder {
  return (w, c) => {
    const body = decoderBody(w, c, v);
    // A constant that the files carry: it is kept, and does not learn.
    const offsets = w.get("final_logits_bias", [1, c.vocab_size], constant(0));
    w.freeze((name) => name === "final_logits_bias");
    return {
      ...body,
      ...lmHead({
        vocabulary: c.vocab_size,
        width: c.d_model,
        weight: w.at("model.shared"),
        bias: reshape(offsets, [c.vocab_size]),
        init: normal(c.init_std),
      }),
    };
  };
}

/** The last place of an id in each row. */
function lastPlaces({ ids, starts, rows }: Batch, id: number): Int32Array {
  return Int32Array.from({ length: rows }, (_, row) => {
    const place = ids.lastIndexOf(id, starts[row + 1]! - 1);
    if (place >= starts[row]!) return place;
    throw new DataError(
      `sequence ${row} of a batch has no token ${id} (eos_token_id of config.json), at which its class is read; does the tokenizer end texts with it?`,
    );
  });
}

/**
 * Section 3.1: encoder and decoder both read the text, and the decoder's state at the last </s>, which has seen all of it,
 * goes through dropout, dense, tanh, dropout, and the classes.
 */
function rowHeadOf(v: Variant): (w: Weights, c: BartConfig, classes: number) => SequenceHead {
  return (w, c, classes) => {
    const { decode, shifted } = decoderBody(w, c, v);
    const init = normal(c.init_std);
    const dense = linear(w.at("classification_head.dense"), c.d_model, c.d_model, init, "tanh");
    const project = linear(w.at("classification_head.out_proj"), c.d_model, classes, init);
    return {
      rowScores(hidden, batch) {
        const { starts, rows } = batch;
        const ids = new Int32Array(batch.ids.length);
        for (let row = 0; row < rows; row++)
          ids.set(shifted(batch.ids.subarray(starts[row]!, starts[row + 1]!)), starts[row]!);
        const states = gatherRows(decode({ ...batch, ids }, { hidden, starts }), lastPlaces(batch, c.eos_token_id));
        return project(dropout(dense(dropout(states, c.classifier_dropout)), c.classifier_dropout));
      },
    };
  };
}

/** Copies of the shared embeddings, and tables of sines, are no parameters of their own. */
function canonicalNameOf(v: Variant): (stored: string) => string | null {
  return (stored) => {
    if (!v.learnedPositions && stored.endsWith("embed_positions.weight")) return null;
    // A buffer of files from the first converters.
    if (/\b(encoder|decoder)\.version$/.test(stored)) return null;
    return /^(shared|encoder|decoder)\./.test(stored) ? `model.${stored}` : stored;
  };
}

function family(
  type: string,
  architectures: EncoderFamily<BartConfig>["architectures"],
  v: Variant,
): EncoderFamily<BartConfig> {
  return {
    type,
    prefix: "model",
    architectures,
    read: readConfig,
    canonicalName: canonicalNameOf(v),
    tied: () => ({
      "model.encoder.embed_tokens.weight": "model.shared.weight",
      "model.decoder.embed_tokens.weight": "model.shared.weight",
      "lm_head.weight": "model.shared.weight",
    }),
    isHead: (stored) => /^(final_logits_bias$|classification_head\.)/.test(stored),
    encoder: encoderOf(v),
    heads: {
      rewrite: decoderOf(v),
      ...(architectures["sequence-classification"] !== undefined && { classify: rowHeadOf(v) }),
    },
  };
}

const published = (name: string) => ({
  "seq2seq-lm": `${name}ForConditionalGeneration`,
  "sequence-classification": `${name}ForSequenceClassification`,
});

export const bart = /* @__PURE__ */ family("bart", /* @__PURE__ */ published("Bart"), {
  normalisesFirst: false,
  learnedPositions: true,
  normalisesEmbeddings: true,
  wrapsTarget: false,
});

export const mbart = /* @__PURE__ */ family("mbart", /* @__PURE__ */ published("MBart"), {
  normalisesFirst: true,
  learnedPositions: true,
  normalisesEmbeddings: true,
  wrapsTarget: true,
});

export const marian = /* @__PURE__ */ family(
  "marian",
  { "seq2seq-lm": "MarianMTModel" },
  {
    normalisesFirst: false,
    learnedPositions: false,
    normalisesEmbeddings: false,
    wrapsTarget: false,
  },
);
