/**
 * BART, mBART and Marian: one encoder-decoder architecture; they differ in where they normalize and in their positions.
 *
 * Lewis et al. 2020, "BART: Denoising Sequence-to-Sequence Pre-training" (arXiv:1910.13461); Liu et al. 2020,
 * "Multilingual Denoising Pre-training" (arXiv:2001.08210); Junczys-Dowmunt et al. 2018, "Marian" (arXiv:1804.00344).
 */
import type { Batch } from "../../data/sample.js";
import { DataError } from "../../data/source.js";
import type { SequenceHead } from "../../heads/pooled.js";
import { crossAttention, multiHeadAttention, type Projections, type Source } from "../../nn/attention.js";
import { feedForward } from "../../nn/feedforward.js";
import { constant, normal } from "../../nn/init.js";
import type { DecoderCache } from "../../nn/kv-cache.js";
import { type Layer, type LayerInSteps, linear, norm } from "../../nn/layers.js";
import { sinusoidalPositions } from "../../nn/position.js";
import type { Weights } from "../../nn/weights.js";
import { dropout } from "../../tensor/ops/dropout.js";
import { add, scale } from "../../tensor/ops/elementwise.js";
import { embedding, gatherRows } from "../../tensor/ops/embedding.js";
import type { Steps } from "../../tensor/steps.js";
import { reshape, type Tensor } from "../../tensor/tensor.js";
import { decodes, type Encoder, type EncoderDecoder, encodes, runLayers, type Trace } from "../family/encoder.js";
import type { EncoderFamily, VocabularyKind } from "../family/family.js";
import { lmHead, placeOf } from "../family/lm-head.js";
import type { ModelSizes } from "../family/sizes.js";
import { denseClassificationHead } from "../family/task-heads.js";
import { type BartConfig, freshConfig, readConfig, type Side } from "./bart-config.js";
import { shiftRight, wrapAround } from "./shift.js";

/** How the three differ. */
interface Variant {
  /** layer norms come before each part (pre-norm), with one more at the end; otherwise after it (post-norm) */
  readonly preNorm: boolean;
  /** positions are learned, at an offset of two rows; otherwise sinusoidal and not stored */
  readonly learnedPositions: boolean;
  /** a layer norm follows the embeddings */
  readonly embeddingNorm: boolean;
  /** the decoder starts with the last token of the target instead of a fixed one */
  readonly startsWithLastToken: boolean;
}

const identity = (x: Tensor): Tensor => x;

/** The epsilon of every layer norm, fixed in the published code. */
const EPSILON = 1e-5;

/** The row of position 0 in a table of learned positions. */
const POSITION_OFFSET = 2;

/** Token and position embeddings of one side, (tokens, width). */
function embeddings(w: Weights, c: BartConfig, v: Variant, side: Side): (batch: Batch) => Tensor {
  const { d_model: width, pad_token_id: pad } = c;
  const stack = w.at(`model.${side}`);
  const table = (place: Weights) => place.table("weight", [c.vocab_size, width], normal(c.init_std));
  const shared = table(w.at("model.shared"));
  const own = stack.at("embed_tokens");
  const tokens = own.has("weight") ? table(own) : shared;
  const learned = v.learnedPositions
    ? stack
        .at("embed_positions")
        .get("weight", [c.max_position_embeddings + POSITION_OFFSET, width], normal(c.init_std))
    : null;
  const normalize = v.embeddingNorm ? norm(stack.at("layernorm_embedding"), width, EPSILON) : identity;
  const factor = c.scale_embedding ? Math.sqrt(width) : 1;
  return ({ ids, positions }) => {
    const rows = embedding(tokens, ids, pad);
    const scaled = factor === 1 ? rows : scale(rows, factor);
    const position = learned
      ? embedding(
          learned,
          positions.map((i) => i + POSITION_OFFSET),
        )
      : sinusoidalPositions(w.engine, positions, width);
    return dropout(normalize(add(scaled, position)), c.dropout);
  };
}

function projections(w: Weights, c: BartConfig): Projections {
  const project = (name: string) => linear(w.at(name), c.d_model, c.d_model, normal(c.init_std));
  return { query: project("q_proj"), key: project("k_proj"), value: project("v_proj"), output: project("out_proj") };
}

/** A residual connection around one part of a layer, with the layer norm before the part or after the sum. */
type Residual = (x: Tensor, part: LayerInSteps) => Steps<Tensor>;

function residual(w: Weights, c: BartConfig, v: Variant): Residual {
  const normalize = norm(w, c.d_model, EPSILON);
  return function* (x, part) {
    const changed = dropout(yield* part(v.preNorm ? normalize(x) : x), c.dropout);
    return v.preNorm ? add(x, changed) : normalize(add(x, changed));
  };
}

