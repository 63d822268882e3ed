/**
 * BERT: Devlin et al. 2019, "BERT: Pre-training of Deep Bidirectional Transformers" (arXiv:1810.04805).
 *
 * Token, position and segment embeddings are added and normalised; then layers of self-attention and feed-forward, each
 * added to its input and normalised after it (post-norm). Names and configuration are those of the published files.
 */
import type { Batch } from "../data/sample.js";
import type { PairHead, SequenceHead } from "../heads/pooled.js";
import type { SpanHead } from "../heads/span.js";
import type { TokenHead } from "../heads/tagging.js";
import type { LmHead } from "../heads/token-prediction.js";
import { selfAttention } from "../nn/attention.js";
import { normal } from "../nn/init.js";
import { linear, norm } from "../nn/layers.js";
import type { Weights } from "../nn/weights.js";
import { type Activation, activationNamed } from "../tensor/ops/activation.js";
import { dropout } from "../tensor/ops/dropout.js";
import { add } from "../tensor/ops/elementwise.js";
import { embeddingSum, gatherRows } from "../tensor/ops/embedding.js";
import type { Tensor } from "../tensor/tensor.js";
import { ConfigError, dropoutShare, epsilon, number, optional, section, standardDeviation } from "./config.js";
import type { Encoder, Trace } from "./encoder.js";
import type { EncoderFamily } from "./family.js";
import { lmHead, lmTransform } from "./lm-head.js";

/** Field for field the published config.json, as far as it changes the computation. */
export interface BertConfig {
  readonly vocab_size: number;
  readonly hidden_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly intermediate_size: number;
  readonly max_position_embeddings: number;
  readonly type_vocab_size: number;
  readonly hidden_act: Activation;
  readonly layer_norm_eps: number;
  readonly hidden_dropout_prob: number;
  readonly attention_probs_dropout_prob: number;
  readonly classifier_dropout: number;
  readonly initializer_range: number;
  readonly tie_word_embeddings: boolean;
}

/** The fields that BERT shares with its kin; those that a file lacks have BERT's own defaults. */
export function readBertConfig(json: unknown): BertConfig {
  const c = section(json);
  const kind = optional(c, "position_embedding_type", "absolute");
  if (kind !== "absolute")
    throw new ConfigError(`config.json: position_embedding_type "${kind}" is not supported; expected "absolute"`);
  if (optional(c, "is_decoder", false))
    throw new ConfigError("config.json: is_decoder is true; this family is supported as an encoder only");
  const hidden = number(c, "hidden_size", 768);
  const heads = number(c, "num_attention_heads", 12);
  if (hidden % heads !== 0)
    throw new ConfigError(`config.json: hidden_size ${hidden} is not a multiple of num_attention_heads ${heads}`);
  const hiddenDropout = dropoutShare(c, "hidden_dropout_prob", 0.1);
  return {
    vocab_size: number(c, "vocab_size", 30522),
    hidden_size: hidden,
    num_hidden_layers: number(c, "num_hidden_layers", 12),
    num_attention_heads: heads,
    intermediate_size: number(c, "intermediate_size", 3072),
    max_position_embeddings: number(c, "max_position_embeddings", 512),
    type_vocab_size: number(c, "type_vocab_size", 2),
    hidden_act: activationNamed(optional(c, "hidden_act", "gelu")),
    layer_norm_eps: epsilon(c, "layer_norm_eps", 1e-12),
    hidden_dropout_prob: hiddenDropout,
    attention_probs_dropout_prob: dropoutShare(c, "attention_probs_dropout_prob", 0.1),
    classifier_dropout: dropoutShare(c, "classifier_dropout", hiddenDropout),
    initializer_range: standardDeviation(c, "initializer_range", 0.02),
    tie_word_embeddings: optional(c, "tie_word_embeddings", true),
  };
}

/**
 * The sum of token, position and segment embeddings, normalised. Returns (tokens, width).
 *
 * @param width of the embeddings, which a family may project to that of the layers
 * @param first the row of the first position: RoBERTa begins behind its padding
 */
