/**
 * DeBERTa-v2 and v3: He et al. 2021, "DeBERTa: Decoding-enhanced BERT with Disentangled Attention" (arXiv:2006.03654) and
 * "DeBERTaV3" (arXiv:2111.09543).
 *
 * Attention is disentangled: scores are the sum of content-to-content, content-to-position (c2p) and position-to-content
 * (p2c) terms, with one table of relative positions for all layers. Tokens need no absolute positions.
 */

import type { Batch } from "../../data/sample.js";
import { shown } from "../../errors.js";
import type { SequenceHead } from "../../heads/pooled.js";
import { selfAttention } from "../../nn/attention.js";
import { normal } from "../../nn/init.js";
import { biasFreeLinear, type Layer, linear, norm } from "../../nn/layers.js";
import { logBucket } from "../../nn/relative-position.js";
import type { Weights } from "../../nn/weights.js";
import type { LmHead } from "../../objectives/masked-lm.js";
import { type Activation, activationNamed } from "../../tensor/ops/activation.js";
import { type DistanceScores, disentangledBias } from "../../tensor/ops/disentangled-bias.js";
import { dropout } from "../../tensor/ops/dropout.js";
import { add, columns } from "../../tensor/ops/elementwise.js";
import { embeddingSum, type Lookup } from "../../tensor/ops/embedding.js";
import { matmul } from "../../tensor/ops/matmul.js";
import type { Steps } from "../../tensor/steps.js";
import { rows, type Tensor } from "../../tensor/tensor.js";
import {
  ConfigError,
  dropoutProbability,
  epsilon,
  number,
  optional,
  type Section,
  section,
  wholeNumber,
} from "../family/config.js";
import { type Encoder, encodes, runLayers, type Trace } from "../family/encoder.js";
import type { EncoderFamily } from "../family/family.js";
import { decoderOf, lmHead, lmTransform, repeatedDecoder } from "../family/lm-head.js";
import { type ModelSizes, specialIdFields } from "../family/sizes.js";
import { firstTokens } from "../family/task-heads.js";
import { BERT_FIELDS, type BertConfig, bertSpanHead, bertTokenHead, freshBertConfig, readBertConfig } from "./bert.js";

type PositionTerm = "c2p" | "p2c";

export interface DebertaConfig extends BertConfig {
  /** width of the embeddings */
  readonly embedding_size: number;
  /** whether absolute positions are added to the embeddings */
  readonly position_biased_input: boolean;
  readonly relative_attention: boolean;
  /** terms of the scores other than content-to-content; without relative attention they only enter the scale */
  readonly terms: readonly PositionTerm[];
  /** whether relative positions share the query and key projections of the tokens */
  readonly share_att_key: boolean;
  /** entries of the table of relative positions on each side */
  readonly span: number;
  /** whether far distances share entries in logarithmic buckets */
  readonly bucketed: boolean;
  /** longest distance that is distinguished */
  readonly farthest: number;
  /** whether the table of relative positions goes through a layer norm */
  readonly normalized: boolean;
  readonly pooler_hidden_act: Activation;
  readonly pooler_dropout: number;
  /** whether the masked-LM head has the parameter names of the first release */
  readonly legacy: boolean;
}

/** ["p2c", "c2p"], or "p2c|c2p" in older files. */
function termsOf(c: Section): PositionTerm[] {
  const given = c["pos_att_type"] ?? [];
  const names: unknown[] = typeof given === "string" ? given.split("|") : Array.isArray(given) ? given : [given];
  return names.map((name) => {
    const term = typeof name === "string" ? name.trim().toLowerCase() : name;
    if (term !== "c2p" && term !== "p2c")
      throw new ConfigError(`config.json: pos_att_type has ${shown(name)}; expected c2p or p2c`);
    return term;
  });
}

