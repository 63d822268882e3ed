/**
 * MPNet: Song et al. 2020, "MPNet: Masked and Permuted Pre-training for Language Understanding" (arXiv:2004.09297).
 *
 * BERT's network without segments, with positions that begin behind the padding's, and a bias by distance that is learned
 * once and added to the scores of every layer.
 */
import type { Batch } from "../data/sample.js";
import type { SequenceHead } from "../heads/pooled.js";
import { normal } from "../nn/init.js";
import { linear, norm } from "../nn/layers.js";
import { relativeBucket } from "../nn/relative-position.js";
import type { Weights } from "../nn/weights.js";
import { dropout } from "../tensor/ops/dropout.js";
import { embeddingSum, gatherRows } from "../tensor/ops/embedding.js";
import { relativeBias } from "../tensor/ops/relative-bias.js";
import type { Tensor } from "../tensor/tensor.js";
import { type BertConfig, bertLayer, type LayerNames, readBertConfig, spanHead, tagHead } from "./bert.js";
import { ConfigError, number, section } from "./config.js";
import type { Encoder } from "./encoder.js";
import type { EncoderFamily } from "./family.js";
import { robertaLmHead } from "./roberta.js";

/** The published code has them fixed: the row of the first position, and the buckets of distances. */
const FIRST_POSITION = 2;
const BUCKETS = 32;
const FARTHEST = 128;

function readConfig(json: unknown): BertConfig {
  const c = section(json);
  const buckets = number(c, "relative_attention_num_buckets", BUCKETS);
  if (buckets !== BUCKETS)
    throw new ConfigError(
      `config.json: relative_attention_num_buckets ${buckets} is not supported; the published code computes with ${BUCKETS}`,
    );
  return readBertConfig({ ...c, vocab_size: number(c, "vocab_size", 30527) });
}

const NAMES: LayerNames = {
  query: "attention.attn.q",
  key: "attention.attn.k",
  value: "attention.attn.v",
  mix: "attention.attn.o",
  afterAttention: "attention.LayerNorm",
};

function embeddings(w: Weights, c: BertConfig): (batch: Batch) => Tensor {
  const init = normal(c.initializer_range);
  const word = w.at("word_embeddings").get("weight", [c.vocab_size, c.hidden_size], init);
  const position = w.at("position_embeddings").get("weight", [c.max_position_embeddings, c.hidden_size], init);
  const normalise = norm(w.at("LayerNorm"), c.hidden_size, c.layer_norm_eps);
  return ({ ids, positions }) => {
    const places = positions.map((i) => i + FIRST_POSITION);
    return dropout(
      normalise(
        embeddingSum([
          [word, ids],
          [position, places],
        ]),
      ),
      c.hidden_dropout_prob,
    );
  };
}

function encoder(w: Weights, c: BertConfig): Encoder {
  const body = w.at("mpnet");
  const embed = embeddings(body.at("embeddings"), c);
  const layers = Array.from({ length: c.num_hidden_layers }, (_, i) =>
    bertLayer(body.at(`encoder.layer.${i}`), c, NAMES),
  );
  const table = body
    .at("encoder.relative_attention_bias")
    .get("weight", [BUCKETS, c.num_attention_heads], normal(c.initializer_range));
  const bucket = (d: number) => relativeBucket(d, { buckets: BUCKETS, farthest: FARTHEST, bothWays: true });
  return {
    width: c.hidden_size,
    positions: c.max_position_embeddings - FIRST_POSITION,
    encode(batch, trace) {
      const bias = relativeBias(table, { starts: batch.starts, bucket });
      let x = embed(batch);
      trace?.hidden.push(x);
      for (const layer of layers) {
        x = layer(x, { batch, trace, bias });
        trace?.hidden.push(x);
      }
      return x;
    },
  };
}

/** Dropout, dense, tanh, dropout, and the classes, at the first token. */
function rowHead(w: Weights, c: BertConfig, classes: number): SequenceHead {
  const { hidden_size: h, hidden_dropout_prob: p } = c;
  const init = normal(c.initializer_range);
  const dense = linear(w.at("classifier.dense"), h, h, init, "tanh");
  const project = linear(w.at("classifier.out_proj"), h, classes, init);
  return {
    rowScores: (hidden, { starts, rows }) =>
      project(dropout(dense(dropout(gatherRows(hidden, starts.slice(0, rows)), p)), p)),
  };
}

/** The bare model's pooler: kept where a file has it, and does not learn. */
function keepPooler(w: Weights, c: BertConfig): void {
  if (!w.has("mpnet.pooler.dense.weight")) return;
  linear(w.at("mpnet.pooler.dense"), c.hidden_size, c.hidden_size, normal(c.initializer_range), "tanh");
  w.freeze((name) => name.startsWith("mpnet.pooler."));
}

function canonicalName(stored: string): string | null {
  if (stored.endsWith("embeddings.position_ids")) return null;
  return /^(embeddings|encoder|pooler)\./.test(stored) ? `mpnet.${stored}` : stored;
}

export const mpnet: EncoderFamily<BertConfig> = {
  type: "mpnet",
  prefix: "mpnet",
  architectures: {
    "feature-extraction": "MPNetModel",
    "masked-lm": "MPNetForMaskedLM",
    "sequence-classification": "MPNetForSequenceClassification",
    "token-classification": "MPNetForTokenClassification",
    "question-answering": "MPNetForQuestionAnswering",
  },
  read: readConfig,
  canonicalName,
  tied: (c) => ({
    "lm_head.decoder.bias": "lm_head.bias",
    ...(c.tie_word_embeddings && { "lm_head.decoder.weight": "mpnet.embeddings.word_embeddings.weight" }),
  }),
  isHead: (name) => /^(lm_head|classifier|qa_outputs|mpnet\.pooler)\b/.test(name),
  encoder,
  heads: {
    pool: keepPooler,
    mask: (w, c) => robertaLmHead(w, c, w.at("mpnet.embeddings.word_embeddings")),
    classify: rowHead,
    tag: tagHead,
    answer: spanHead,
  },
};
