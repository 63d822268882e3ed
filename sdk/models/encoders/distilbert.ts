/**
 * DistilBERT: Sanh et al. 2019, "DistilBERT, a distilled version of BERT" (arXiv:1910.01108).
 *
 * BERT's network with half the layers, without segments and without a pooler, trained by distillation from BERT.
 */
import type { Batch } from "../../data/sample.js";
import type { SequenceHead } from "../../heads/pooled.js";
import type { SpanHead } from "../../heads/span.js";
import type { TokenHead } from "../../heads/tagging.js";
import { selfAttention } from "../../nn/attention.js";
import { normal } from "../../nn/init.js";
import { linear, norm } from "../../nn/layers.js";
import type { Weights } from "../../nn/weights.js";
import type { LmHead } from "../../objectives/masked-lm.js";
import { type Activation, activationNamed } from "../../tensor/ops/activation.js";
import { dropout } from "../../tensor/ops/dropout.js";
import { add } from "../../tensor/ops/elementwise.js";
import { embeddingSum } from "../../tensor/ops/embedding.js";
import type { Steps } from "../../tensor/steps.js";
import type { Tensor } from "../../tensor/tensor.js";
import {
  dropoutProbability,
  headWidth,
  layerCount,
  number,
  optional,
  section,
  standardDeviation,
  withOwnNames,
} from "../family/config.js";
import { type Encoder, encodes, runLayers, type Trace } from "../family/encoder.js";
import type { EncoderFamily } from "../family/family.js";
import { lmHead, lmTransform, placeOf } from "../family/lm-head.js";
import type { ModelSizes } from "../family/sizes.js";
import { firstTokens, questionAnsweringHead, tokenClassificationHead } from "../family/task-heads.js";

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

/** The names of fields that all families share. */
const SHARED_NAMES = { hidden_size: "dim", num_attention_heads: "n_heads", num_hidden_layers: "n_layers" };

/** Fixed in the published code. */
const EPSILON = 1e-12;

function readConfig(json: unknown): DistilBertConfig {
  const c = withOwnNames(section(json), SHARED_NAMES);
  const dim = number(c, "dim", 768);
  const heads = number(c, "n_heads", 12);
  headWidth("dim", dim, "n_heads", heads);
  return {
    vocab_size: number(c, "vocab_size", 30522),
    dim,
    n_layers: layerCount(c, "n_layers", 6),
    n_heads: heads,
    hidden_dim: number(c, "hidden_dim", 3072),
    max_position_embeddings: number(c, "max_position_embeddings", 512),
    activation: activationNamed(optional(c, "activation", "gelu"), "activation"),
    dropout: dropoutProbability(c, "dropout", 0.1),
    attention_dropout: dropoutProbability(c, "attention_dropout", 0.1),
    seq_classif_dropout: dropoutProbability(c, "seq_classif_dropout", 0.2),
    qa_dropout: dropoutProbability(c, "qa_dropout", 0.1),
    initializer_range: standardDeviation(c, "initializer_range", 0.02),
    tie_word_embeddings: optional(c, "tie_word_embeddings", true),
  };
}

function freshConfig({ dropout: p, ...sizes }: ModelSizes) {
  return {
    model_type: "distilbert",
    vocab_size: sizes.vocabSize,
    dim: sizes.hiddenSize,
    n_layers: sizes.numHiddenLayers,
    n_heads: sizes.numAttentionHeads,
    hidden_dim: sizes.intermediateSize ?? 4 * sizes.hiddenSize,
    max_position_embeddings: sizes.maxPositionEmbeddings,
    sinusoidal_pos_embds: false,
    activation: "gelu",
    dropout: p,
    attention_dropout: p,
    initializer_range: sizes.initializerRange ?? 0.02,
    pad_token_id: sizes.special?.pad ?? 0,
  };
}

function embeddings(w: Weights, c: DistilBertConfig): (batch: Batch) => Tensor {
  const init = normal(c.initializer_range);
  const token = w.at("word_embeddings").table("weight", [c.vocab_size, c.dim], init);
  const position = w.at("position_embeddings").get("weight", [c.max_position_embeddings, c.dim], init);
  const normalize = norm(w.at("LayerNorm"), c.dim, EPSILON);
  return ({ ids, positions }) => {
    const sum = embeddingSum([
      [token, ids],
      [position, positions],
    ]);
    return dropout(normalize(sum), c.dropout);
  };
}