function readConfig(json: unknown): DebertaConfig {
  const c = section(json);
  // readBertConfig requires at least one segment; here 0 means none.
  const segments = wholeNumber(c, "type_vocab_size", 0, 0);
  const read = readBertConfig({
    ...c,
    type_vocab_size: 1,
    vocab_size: number(c, "vocab_size", 128100),
    layer_norm_eps: epsilon(c, "layer_norm_eps", 1e-7),
    hidden_dropout_prob: dropoutProbability(c, "hidden_dropout_prob", 0.1),
    classifier_dropout: c["cls_dropout"] ?? c["hidden_dropout_prob"] ?? 0.1,
  });
  if (optional(c, "conv_kernel_size", 0) > 0)
    throw new ConfigError(
      "config.json: conv_kernel_size is set; the convolution of the xlarge models is not supported",
    );
  const head = optional(c, "attention_head_size", read.hidden_size / read.num_attention_heads);
  if (head * read.num_attention_heads !== read.hidden_size)
    throw new ConfigError(`config.json: attention_head_size ${head} is not hidden_size / num_attention_heads`);
  const given = wholeNumber(c, "max_relative_positions", -1, -1);
  const farthest = given < 1 ? read.max_position_embeddings : given;
  const buckets = wholeNumber(c, "position_buckets", -1, -1);
  return {
    ...read,
    type_vocab_size: segments,
    embedding_size: number(c, "embedding_size", read.hidden_size),
    position_biased_input: optional(c, "position_biased_input", true),
    relative_attention: optional(c, "relative_attention", false),
    terms: [...new Set(termsOf(c))],
    share_att_key: optional(c, "share_att_key", false),
    span: buckets > 0 ? buckets : farthest,
    bucketed: buckets > 0,
    farthest,
    normalized: optional(c, "norm_rel_ebd", "none")
      .toLowerCase()
      .split("|")
      .map((part) => part.trim())
      .includes("layer_norm"),
    pooler_hidden_act: activationNamed(optional(c, "pooler_hidden_act", "gelu"), "pooler_hidden_act"),
    pooler_dropout: dropoutProbability(c, "pooler_dropout", 0),
    legacy: optional(c, "legacy", true),
  };
}

function freshConfig(sizes: ModelSizes) {
  return {
    ...freshBertConfig(sizes),
    model_type: "deberta-v2",
    type_vocab_size: 0,
    layer_norm_eps: 1e-7,
    relative_attention: true,
    pos_att_type: ["p2c", "c2p"],
    position_buckets: 256,
    max_relative_positions: -1,
    position_biased_input: false,
    share_att_key: true,
    norm_rel_ebd: "layer_norm",
    ...specialIdFields(sizes, 0),
  };
}

function embeddings(w: Weights, c: DebertaConfig): (batch: Batch) => Tensor {
  const init = normal(c.initializer_range);
  const table = (name: string, entries: number) => w.at(name).table("weight", [entries, c.embedding_size], init);
  const token = table("word_embeddings", c.vocab_size);
  const position = c.position_biased_input ? table("position_embeddings", c.max_position_embeddings) : null;
  const segment = c.type_vocab_size > 0 ? table("token_type_embeddings", c.type_vocab_size) : null;
  const project =
    c.embedding_size === c.hidden_size
      ? (x: Tensor) => x
      : biasFreeLinear(w.at("embed_proj"), c.embedding_size, c.hidden_size, init);
  const normalize = norm(w.at("LayerNorm"), c.hidden_size, c.layer_norm_eps);
  return ({ ids, positions, segments }) => {
    const lookups: Lookup[] = [[token, ids]];
    if (position) lookups.push([position, positions]);
    if (segment) lookups.push([segment, segments]);
    return dropout(normalize(project(embeddingSum(lookups))), c.hidden_dropout_prob);
  };
}

/** Projections of relative positions: those of the tokens where shared, their own otherwise. */
function positionProjections(
  w: Weights,
  c: DebertaConfig,
  query: Layer,
  key: Layer,
): Record<PositionTerm, Layer | null> {
  const own = (name: string) => linear(w.at(name), c.hidden_size, c.hidden_size, normal(c.initializer_range));
  const terms = c.relative_attention ? c.terms : [];
  return {
    c2p: terms.includes("c2p") ? (c.share_att_key ? key : own("pos_key_proj")) : null,
    p2c: terms.includes("p2c") ? (c.share_att_key ? query : own("pos_query_proj")) : null,
  };
}