export function bertEmbeddings(w: Weights, c: BertConfig, width = c.hidden_size, first = 0): (batch: Batch) => Tensor {
  const init = normal(c.initializer_range);
  const word = w.at("word_embeddings").get("weight", [c.vocab_size, width], init);
  const position = w.at("position_embeddings").get("weight", [c.max_position_embeddings, width], init);
  const segment = w.at("token_type_embeddings").get("weight", [c.type_vocab_size, width], init);
  const normalise = norm(w.at("LayerNorm"), width, c.layer_norm_eps);
  return ({ ids, positions, segments }) => {
    const sum = embeddingSum([
      [word, ids],
      [position, first === 0 ? positions : positions.map((i) => i + first)],
      [segment, c.type_vocab_size === 1 ? segments.map(() => 0) : segments],
    ]);
    return dropout(normalise(sum), c.hidden_dropout_prob);
  };
}

/** Where the parts of a layer are stored; families of this build differ in that alone. */
export interface LayerNames {
  readonly query: string;
  readonly key: string;
  readonly value: string;
  readonly mix: string;
  readonly afterAttention: string;
}

const BERT_NAMES: LayerNames = {
  query: "attention.self.query",
  key: "attention.self.key",
  value: "attention.self.value",
  mix: "attention.output.dense",
  afterAttention: "attention.output.LayerNorm",
};

/** What a layer may be given beside its input. */
export interface LayerStep {
  readonly batch: Batch;
  readonly trace?: Trace | undefined;
  /** added to the scores of attention */
  readonly bias?: Tensor;
}

/** One encoder layer: attend, then think. Each half is added to its input and normalised after it. */
export function bertLayer(w: Weights, c: BertConfig, names = BERT_NAMES): (x: Tensor, step: LayerStep) => Tensor {
  const { hidden_size: h, num_attention_heads: heads, hidden_dropout_prob: p, layer_norm_eps: eps } = c;
  const init = normal(c.initializer_range);
  const query = linear(w.at(names.query), h, h, init);
  const key = linear(w.at(names.key), h, h, init);
  const value = linear(w.at(names.value), h, h, init);
  const mix = linear(w.at(names.mix), h, h, init);
  const afterAttention = norm(w.at(names.afterAttention), h, eps);
  const widen = linear(w.at("intermediate.dense"), h, c.intermediate_size, init, c.hidden_act);
  const narrow = linear(w.at("output.dense"), c.intermediate_size, h, init);
  const afterThought = norm(w.at("output.LayerNorm"), h, eps);

  return (x, { batch, trace, bias }) => {
    const attended = selfAttention(query(x), key(x), value(x), batch, {
      heads,
      dropout: c.attention_probs_dropout_prob,
      attentions: trace?.attentions,
      ...(bias && { bias }),
    });
    x = afterAttention(add(x, dropout(mix(attended), p)));
    return afterThought(add(x, dropout(narrow(widen(x)), p)));
  };
}

/** Layers on top of embeddings: what every family of this build computes. */
export function bertBody(w: Weights, c: BertConfig, embed: (batch: Batch) => Tensor, positions: number): Encoder {
  const layers = Array.from({ length: c.num_hidden_layers }, (_, i) => bertLayer(w.at(`encoder.layer.${i}`), c));
  return {
    width: c.hidden_size,
    positions,
    encode(batch, trace) {
      const passed = (layer: number, hidden: Tensor): Tensor => {
        const kept = trace?.change?.(layer, hidden) ?? hidden;
        trace?.hidden.push(kept);
        return kept;
      };
      let x = passed(0, embed(batch));
      for (const [i, layer] of layers.entries()) x = passed(i + 1, layer(x, { batch, trace }));
      return x;
    },
  };
}

function encoder(w: Weights, c: BertConfig): Encoder {
  const body = w.at("bert");
  return bertBody(body, c, bertEmbeddings(body.at("embeddings"), c), c.max_position_embeddings);
}

/** tanh(dense(hidden state of [CLS])): (tokens, hidden) -> (rows, hidden). */
function pooler(w: Weights, c: BertConfig): (hidden: Tensor, batch: Batch) => Tensor {
  const dense = linear(w.at("bert.pooler.dense"), c.hidden_size, c.hidden_size, normal(c.initializer_range), "tanh");
  return (hidden, { starts, rows }) => dense(gatherRows(hidden, starts.slice(0, rows)));
}