/** BERT's layer under DistilBERT's names, without dropout after the attention output. */
function distilBertLayer(w: Weights, c: DistilBertConfig): (x: Tensor, batch: Batch, trace?: Trace) => Steps<Tensor> {
  const init = normal(c.initializer_range);
  const projection = (name: string) => linear(w.at(`attention.${name}`), c.dim, c.dim, init);
  const [query, key, value, attentionOutput] = [
    projection("q_lin"),
    projection("k_lin"),
    projection("v_lin"),
    projection("out_lin"),
  ];
  const attentionNorm = norm(w.at("sa_layer_norm"), c.dim, EPSILON);
  const intermediate = linear(w.at("ffn.lin1"), c.dim, c.hidden_dim, init, c.activation);
  const output = linear(w.at("ffn.lin2"), c.hidden_dim, c.dim, init);
  const outputNorm = norm(w.at("output_layer_norm"), c.dim, EPSILON);
  return function* (x, batch, trace) {
    const options = { heads: c.n_heads, dropout: c.attention_dropout, attentions: trace?.attentions };
    const [queries, keys, values] = [query(x), key(x), value(x)];
    yield;
    const attended = selfAttention(queries, keys, values, batch, options);
    yield;
    x = attentionNorm(add(x, attentionOutput(attended)));
    const inner = intermediate(x);
    yield;
    return outputNorm(add(x, dropout(output(inner), c.dropout)));
  };
}

function encoder(w: Weights, c: DistilBertConfig): Encoder {
  const body = w.at("distilbert");
  const embed = embeddings(body.at("embeddings"), c);
  const layers = Array.from({ length: c.n_layers }, (_, i) => distilBertLayer(body.at(`transformer.layer.${i}`), c));
  return {
    hiddenSize: c.dim,
    maxLength: c.max_position_embeddings,
    ...encodes((batch, trace) => runLayers(embed(batch), layers, (layer, x) => layer(x, batch, trace), trace)),
  };
}

function maskedLmHead(w: Weights, c: DistilBertConfig): LmHead {
  const init = normal(c.initializer_range);
  const decoder = w.at("vocab_projector");
  return lmHead({
    vocabulary: c.vocab_size,
    width: c.dim,
    weight: placeOf(decoder, w.at("distilbert.embeddings.word_embeddings"), c.tie_word_embeddings),
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

/** Dense, ReLU and dropout at the first token, then the classes. */
function sequenceHead(w: Weights, c: DistilBertConfig, classes: number): SequenceHead {
  const init = normal(c.initializer_range);
  const dense = linear(w.at("pre_classifier"), c.dim, c.dim, init, "relu");
  const classify = linear(w.at("classifier"), c.dim, classes, init);
  return {
    sequenceScores: (hidden, batch) => classify(dropout(dense(firstTokens(hidden, batch)), c.seq_classif_dropout)),
  };
}

function tokenHead(w: Weights, c: DistilBertConfig, classes: number): TokenHead {
  const sizes = { width: c.dim, classes, dropout: c.dropout, init: normal(c.initializer_range) };
  return tokenClassificationHead(w.at("classifier"), sizes);
}

function spanHead(w: Weights, c: DistilBertConfig): SpanHead {
  return questionAnsweringHead(w.at("qa_outputs"), c.dim, normal(c.initializer_range), c.qa_dropout);
}

function canonicalName(stored: string): string {
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
  vocabulary: { algorithm: "wordpiece", uncased: true },
  parameters: {
    embeddings: ["distilbert.embeddings"],
    stacks: ["distilbert.transformer.layer"],
    countField: "n_layers",
  },
  fresh: freshConfig,
  configFields: [
    "activation attention_dropout dim dropout hidden_dim hidden_size initializer_range max_position_embeddings n_heads n_layers num_attention_heads num_hidden_layers qa_dropout seq_classif_dropout tie_word_embeddings vocab_size",
  ],
  read: readConfig,
  canonicalName,
  tied: (c) =>
    c.tie_word_embeddings ? { "vocab_projector.weight": "distilbert.embeddings.word_embeddings.weight" } : {},
  isHead: (name) => /^(vocab_|pre_classifier|classifier|qa_outputs)/.test(name),
  encoder,
  heads: {
    "masked-lm": maskedLmHead,
    "sequence-classification": sequenceHead,
    "token-classification": tokenHead,
    "question-answering": spanHead,
  },
};
