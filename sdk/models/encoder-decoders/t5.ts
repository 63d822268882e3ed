/**
 * T5, mT5 and umT5: Raffel et al. 2020, "Exploring the Limits of Transfer Learning with a Unified Text-to-Text
 * Transformer" (arXiv:1910.10683); Xue et al. 2021, "mT5" (arXiv:2010.11934); Chung et al. 2023, "UniMax"
 * (arXiv:2304.09151). The gated form: Shazeer 2020, "GLU Variants Improve Transformer" (arXiv:2002.05202).
 *
 * An encoder-decoder without absolute positions: the first layer of each side learns a bias by relative position, which all
 * layers of that side add to their attention scores (umT5: a bias of their own in each layer). RMSNorm before each part,
 * no biases, unscaled attention scores.
 */
import type { Batch } from "../../data/sample.js";
import {
  type AttentionSettings,
  crossAttention,
  multiHeadAttention,
  type Projections,
  type Source,
} from "../../nn/attention.js";
import { feedForward, gatedFeedForward, separateGate } from "../../nn/feedforward.js";
import { normal } from "../../nn/init.js";
import type { DecoderCache } from "../../nn/kv-cache.js";
import { biasFreeLinear, type LayerInSteps, rmsNorm } from "../../nn/layers.js";
import { relativeBucket } from "../../nn/relative-position.js";
import type { Weights } from "../../nn/weights.js";
import type { Matrix } from "../../tensor/matrix.js";
import { dropout } from "../../tensor/ops/dropout.js";
import { add, scale } from "../../tensor/ops/elementwise.js";
import { embedding } from "../../tensor/ops/embedding.js";
import { relativeBias } from "../../tensor/ops/relative-bias.js";
import type { Steps } from "../../tensor/steps.js";
import type { Tensor } from "../../tensor/tensor.js";
import { decodes, type Encoder, type EncoderDecoder, encodes, runLayers, type Trace } from "../family/encoder.js";
import type { EncoderFamily } from "../family/family.js";
import { lmHead } from "../family/lm-head.js";
import { shiftRight } from "./shift.js";
import { freshConfig, readConfig, T5_FIELDS, type T5Config, type Variant } from "./t5-config.js";

/** Initialized as in mesh_tensorflow: scores are not scaled, so queries are initialized smaller by √(width of a head). */
function projections(w: Weights, c: T5Config): Projections {
  const { d_model: width, d_kv: dim, num_heads: heads, initializer_factor: factor } = c;
  const inner = heads * dim;
  const project = (name: string, from: number, to: number, deviation: number) =>
    biasFreeLinear(w.at(name), from, to, normal(factor * deviation));
  return {
    query: project("q", width, inner, 1 / Math.sqrt(width * dim)),
    key: project("k", width, inner, 1 / Math.sqrt(width)),
    value: project("v", width, inner, 1 / Math.sqrt(width)),
    output: project("o", inner, width, 1 / Math.sqrt(inner)),
  };
}

function feedForwardOf(w: Weights, c: T5Config): LayerInSteps {
  const { d_model: width, d_ff: inner, initializer_factor: factor, activation, dropout_rate: p } = c;
  const toInner = normal(factor / Math.sqrt(width));
  const down = biasFreeLinear(w.at("wo"), inner, width, normal(factor / Math.sqrt(inner)));
  if (!c.gated) return feedForward(biasFreeLinear(w.at("wi"), width, inner, toInner, activation), down, p);
  const gate = biasFreeLinear(w.at("wi_0"), width, inner, toInner, activation);
  const up = biasFreeLinear(w.at("wi_1"), width, inner, toInner);
  return gatedFeedForward(separateGate(gate, up), down, p);
}

/** A residual connection around one part of a layer, with the norm before the part. */
function residual(w: Weights, c: T5Config): (x: Tensor, part: LayerInSteps) => Steps<Tensor> {
  const normalize = rmsNorm(w.at("layer_norm"), c.d_model, c.layer_norm_epsilon);
  return function* (x, part) {
    return add(x, dropout(yield* part(normalize(x)), c.dropout_rate));
  };
}

const settingsOf = (c: T5Config): AttentionSettings => ({ heads: c.num_heads, dropout: c.dropout_rate, scale: 1 });