function feedForwardOf(w: Weights, c: BartConfig, intermediate: number): LayerInSteps {
  const init = normal(c.init_std);
  const up = linear(w.at("fc1"), c.d_model, intermediate, init, c.activation_function);
  const down = linear(w.at("fc2"), intermediate, c.d_model, init);
  return feedForward(up, down, c.activation_dropout);
}

/** The norm at the end of a pre-norm stack. */
function finalNormOf(stack: Weights, c: BartConfig, v: Variant): Layer {
  return v.preNorm ? norm(stack.at("layer_norm"), c.d_model, EPSILON) : identity;
}

function encoderLayer(w: Weights, c: BartConfig, v: Variant) {
  const { heads, intermediate } = c.encoder;
  const self = projections(w.at("self_attn"), c);
  const aroundSelf = residual(w.at("self_attn_layer_norm"), c, v);
  const feedForward = feedForwardOf(w, c, intermediate);
  const aroundFeedForward = residual(w.at("final_layer_norm"), c, v);
  return function* (x: Tensor, batch: Batch, trace?: Trace): Steps<Tensor> {
    const settings = { heads, dropout: c.attention_dropout, attentions: trace?.attentions };
    x = yield* aroundSelf(x, (y) => multiHeadAttention(self, y, batch, settings));
    return yield* aroundFeedForward(x, feedForward);
  };
}

interface Step {
  readonly batch: Batch;
  readonly source: Source;
  readonly trace: Trace | undefined;
  readonly cache: DecoderCache | undefined;
}

function decoderLayer(w: Weights, c: BartConfig, v: Variant, layer: number) {
  const { heads, intermediate } = c.decoder;
  const self = projections(w.at("self_attn"), c);
  const aroundSelf = residual(w.at("self_attn_layer_norm"), c, v);
  const cross = projections(w.at("encoder_attn"), c);
  const aroundCross = residual(w.at("encoder_attn_layer_norm"), c, v);
  const feedForward = feedForwardOf(w, c, intermediate);
  const aroundFeedForward = residual(w.at("final_layer_norm"), c, v);
  const settings = { heads, dropout: c.attention_dropout };
  return function* (x: Tensor, { batch, source, trace, cache }: Step): Steps<Tensor> {
    const past = cache && { cache, layer };
    const selfOptions = { ...settings, causal: true, attentions: trace?.attentions, past };
    x = yield* aroundSelf(x, (y) => multiHeadAttention(self, y, batch, selfOptions));
    const project = () => ({ key: cross.key(source.hidden), value: cross.value(source.hidden) });
    const starts = { starts: source.queryStarts ?? batch.starts, keyStarts: source.starts };
    const crossOptions = { ...settings, ...starts, attentions: trace?.crossAttentions, past };
    x = yield* aroundCross(x, function* (y) {
      const attended = crossAttention(cross.query(y), project, crossOptions);
      yield;
      return cross.output(attended);
    });
    return yield* aroundFeedForward(x, feedForward);
  };
}

function encoderOf(v: Variant): (w: Weights, c: BartConfig) => Encoder {
  return (w, c) => {
    const embed = embeddings(w, c, v, "encoder");
    const stack = w.at("model.encoder");
    const layers = Array.from({ length: c.encoder.layers }, (_, i) => encoderLayer(stack.at(`layers.${i}`), c, v));
    const finalNorm = finalNormOf(stack, c, v);
    return {
      hiddenSize: c.d_model,
      maxLength: c.max_position_embeddings,
      ...encodes((batch, trace) =>
        runLayers(embed(batch), layers, (layer, x) => layer(x, batch, trace), trace, finalNorm),
      ),
    };
  };
}

/** The decoder without its language-model head. */
function decoderBody(
  w: Weights,
  c: BartConfig,
  v: Variant,
): Pick<EncoderDecoder, "decode" | "decodeSteps" | "shifted"> {
  const embed = embeddings(w, c, v, "decoder");
  const stack = w.at("model.decoder");
  const layers = Array.from({ length: c.decoder.layers }, (_, i) => decoderLayer(stack.at(`layers.${i}`), c, v, i));
  const finalNorm = finalNormOf(stack, c, v);
  return {
    ...decodes((batch, source, trace, cache) => {
      const step = { batch, source, trace, cache };
      return runLayers(embed(batch), layers, (layer, x) => layer(x, step), trace, finalNorm);
    }),
    shifted: (target) =>
      v.startsWithLastToken ? wrapAround(target, c.pad_token_id) : shiftRight(target, c.decoder_start_token_id),
  };
}

function decoderOf(v: Variant): (w: Weights, c: BartConfig) => EncoderDecoder {
  return (w, c) => {
    const body = decoderBody(w, c, v);
    // A constant in the files: kept, and not trained.
    const offsets = w.get("final_logits_bias", [1, c.vocab_size], constant(0));
    w.freeze((name) => name === "final_logits_bias");
    return {
      ...body,
      ...lmHead({
        vocabulary: c.vocab_size,
        width: c.d_model,
        weight: placeOf(w.at("lm_head"), w.at("model.shared"), true),
        bias: reshape(offsets, [c.vocab_size]),
        init: normal(c.init_std),
      }),
    };
  };
}