/** The bare model's pooler, which nothing here reads: it is kept where a file has it, and does not learn. */
function keepPooler(w: Weights, c: BertConfig): void {
  if (!w.has("bert.pooler.dense.weight")) return;
  pooler(w, c);
  w.freeze((name) => name.startsWith("bert.pooler."));
}

/** Dense, activation, norm, then the word embeddings again (tied) with a bias of their own. */
function maskHead(w: Weights, c: BertConfig): LmHead {
  const { hidden_size: h, tie_word_embeddings: tied } = c;
  const init = normal(c.initializer_range);
  const predictions = w.at("cls.predictions");
  const decoder = predictions.at("decoder");
  return lmHead({
    vocabulary: c.vocab_size,
    width: h,
    weight: tied ? w.at("bert.embeddings.word_embeddings") : decoder,
    bias: tied ? predictions : decoder,
    init,
    transform: lmTransform({
      dense: predictions.at("transform.dense"),
      norm: predictions.at("transform.LayerNorm"),
      from: h,
      to: h,
      activation: c.hidden_act,
      eps: c.layer_norm_eps,
      init,
    }),
  });
}

function pairHead(w: Weights, c: BertConfig): PairHead {
  const pool = pooler(w, c);
  const judge = linear(w.at("cls.seq_relationship"), c.hidden_size, 2, normal(c.initializer_range));
  return { pairScores: (hidden, batch) => judge(pool(hidden, batch)) };
}

function rowHead(w: Weights, c: BertConfig, classes: number): SequenceHead {
  const pool = pooler(w, c);
  const classify = linear(w.at("classifier"), c.hidden_size, classes, normal(c.initializer_range));
  return { rowScores: (hidden, batch) => classify(dropout(pool(hidden, batch), c.classifier_dropout)) };
}

export function tagHead(w: Weights, c: BertConfig, classes: number): TokenHead {
  const classify = linear(w.at("classifier"), c.hidden_size, classes, normal(c.initializer_range));
  return { tagScores: (hidden) => classify(dropout(hidden, c.classifier_dropout)) };
}

export function spanHead(w: Weights, c: BertConfig): SpanHead {
  const point = linear(w.at("qa_outputs"), c.hidden_size, 2, normal(c.initializer_range));
  return { spanScores: (hidden) => point(hidden) };
}

/** The names of old and bare files under the names used here; null for buffers, which are no parameters. */
function canonicalName(stored: string): string | null {
  if (stored.endsWith("embeddings.position_ids")) return null;
  const name = stored.replace(/LayerNorm\.gamma$/, "LayerNorm.weight").replace(/LayerNorm\.beta$/, "LayerNorm.bias");
  return /^(embeddings|encoder|pooler)\./.test(name) ? `bert.${name}` : name;
}

export const bert: EncoderFamily<BertConfig> = {
  type: "bert",
  prefix: "bert",
  architectures: {
    "feature-extraction": "BertModel",
    pretraining: "BertForPreTraining",
    "masked-lm": "BertForMaskedLM",
    "next-sentence-prediction": "BertForNextSentencePrediction",
    "sequence-classification": "BertForSequenceClassification",
    "token-classification": "BertForTokenClassification",
    "question-answering": "BertForQuestionAnswering",
  },
  read: readBertConfig,
  canonicalName,
  // Files may hold the output bias under two names; without tying, the reference computes with the decoder's own.
  tied: (c) =>
    c.tie_word_embeddings
      ? {
          "cls.predictions.decoder.weight": "bert.embeddings.word_embeddings.weight",
          "cls.predictions.decoder.bias": "cls.predictions.bias",
        }
      : { "cls.predictions.bias": "cls.predictions.decoder.bias" },
  isHead: (name) => /^(cls|classifier|qa_outputs|bert\.pooler)\b/.test(name),
  encoder,
  heads: { pool: keepPooler, mask: maskHead, pair: pairHead, classify: rowHead, tag: tagHead, answer: spanHead },
};
