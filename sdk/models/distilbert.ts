/**
 * DistilBERT: Sanh et al. 2019, "DistilBERT, a distilled version of BERT" (arXiv:1910.01108).
 *
 * BERT's network with half the layers, without segments and without a pooler; it learned from a larger one.
 */
import type { Batch } from "../data/sample.js";
import type { SequenceHead } from "../heads/pooled.js";
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
import { ConfigError, dropoutShare, number, optional, section, standardDeviation } from "./config.js";
import type { Encoder, Trace } from "./encoder.js";
import type { EncoderFamily } from "./family.js";
import { lmHead, lmTransform } from "./lm-head.js";

/** Field for field the published config.json, as far as it changes the computation. */
export interface DistilBertConfig {
  readonly vocab_size: number;
  readonly dim: number;
  readonly n_layers: number;
  readonly n_heads: number;
  readonly hidden_dim: number;
  readonly max_position_embeddings: number;
  readonly activation: Activation;
  readonly dropout: number;
  readonly attention_dropout: number;
  readonly seq_classif_dropout: number;
  readonly qa_dropout: number;
  readonly initializer_range: number;
  readonly tie_word_embeddings: boolean;
}

/** The published code has it fixed. */
const EPSILON = 1e-12;

function readConfig(json: unknown): DistilBertConfig {
  const c = section(json);
  const dim = number(c, "dim", 768);
  const heads = number(c, "n_heads", 12);
  if (dim % heads !== 0) throw new ConfigError(`config.json: dim ${dim} is not a multiple of n_heads ${heads}`);
  return {
    vocab_size: number(c, "vocab_size", 30522),
    dim,
    n_layers: number(c, "n_layers", 6),
    n_heads: heads,
    hidden_dim: number(c, "hidden_dim", 3072),
    max_position_embeddings: number(c, "max_position_embeddings", 512),
    activation: activationNamed(optional(c, "activation", "gelu")),
    dropout: dropoutShare(c, "dropout", 0.1),
    attention_dropout: dropoutShare(c, "attention_dropout", 0.1),
    seq_classif_dropout: dropoutShare(c, "seq_classif_dropout", 0.2),
    qa_dropout: dropoutShare(c, "qa_dropout", 0.1),
    initializer_range: standardDeviation(c, "initializer_range", 0.02),
    tie_word_embeddings: optional(c, "tie_word_embeddings", true),
  };
}

function embeddings(w: Weights, c: DistilBertConfig): (batch: Batch) => Tensor {
  const init = normal(c.initializer_range);
  const word = w.at("word_embeddings").get("weight", [c.vocab_size, c.dim], init);
  const position = w.at("position_embeddings").get("weight", [c.max_position_embeddings, c.dim], init);
  const normalise = norm(w.at("LayerNorm"), c.dim, EPSILON);
  return ({ ids, positions }) =>
    dropout(
      normalise(
        embeddingSum([
          [word, ids],
          [position, positions],
        ]),
      ),
      c.dropout,
    );
}

function layerOf(w: Weights, c: DistilBertConfig): (x: Tensor, batch: Batch, trace?: Trace) => Tensor {
  const init = normal(c.initializer_range);
  const map = (name: string) => linear(w.at(`attention.${name}`), c.dim, c.dim, init);
  const [query, key, value, mix] = [map("q_lin"), map("k_lin"), map("v_lin"), map("out_lin")];
  const afterAttention = norm(w.at("sa_layer_norm"), c.dim, EPSILON);
  const widen = linear(w.at("ffn.lin1"), c.dim, c.hidden_dim, init, c.activation);
  const narrow = linear(w.at("ffn.lin2"), c.hidden_dim, c.dim, init);
  const afterThought = norm(w.at("output_layer_norm"), c.dim, EPSILON);
  return (x, batch, trace) => {
    const options = { heads: c.n_heads, dropout: c.attention_dropout, attentions: trace?.attentions };
    // Unlike BERT's, the mixed heads are not dropped out.
    x = afterAttention(add(x, mix(selfAttention(query(x), key(x), value(x), batch, options))));
    return afterThought(add(x, dropout(narrow(widen(x)), c.dropout)));
  };
}

function encoder(w: Weights, c: DistilBertConfig): Encoder {
  const body = w.at("distilbert");
  const embed = embeddings(body.at("embeddings"), c);
  const layers = Array.from({ length: c.n_layers }, (_, i) => layerOf(body.at(`transformer.layer.${i}`), c));
  return {
    width: c.dim,
    positions: c.max_position_embeddings,
    encode(batch, trace) {
      let x = embed(batch);
      trace?.hidden.push(x);
      for (const layer of layers) {
        x = layer(x, batch, trace);
        trace?.hidden.push(x);
      }
      return x;
    },
  };
}

function maskHead(w: Weights, c: DistilBertConfig): LmHead {
  const init = normal(c.initializer_range);
  const decoder = w.at("vocab_projector");
  return lmHead({
    vocabulary: c.vocab_size,
    width: c.dim,
    weight: c.tie_word_embeddings ? w.at("distilbert.embeddings.word_embeddings") : decoder,
    bias: decoder,
    init,
    transform: lmTransform({
      dense: w.at("vocab_transform"),
      norm: w.at("vocab_layer_norm"),
      from: c.dim,
      to: c.dim,
      activation: c.activation,
      eps: EPSILON,
      init,
    }),
  });
}

function rowHead(w: Weights, c: DistilBertConfig, classes: number): SequenceHead {
  const init = normal(c.initializer_range);
  const dense = linear(w.at("pre_classifier"), c.dim, c.dim, init, "relu");
  const classify = linear(w.at("classifier"), c.dim, classes, init);
  return {
    rowScores: (hidden, { starts, rows }) =>
      classify(dropout(dense(gatherRows(hidden, starts.slice(0, rows))), c.seq_classif_dropout)),
  };
}

function tagHead(w: Weights, c: DistilBertConfig, classes: number): TokenHead {
  const classify = linear(w.at("classifier"), c.dim, classes, normal(c.initializer_range));
  return { tagScores: (hidden) => classify(dropout(hidden, c.dropout)) };
}

function spanHead(w: Weights, c: DistilBertConfig): SpanHead {
  const point = linear(w.at("qa_outputs"), c.dim, 2, normal(c.initializer_range));
  return { spanScores: (hidden) => point(dropout(hidden, c.qa_dropout)) };
}

function canonicalName(stored: string): string | null {
  if (stored.endsWith("embeddings.position_ids")) return null;
  return /^(embeddings|transformer)\./.test(stored) ? `distilbert.${stored}` : stored;
}

export const distilbert: EncoderFamily<DistilBertConfig> = {
  type: "distilbert",
  prefix: "distilbert",
  architectures: {
    "feature-extraction": "DistilBertModel",
    "masked-lm": "DistilBertForMaskedLM",
    "sequence-classification": "DistilBertForSequenceClassification",
    "token-classification": "DistilBertForTokenClassification",
    "question-answering": "DistilBertForQuestionAnswering",
  },
  read: readConfig,
  canonicalName,
  tied: (c) =>
    c.tie_word_embeddings ? { "vocab_projector.weight": "distilbert.embeddings.word_embeddings.weight" } : {},
  isHead: (name) => /^(vocab_|pre_classifier|classifier|qa_outputs)/.test(name),
  encoder,
  heads: { mask: maskHead, classify: rowHead, tag: tagHead, answer: spanHead },
};
