/**
 * RoBERTa and XLM-R: Liu et al. 2019, "RoBERTa: A Robustly Optimized BERT Pretraining Approach" (arXiv:1907.11692);
 * Conneau et al. 2020, "Unsupervised Cross-lingual Representation Learning at Scale" (arXiv:1911.02116).
 *
 * BERT's network with one segment, positions that begin behind the padding's, and heads of its own. What sets them apart
 * is how they were trained: no next-sentence prediction, full sentences, masks drawn anew each time.
 */

import type { Batch } from "../data/sample.js";
import type { SequenceHead } from "../heads/pooled.js";
import type { LmHead } from "../heads/token-prediction.js";
import { normal } from "../nn/init.js";
import { linear } from "../nn/layers.js";
import type { Weights } from "../nn/weights.js";
import { dropout } from "../tensor/ops/dropout.js";
import { gatherRows } from "../tensor/ops/embedding.js";
import type { Tensor } from "../tensor/tensor.js";
import { type BertConfig, bertBody, bertEmbeddings, readBertConfig, spanHead, tagHead } from "./bert.js";
import { ConfigError, number, optional, section } from "./config.js";
import type { Encoder } from "./encoder.js";
import type { EncoderFamily } from "./family.js";
import { lmHead, lmTransform } from "./lm-head.js";

export interface RobertaConfig extends BertConfig {
  readonly pad_token_id: number;
}

function readConfig(json: unknown): RobertaConfig {
  const c = section(json);
  const padding = optional(c, "pad_token_id", 1);
  const sizes = {
    ...c,
    vocab_size: number(c, "vocab_size", 50265),
    max_position_embeddings: number(c, "max_position_embeddings", 512),
  };
  const read = readBertConfig({ ...sizes, type_vocab_size: number(c, "type_vocab_size", 2) });
  if (read.max_position_embeddings <= padding + 1)
    throw new ConfigError(
      `config.json: max_position_embeddings ${read.max_position_embeddings} leaves no position behind the padding's (pad_token_id ${padding})`,
    );
  return { ...read, pad_token_id: padding };
}

function encoder(w: Weights, c: RobertaConfig): Encoder {
  const body = w.at("roberta");
  const first = c.pad_token_id + 1;
  const embed = bertEmbeddings(body.at("embeddings"), c, c.hidden_size, first);
  return bertBody(body, c, embed, c.max_position_embeddings - first);
}

/** RoBERTa's language-model head, which MPNet shares: dense, GELU, layer norm, decoder. `tokens`: the token embeddings. */
export function robertaLmHead(w: Weights, c: BertConfig, tokens: Weights): LmHead {
  const { hidden_size: h } = c;
  const init = normal(c.initializer_range);
  const head = w.at("lm_head");
  return lmHead({
    vocabulary: c.vocab_size,
    width: h,
    weight: c.tie_word_embeddings ? tokens : head.at("decoder"),
    bias: head,
    init,
    transform: lmTransform({
      dense: head.at("dense"),
      norm: head.at("layer_norm"),
      from: h,
      to: h,
      activation: "gelu",
      eps: c.layer_norm_eps,
      init,
    }),
  });
}

/** Dropout, dense, tanh, dropout, and the classes, at the first token. */
function rowHead(w: Weights, c: RobertaConfig, classes: number): SequenceHead {
  const { hidden_size: h, classifier_dropout: p } = c;
  const init = normal(c.initializer_range);
  const dense = linear(w.at("classifier.dense"), h, h, init, "tanh");
  const project = linear(w.at("classifier.out_proj"), h, classes, init);
  return {
    rowScores: (hidden, { starts, rows }) =>
      project(dropout(dense(dropout(gatherRows(hidden, starts.slice(0, rows)), p)), p)),
  };
}

/** The bare model's pooler: kept where a file has it, and does not learn. */
function keepPooler(w: Weights, c: RobertaConfig): ((hidden: Tensor, batch: Batch) => Tensor) | undefined {
  if (!w.has("roberta.pooler.dense.weight")) return undefined;
  const dense = linear(w.at("roberta.pooler.dense"), c.hidden_size, c.hidden_size, normal(c.initializer_range), "tanh");
  w.freeze((name) => name.startsWith("roberta.pooler."));
  return (hidden, { starts, rows }) => dense(gatherRows(hidden, starts.slice(0, rows)));
}

function canonicalName(stored: string): string | null {
  if (stored.endsWith("embeddings.position_ids")) return null;
  return /^(embeddings|encoder|pooler)\./.test(stored) ? `roberta.${stored}` : stored;
}

/** The two differ in the names of their classes. */
function family(type: string, name: string): EncoderFamily<RobertaConfig> {
  return {
    type,
    prefix: "roberta",
    architectures: {
      "feature-extraction": `${name}Model`,
      "masked-lm": `${name}ForMaskedLM`,
      "sequence-classification": `${name}ForSequenceClassification`,
      "token-classification": `${name}ForTokenClassification`,
      "question-answering": `${name}ForQuestionAnswering`,
    },
    read: readConfig,
    canonicalName,
    tied: (c) => ({
      "lm_head.decoder.bias": "lm_head.bias",
      ...(c.tie_word_embeddings && { "lm_head.decoder.weight": "roberta.embeddings.word_embeddings.weight" }),
    }),
    isHead: (stored) => /^(lm_head|classifier|qa_outputs|roberta\.pooler)\b/.test(stored),
    encoder,
    heads: {
      pool: keepPooler,
      mask: (w, c) => robertaLmHead(w, c, w.at("roberta.embeddings.word_embeddings")),
      classify: rowHead,
      tag: tagHead,
      answer: spanHead,
    },
  };
}

export const roberta = /* @__PURE__ */ family("roberta", "Roberta");
export const xlmRoberta = /* @__PURE__ */ family("xlm-roberta", "XLMRoberta");
