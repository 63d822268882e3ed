/**
 * ALBERT: Lan et al. 2020, "ALBERT: A Lite BERT for Self-supervised Learning of Language Representations"
 * (arXiv:1909.11942).
 *
 * Token embeddings are narrow and projected to the width of the layers (factorised); layers share their weights, all of
 * them or in groups: sharing is one path of the weights that is asked for many times.
 */
import type { Batch } from "../data/sample.js";
import type { PairHead, SequenceHead } from "../heads/pooled.js";
import type { LmHead } from "../heads/token-prediction.js";
import { selfAttention } from "../nn/attention.js";
import { normal } from "../nn/init.js";
import { linear, norm } from "../nn/layers.js";
import type { Weights } from "../nn/weights.js";
import { dropout } from "../tensor/ops/dropout.js";
import { add } from "../tensor/ops/elementwise.js";
import { gatherRows } from "../tensor/ops/embedding.js";
import type { Tensor } from "../tensor/tensor.js";
import { type BertConfig, bertEmbeddings, readBertConfig, spanHead, tagHead } from "./bert.js";
import { ConfigError, dropoutShare, number, optional, section } from "./config.js";
import type { Encoder, Trace } from "./encoder.js";
import type { EncoderFamily } from "./family.js";
import { lmHead, lmTransform } from "./lm-head.js";

export interface AlbertConfig extends BertConfig {
  /** width of the embeddings */
  readonly embedding_size: number;
  readonly num_hidden_groups: number;
  /** layers of a group, one after the other at every depth */
  readonly inner_group_num: number;
}

function readConfig(json: unknown): AlbertConfig {
  const c = section(json);
  const groups = number(c, "num_hidden_groups", 1);
  const read = readBertConfig({
    ...c,
    vocab_size: number(c, "vocab_size", 30000),
    hidden_size: number(c, "hidden_size", 4096),
    num_attention_heads: number(c, "num_attention_heads", 64),
    intermediate_size: number(c, "intermediate_size", 16384),
    hidden_act: optional(c, "hidden_act", "gelu_new"),
    hidden_dropout_prob: dropoutShare(c, "hidden_dropout_prob", 0),
    attention_probs_dropout_prob: dropoutShare(c, "attention_probs_dropout_prob", 0),
    classifier_dropout: dropoutShare(c, "classifier_dropout_prob", 0.1),
  });
  if (groups > read.num_hidden_layers)
    throw new ConfigError(
      `config.json: num_hidden_groups ${groups} is more than num_hidden_layers ${read.num_hidden_layers}`,
    );
  return {
    ...read,
    embedding_size: number(c, "embedding_size", 128),
    num_hidden_groups: groups,
    inner_group_num: number(c, "inner_group_num", 1),
  };
}

type AlbertLayer = (x: Tensor, batch: Batch, trace?: Trace) => Tensor;

function layerOf(w: Weights, c: AlbertConfig): AlbertLayer {
  const { hidden_size: h, hidden_dropout_prob: p, layer_norm_eps: eps } = c;
  const init = normal(c.initializer_range);
  const map = (name: string) => linear(w.at(`attention.${name}`), h, h, init);
  const [query, key, value, mix] = [map("query"), map("key"), map("value"), map("dense")];
  const afterAttention = norm(w.at("attention.LayerNorm"), h, eps);
  const widen = linear(w.at("ffn"), h, c.intermediate_size, init, c.hidden_act);
  const narrow = linear(w.at("ffn_output"), c.intermediate_size, h, init);
  const afterThought = norm(w.at("full_layer_layer_norm"), h, eps);
  return (x, batch, trace) => {
    const options = {
      heads: c.num_attention_heads,
      dropout: c.attention_probs_dropout_prob,
      attentions: trace?.attentions,
    };
    x = afterAttention(add(x, dropout(mix(selfAttention(query(x), key(x), value(x), batch, options)), p)));
    return afterThought(add(x, narrow(widen(x))));
  };
}