/** The inputs of a layer other than the hidden states. */
interface Step {
  readonly batch: Batch;
  /** the bias by relative position, added to the scores of self-attention */
  readonly bias: Tensor;
  readonly trace: Trace | undefined;
  readonly source?: Source;
  readonly cache?: DecoderCache | undefined;
}

type Block = (x: Tensor, step: Step) => Steps<Tensor>;

function encoderBlock(w: Weights, c: T5Config): Block {
  const self = projections(w.at("layer.0.SelfAttention"), c);
  const aroundSelf = residual(w.at("layer.0"), c);
  const feedForward = feedForwardOf(w.at("layer.1.DenseReluDense"), c);
  const aroundFeedForward = residual(w.at("layer.1"), c);
  return function* (x, { batch, bias, trace }) {
    const options = { ...settingsOf(c), bias, attentions: trace?.attentions };
    x = yield* aroundSelf(x, (y) => multiHeadAttention(self, y, batch, options));
    return yield* aroundFeedForward(x, feedForward);
  };
}

function decoderBlock(w: Weights, c: T5Config, layer: number): Block {
  const self = projections(w.at("layer.0.SelfAttention"), c);
  const aroundSelf = residual(w.at("layer.0"), c);
  const cross = projections(w.at("layer.1.EncDecAttention"), c);
  const aroundCross = residual(w.at("layer.1"), c);
  const feedForward = feedForwardOf(w.at("layer.2.DenseReluDense"), c);
  const aroundFeedForward = residual(w.at("layer.2"), c);
  return function* (x, { batch, bias, trace, source, cache }) {
    const { hidden, starts: keyStarts, queryStarts } = source!;
    const past = cache && { cache, layer };
    const options = { ...settingsOf(c), causal: true, bias, attentions: trace?.attentions, past };
    x = yield* aroundSelf(x, (y) => multiHeadAttention(self, y, batch, options));
    const project = () => ({ key: cross.key(hidden), value: cross.value(hidden) });
    const starts = { starts: queryStarts ?? batch.starts, keyStarts };
    const crossOptions = { ...settingsOf(c), ...starts, attentions: trace?.crossAttentions, past };
    x = yield* aroundCross(x, function* (y) {
      const attended = crossAttention(cross.query(y), project, crossOptions);
      yield;
      return cross.output(attended);
    });
    return yield* aroundFeedForward(x, feedForward);
  };
}

/** Token embeddings: one table for both sides, or one each where the file has them. */
function inputEmbeddings(w: Weights, c: T5Config, side: "encoder" | "decoder"): Matrix {
  const shape = [c.vocab_size, c.d_model];
  const shared = w.at("shared").table("weight", shape, normal(c.initializer_factor));
  const name = `${side}.embed_tokens.weight`;
  if (!w.has(name)) return shared;
  // Where the output is untied too, nothing reads the shared table: it is kept, and not trained.
  if (!c.tie_word_embeddings) w.freeze((parameter) => parameter === "shared.weight");
  return w.table(name, shape, normal(c.initializer_factor));
}

/** One side: embeddings, blocks with a bias by relative position, a final norm. */
function stackOf(w: Weights, c: T5Config, v: Variant, side: "encoder" | "decoder") {
  const stack = w.at(side);
  const count = side === "encoder" ? c.num_layers : c.num_decoder_layers;
  const tokens = inputEmbeddings(w, c, side);
  const { relative_attention_num_buckets: buckets, relative_attention_max_distance: farthest } = c;
  const tables = Array.from({ length: v.biasPerLayer ? count : 1 }, (_, i) =>
    stack
      .at(`block.${i}.layer.0.SelfAttention.relative_attention_bias`)
      .get("weight", [buckets, c.num_heads], normal(c.initializer_factor / Math.sqrt(c.d_model))),
  );
  const make = side === "encoder" ? encoderBlock : decoderBlock;
  const blocks = Array.from({ length: count }, (_, i) => make(stack.at(`block.${i}`), c, i));
  const finalNorm = rmsNorm(stack.at("final_layer_norm"), c.d_model, c.layer_norm_epsilon);
  const bucket = (d: number) => relativeBucket(d, { buckets, farthest, bothWays: side === "encoder" });

  return (batch: Batch, step: Omit<Step, "batch" | "bias">): Steps<Tensor> => {
    const { trace, cache } = step;
    const { starts } = batch;
    const keyStarts = cache ? cache.keyStarts(starts) : starts;
    const biases = tables.map((table) => relativeBias(table, { starts, keyStarts, bucket }));
    return runLayers(
      dropout(embedding(tokens, batch.ids), c.dropout_rate),
      [...blocks.entries()],
      ([i, block], x) => block(x, { batch, bias: biases[i] ?? biases[0]!, ...step }),
      trace,
      (x) => dropout(finalNorm(x), c.dropout_rate),
    );
  };
}