/** The last occurrence of an id in each row. */
function lastOccurrences({ ids, starts, rows }: Batch, id: number): Int32Array {
  return Int32Array.from({ length: rows }, (_, row) => {
    const index = ids.lastIndexOf(id, starts[row + 1]! - 1);
    if (index >= starts[row]!) return index;
    throw new DataError(
      `sequence ${row} of a batch has no token ${id} (eos_token_id of config.json), where its class is read; does the tokenizer end texts with it?`,
    );
  });
}

/**
 * Lewis et al., section 3.1: encoder and decoder both read the text; the decoder's hidden state at the last </s>, which
 * attends to all of it, is classified.
 */
function sequenceHeadOf(v: Variant): (w: Weights, c: BartConfig, classes: number) => SequenceHead {
  return (w, c, classes) => {
    const { decode, shifted } = decoderBody(w, c, v);
    const { d_model: width, classifier_dropout: p } = c;
    const sizes = { width, classes, dropout: p, init: normal(c.init_std), activation: "tanh" } as const;
    return denseClassificationHead(w.at("classification_head"), sizes, (hidden, batch) => {
      const { starts, rows } = batch;
      const ids = new Int32Array(batch.ids.length);
      for (let row = 0; row < rows; row++)
        ids.set(shifted(batch.ids.subarray(starts[row]!, starts[row + 1]!)), starts[row]!);
      return gatherRows(decode({ ...batch, ids }, { hidden, starts }), lastOccurrences(batch, c.eos_token_id));
    });
  };
}

/** Copies of the shared embeddings and tables of sinusoidal positions are not parameters. */
function canonicalNameOf(v: Variant): (stored: string) => string | null {
  return (stored) => {
    if (!v.learnedPositions && stored.endsWith("embed_positions.weight")) return null;
    // A buffer in files of early converters.
    if (/\b(encoder|decoder)\.version$/.test(stored)) return null;
    return /^(shared|encoder|decoder)\./.test(stored) ? `model.${stored}` : stored;
  };
}

/** The fields of config.json. */
const FIELDS =
  "activation_dropout activation_function attention_dropout classifier_dropout d_model decoder_attention_heads decoder_ffn_dim decoder_layers decoder_start_token_id dropout encoder_attention_heads encoder_ffn_dim encoder_layers eos_token_id hidden_size init_std max_position_embeddings num_attention_heads num_hidden_layers pad_token_id scale_embedding share_encoder_decoder_embeddings decoder_vocab_size tie_word_embeddings vocab_size";

function family(
  type: string,
  architectures: EncoderFamily<BartConfig>["architectures"],
  vocabulary: VocabularyKind,
  v: Variant,
): EncoderFamily<BartConfig> {
  return {
    type,
    prefix: "model",
    architectures,
    vocabulary,
    parameters: {
      embeddings: [
        "model.shared",
        ...(["encoder", "decoder"] as const).flatMap((side) => [
          `model.${side}.embed_positions`,
          `model.${side}.layernorm_embedding`,
        ]),
      ],
      stacks: ["model.encoder.layers", "model.decoder.layers"],
    },
    // Marian's published tokenizers are pairs of SentencePiece models, which are not trained here.
    ...(v.learnedPositions && { fresh: (sizes: ModelSizes) => freshConfig(type, sizes) }),
    configFields: [FIELDS],
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
      "seq2seq-lm": decoderOf(v),
      ...(architectures["sequence-classification"] !== undefined && { "sequence-classification": sequenceHeadOf(v) }),
    },
  };
}

const published = (name: string) => ({
  "seq2seq-lm": `${name}ForConditionalGeneration`,
  "sequence-classification": `${name}ForSequenceClassification`,
});

export const bart = /* @__PURE__ */ family(
  "bart",
  /* @__PURE__ */ published("Bart"),
  { algorithm: "byte-level-bpe", uncased: false },
  { preNorm: false, learnedPositions: true, embeddingNorm: true, startsWithLastToken: false },
);

export const mbart = /* @__PURE__ */ family(
  "mbart",
  /* @__PURE__ */ published("MBart"),
  { algorithm: "unigram", uncased: false },
  { preNorm: true, learnedPositions: true, embeddingNorm: true, startsWithLastToken: true },
);

export const marian = /* @__PURE__ */ family(
  "marian",
  { "seq2seq-lm": "MarianMTModel" },
  { algorithm: "unigram", uncased: false },
  { preNorm: false, learnedPositions: false, embeddingNorm: false, startsWithLastToken: false },
);