/** The scores of one head: (tokens, dim) against (entries, dim). */
function headScores(x: Tensor, table: Tensor, head: number, dim: number): Tensor {
  const part = (t: Tensor) => columns(t, head * dim, (head + 1) * dim);
  return matmul(part(x), part(table), { transposeB: true });
}

interface Step {
  readonly batch: Batch;
  /** (2 * span, hidden) the table of relative positions; null without relative attention */
  readonly relative: Tensor | null;
  readonly trace: Trace | undefined;
}

function attentionOf(w: Weights, c: DebertaConfig): (x: Tensor, step: Step) => Steps<Tensor> {
  const { hidden_size: h, num_attention_heads: heads } = c;
  const init = normal(c.initializer_range);
  const query = linear(w.at("query_proj"), h, h, init);
  const key = linear(w.at("key_proj"), h, h, init);
  const value = linear(w.at("value_proj"), h, h, init);
  const projections = positionProjections(w, c, query, key);
  const dim = h / heads;
  const scale = 1 / Math.sqrt(dim * (1 + c.terms.length));
  const entry = (d: number) => {
    const bucket = c.bucketed ? logBucket(d, c.span, c.farthest) : d;
    return Math.min(2 * c.span - 1, Math.max(0, bucket + c.span));
  };
  return function* (x, { batch, relative, trace }) {
    const [q, k, v] = [query(x), key(x), value(x)];
    const parts: DistanceScores[] = [];
    const dropped = relative && dropout(relative, c.hidden_dropout_prob);
    for (const [term, content] of [
      ["c2p", q],
      ["p2c", k],
    ] as const) {
      const table = dropped && projections[term]?.(dropped);
      if (!table) continue;
      for (let head = 0; head < heads; head++)
        parts.push({ scores: headScores(content, table, head, dim), head, byKey: term === "p2c" });
      yield;
    }
    const { starts } = batch;
    return selfAttention(q, k, v, batch, {
      heads,
      scale,
      dropout: c.attention_probs_dropout_prob,
      attentions: trace?.attentions,
      ...(parts.length > 0 && { bias: disentangledBias(parts, { starts, heads, factor: scale, entry }) }),
    });
  };
}

function debertaLayer(w: Weights, c: DebertaConfig): (x: Tensor, step: Step) => Steps<Tensor> {
  const { hidden_size: h, hidden_dropout_prob: p, layer_norm_eps: eps } = c;
  const init = normal(c.initializer_range);
  const attend = attentionOf(w.at("attention.self"), c);
  const attentionOutput = linear(w.at("attention.output.dense"), h, h, init);
  const attentionNorm = norm(w.at("attention.output.LayerNorm"), h, eps);
  const intermediate = linear(w.at("intermediate.dense"), h, c.intermediate_size, init, c.hidden_act);
  const output = linear(w.at("output.dense"), c.intermediate_size, h, init);
  const outputNorm = norm(w.at("output.LayerNorm"), h, eps);
  return function* (x, step) {
    const attended = yield* attend(x, step);
    yield;
    x = attentionNorm(add(x, dropout(attentionOutput(attended), p)));
    const inner = intermediate(x);
    yield;
    return outputNorm(add(x, dropout(output(inner), p)));
  };
}

/** The table of relative positions, normalized if the configuration asks for it. */
function relativeTable(w: Weights, c: DebertaConfig): () => Tensor | null {
  const normalize = c.normalized ? norm(w.at("LayerNorm"), c.hidden_size, c.layer_norm_eps) : (x: Tensor) => x;
  if (!c.relative_attention) return () => null;
  const table = w.at("rel_embeddings").get("weight", [2 * c.span, c.hidden_size], normal(c.initializer_range));
  return () => normalize(rows(table, 0, 2 * c.span));
}