/** Relative positions set no limit; this one bounds memory. */
const POSITIONS = 4096;

function encoder(w: Weights, c: T5Config, v: Variant): Encoder {
  const run = stackOf(w, c, v, "encoder");
  return { hiddenSize: c.d_model, maxLength: POSITIONS, ...encodes((batch, trace) => run(batch, { trace })) };
}

function decoder(w: Weights, c: T5Config, v: Variant): EncoderDecoder {
  const run = stackOf(w, c, v, "decoder");
  // In a file without lm_head.weight the output is tied, whatever tie_word_embeddings says.
  const own = w.has("lm_head.weight") || !(c.tie_word_embeddings || w.has("shared.weight"));
  const factor = c.scale_decoder_outputs ? 1 / Math.sqrt(c.d_model) : 1;
  return {
    ...decodes((batch, source, trace, cache) => run(batch, { trace, source, cache })),
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

/** In this order <extra_id_0> has the highest id, as published. */
function specialTokens(): string[] {
  return ["<pad>", "</s>", "<unk>", ...Array.from({ length: 100 }, (_, i) => `<extra_id_${99 - i}>`)];
}

function family(v: Variant): EncoderFamily<T5Config> {
  return {
    type: v.type,
    prefix: "",
    architectures: {
      "seq2seq-lm": `${v.name}ForConditionalGeneration`,
      "feature-extraction": `${v.name}EncoderModel`,
    },
    vocabulary: { algorithm: "unigram", special: specialTokens(), uncased: false },
    parameters: {
      embeddings: ["shared", "encoder.embed_tokens", "decoder.embed_tokens"],
      stacks: ["encoder.block", "decoder.block"],
    },
    fresh: (sizes) => freshConfig(sizes, v),
    configFields: v.scalesOutput ? [T5_FIELDS, "scale_decoder_outputs"] : [T5_FIELDS],
    read: (json) => readConfig(json, v),
    // An unused table in some published files.
    canonicalName: (stored) =>
      stored.endsWith("EncDecAttention.relative_attention_bias.weight") ? null : stored.replace(/^transformer\./, ""),
    tied: (c) =>
      c.tie_word_embeddings
        ? {
            "encoder.embed_tokens.weight": "shared.weight",
            "decoder.embed_tokens.weight": "shared.weight",
            "lm_head.weight": "shared.weight",
          }
        : {},
    isHead: (name) => /^(classifier|classification_head|qa_outputs)\./.test(name),
    isOfDecoder: (name) => /^(decoder|lm_head)\./.test(name),
    encoder: (w, c) => encoder(w, c, v),
    heads: { "seq2seq-lm": (w, c) => decoder(w, c, v) },
  };
}

const MT5_DEFAULTS = { vocab_size: 250_112, d_ff: 1024, num_layers: 8, num_heads: 6, feedForward: "gated-gelu" };

export const t5 = /* @__PURE__ */ family({
  type: "t5",
  name: "T5",
  defaults: { vocab_size: 32_128, d_ff: 2048, num_layers: 6, num_heads: 8, feedForward: "relu" },
  biasPerLayer: false,
  scalesOutput: true,
});

export const mt5 = /* @__PURE__ */ family({
  type: "mt5",
  name: "MT5",
  defaults: MT5_DEFAULTS,
  biasPerLayer: false,
  scalesOutput: false,
});

export const umt5 = /* @__PURE__ */ family({
  type: "umt5",
  name: "UMT5",
  defaults: MT5_DEFAULTS,
  biasPerLayer: true,
  scalesOutput: true,
});