function encoder(w: Weights, c: AlbertConfig): Encoder {
  const body = w.at("albert");
  const embed = bertEmbeddings(body.at("embeddings"), c, c.embedding_size);
  const place = body.at("encoder");
  const project = linear(
    place.at("embedding_hidden_mapping_in"),
    c.embedding_size,
    c.hidden_size,
    normal(c.initializer_range),
  );
  const groups = Array.from({ length: c.num_hidden_groups }, (_, group) =>
    Array.from({ length: c.inner_group_num }, (__, i) =>
      layerOf(place.at(`albert_layer_groups.${group}.albert_layers.${i}`), c),
    ),
  );
  return {
    width: c.hidden_size,
    positions: c.max_position_embeddings,
    encode(batch, trace) {
      let x = project(embed(batch));
      trace?.hidden.push(x);
      for (let depth = 0; depth < c.num_hidden_layers; depth++) {
        const group = groups[Math.floor((depth * c.num_hidden_groups) / c.num_hidden_layers)]!;
        for (const layer of group) {
          x = layer(x, batch, trace);
          trace?.hidden.push(x);
        }
      }
      return x;
    },
  };
}

/** tanh(dense(hidden state of [CLS])): (tokens, hidden) -> (rows, hidden). */
function pooler(w: Weights, c: AlbertConfig): (hidden: Tensor, batch: Batch) => Tensor {
  const dense = linear(w.at("albert.pooler"), c.hidden_size, c.hidden_size, normal(c.initializer_range), "tanh");
  return (hidden, { starts, rows }) => dense(gatherRows(hidden, starts.slice(0, rows)));
}

/** The bare model's pooler, which nothing here reads: it is kept where a file has it, and does not learn. */
function keepPooler(w: Weights, c: AlbertConfig): void {
  if (!w.has("albert.pooler.weight")) return;
  pooler(w, c);
  w.freeze((name) => name.startsWith("albert.pooler."));
}

/** Dense to the width of the embeddings, activation, norm, then the token embeddings again (tied) with a bias. */
function maskHead(w: Weights, c: AlbertConfig): LmHead {
  const { embedding_size: width, tie_word_embeddings: tied } = c;
  const init = normal(c.initializer_range);
  const head = w.at("predictions");
  return lmHead({
    vocabulary: c.vocab_size,
    width,
    weight: tied ? w.at("albert.embeddings.word_embeddings") : head.at("decoder"),
    bias: tied ? head : head.at("decoder"),
    init,
    transform: lmTransform({
      dense: head.at("dense"),
      norm: head.at("LayerNorm"),
      from: c.hidden_size,
      to: width,
      activation: c.hidden_act,
      eps: c.layer_norm_eps,
      init,
    }),
  });
}

/** Sentence order: in order (0) or swapped (1). */
function pairHead(w: Weights, c: AlbertConfig): PairHead {
  const pool = pooler(w, c);
  const judge = linear(w.at("sop_classifier.classifier"), c.hidden_size, 2, normal(c.initializer_range));
  return { pairScores: (hidden, batch) => judge(dropout(pool(hidden, batch), c.classifier_dropout)) };
}

function rowHead(w: Weights, c: AlbertConfig, classes: number): SequenceHead {
  const pool = pooler(w, c);
  const classify = linear(w.at("classifier"), c.hidden_size, classes, normal(c.initializer_range));
  return { rowScores: (hidden, batch) => classify(dropout(pool(hidden, batch), c.classifier_dropout)) };
}

function canonicalName(stored: string): string | null {
  if (stored.endsWith("embeddings.position_ids")) return null;
  return /^(embeddings|encoder|pooler)\./.test(stored) ? `albert.${stored}` : stored;
}

export const albert: EncoderFamily<AlbertConfig> = {
  type: "albert",
  prefix: "albert",
  architectures: {
    "feature-extraction": "AlbertModel",
    pretraining: "AlbertForPreTraining",
    "masked-lm": "AlbertForMaskedLM",
    "sequence-classification": "AlbertForSequenceClassification",
    "token-classification": "AlbertForTokenClassification",
    "question-answering": "AlbertForQuestionAnswering",
  },
  read: readConfig,
  canonicalName,
  // Files may hold the output bias under two names; without tying, the reference computes with the decoder's own.
  tied: (c) =>
    c.tie_word_embeddings
      ? {
          "predictions.decoder.weight": "albert.embeddings.word_embeddings.weight",
          "predictions.decoder.bias": "predictions.bias",
        }
      : { "predictions.bias": "predictions.decoder.bias" },
  isHead: (name) => /^(predictions|sop_classifier|classifier|qa_outputs|albert\.pooler)\b/.test(name),
  encoder,
  heads: { pool: keepPooler, mask: maskHead, pair: pairHead, classify: rowHead, tag: tagHead, answer: spanHead },
};