function encoder(w: Weights, c: DebertaConfig): Encoder {
  const body = w.at("deberta");
  const embed = embeddings(body.at("embeddings"), c);
  const stack = body.at("encoder");
  const layers = Array.from({ length: c.num_hidden_layers }, (_, i) => debertaLayer(stack.at(`layer.${i}`), c));
  const table = relativeTable(stack, c);
  return {
    hiddenSize: c.hidden_size,
    maxLength: c.max_position_embeddings,
    ...encodes((batch, trace) => {
      const relative = table();
      return runLayers(embed(batch), layers, (layer, x) => layer(x, { batch, relative, trace }), trace);
    }),
  };
}

/** Dense, activation, layer norm, decoder; the two releases differ in parameter names. */
function maskedLmHead(w: Weights, c: DebertaConfig): LmHead {
  const { hidden_size: h } = c;
  if (c.embedding_size !== h)
    throw new ConfigError(`config.json: embedding_size ${c.embedding_size} with a masked-LM head is not supported`);
  const init = normal(c.initializer_range);
  const head = c.legacy ? w.at("cls.predictions") : w.at("lm_predictions.lm_head");
  const inner = c.legacy ? head.at("transform") : head;
  const tokens = w.at("deberta.embeddings.word_embeddings");
  return lmHead({
    vocabulary: c.vocab_size,
    width: h,
    ...(c.legacy ? decoderOf(head, tokens, c.tie_word_embeddings) : { weight: tokens, bias: head }),
    init,
    transform: lmTransform({
      dense: inner.at("dense"),
      norm: inner.at("LayerNorm"),
      from: h,
      to: h,
      activation: c.hidden_act,
      eps: c.layer_norm_eps,
      init,
    }),
  });
}

/** Dropout, dense and activation at the first token, then the classes. */
function sequenceHead(w: Weights, c: DebertaConfig, classes: number): SequenceHead {
  const init = normal(c.initializer_range);
  const pool = linear(w.at("pooler.dense"), c.hidden_size, c.hidden_size, init, c.pooler_hidden_act);
  const classify = linear(w.at("classifier"), c.hidden_size, classes, init);
  return {
    sequenceScores: (hidden, batch) =>
      classify(dropout(pool(dropout(firstTokens(hidden, batch), c.pooler_dropout)), c.classifier_dropout)),
  };
}

function canonicalName(stored: string): string {
  return /^(embeddings|encoder)\./.test(stored) ? `deberta.${stored}` : stored;
}

export const debertaV2: EncoderFamily<DebertaConfig> = {
  type: "deberta-v2",
  prefix: "deberta",
  architectures: {
    "feature-extraction": "DebertaV2Model",
    "masked-lm": "DebertaV2ForMaskedLM",
    "sequence-classification": "DebertaV2ForSequenceClassification",
    "token-classification": "DebertaV2ForTokenClassification",
    "question-answering": "DebertaV2ForQuestionAnswering",
  },
  vocabulary: { algorithm: "unigram", special: ["[PAD]", "[CLS]", "[SEP]", "<unk>", "[MASK]"], uncased: true },
  parameters: {
    embeddings: ["deberta.embeddings", "deberta.encoder.rel_embeddings", "deberta.encoder.LayerNorm"],
    stacks: ["deberta.encoder.layer"],
    countField: "num_hidden_layers",
  },
  fresh: freshConfig,
  configFields: [
    BERT_FIELDS,
    "attention_head_size conv_kernel_size legacy max_relative_positions norm_rel_ebd pooler_dropout pooler_hidden_act pos_att_type position_biased_input position_buckets relative_attention share_att_key",
  ],
  read: readConfig,
  canonicalName,
  tied: (c) => repeatedDecoder("cls.predictions", "deberta.embeddings.word_embeddings", c.tie_word_embeddings),
  isHead: (name) => /^(cls|lm_predictions|mask_predictions|pooler|classifier|qa_outputs)\b/.test(name),
  encoder,
  heads: {
    "masked-lm": maskedLmHead,
    "sequence-classification": sequenceHead,
    "token-classification": bertTokenHead,
    "question-answering": bertSpanHead,
  },
};
