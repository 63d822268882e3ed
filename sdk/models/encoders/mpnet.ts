/**
 * MPNet: Song et al. 2020, "MPNet: Masked and Permuted Pre-training for Language Understanding" (arXiv:2004.09297).
 *
 * BERT's network without segments, with position ids that start after the padding id, and one learned bias by relative
 * position that is added to the attention scores of every layer.
 */
import type { Batch } from "../../data/sample.js";
import type { SequenceHead } from "../../heads/pooled.js";
import { normal } from "../../nn/init.js";
import { norm } from "../../nn/layers.js";
import { relativeBucket } from "../../nn/relative-position.js";
import type { Weights } from "../../nn/weights.js";
import { dropout } from "../../tensor/ops/dropout.js";
import { embeddingSum } from "../../tensor/ops/embedding.js";
import { relativeBias } from "../../tensor/ops/relative-bias.js";
import type { Tensor } from "../../tensor/tensor.js";
import { ConfigError, number, section } from "../family/config.js";
import { type Encoder, encodes, runLayers } from "../family/encoder.js";
import type { EncoderFamily } from "../family/family.js";
import { repeatedDecoder } from "../family/lm-head.js";
import { type ModelSizes, specialIdFields } from "../family/sizes.js";
import { denseClassificationHead, keepPooler } from "../family/task-heads.js";
import {
  BERT_FIELDS,
  type BertConfig,
  bertLayer,
  bertSpanHead,
  bertTokenHead,
  freshBertConfig,
  type LayerNames,
  paddedLookups,
  readBertConfig,
} from "./bert.js";
import { robertaLmHead } from "./roberta.js";

/** Constants of the published code: the padding id, the row of position 0, and the buckets of relative positions. */
const PADDING_ID = 1;
const POSITION_OFFSET = PADDING_ID + 1;
const BUCKETS = 32;
const MAX_DISTANCE = 128;

function readConfig(json: unknown): BertConfig {
  const c = section(json);
  const buckets = number(c, "relative_attention_num_buckets", BUCKETS);
  if (buckets !== BUCKETS)
    throw new ConfigError(
      `config.json: relative_attention_num_buckets ${buckets} is not supported; the published code computes with ${BUCKETS}`,
    );
  return { ...readBertConfig({ ...c, vocab_size: number(c, "vocab_size", 30527) }), type_vocab_size: 0 };
}

function freshConfig(sizes: ModelSizes) {
  return {
    ...freshBertConfig(sizes),
    model_type: "mpnet",
    max_position_embeddings: sizes.maxPositionEmbeddings + POSITION_OFFSET,
    relative_attention_num_buckets: BUCKETS,
    layer_norm_eps: 1e-5,
    ...specialIdFields(sizes, PADDING_ID),
  };
}

const NAMES: LayerNames = {
  query: "attention.attn.q",
  key: "attention.attn.k",
  value: "attention.attn.v",
  output: "attention.attn.o",
  norm: "attention.LayerNorm",
};

function embeddings(w: Weights, c: BertConfig): (batch: Batch) => Tensor {
  const init = normal(c.initializer_range);
  const token = w.at("word_embeddings").table("weight", [c.vocab_size, c.hidden_size], init);
  const position = w.at("position_embeddings").get("weight", [c.max_position_embeddings, c.hidden_size], init);
  const normalize = norm(w.at("LayerNorm"), c.hidden_size, c.layer_norm_eps);
  return (batch) => {
    const sum = embeddingSum(paddedLookups(token, position, batch, { id: PADDING_ID, offset: POSITION_OFFSET }));
    return dropout(normalize(sum), c.hidden_dropout_prob);
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
  const bucket = (d: number) => relativeBucket(d, { buckets: BUCKETS, farthest: MAX_DISTANCE, bothWays: true });
  return {
    hiddenSize: c.hidden_size,
    maxLength: c.max_position_embeddings - POSITION_OFFSET,
    ...encodes((batch, trace) => {
      const bias = relativeBias(table, { starts: batch.starts, bucket });
      return runLayers(embed(batch), layers, (layer, x) => layer(x, { batch, trace, bias }), trace);
    }),
  };
}

function sequenceHead(w: Weights, c: BertConfig, classes: number): SequenceHead {
  const { hidden_size: width, hidden_dropout_prob: p } = c;
  const init = normal(c.initializer_range);
  return denseClassificationHead(w.at("classifier"), { width, classes, dropout: p, init, activation: "tanh" });
}

function canonicalName(stored: string): string {
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
  vocabulary: { algorithm: "wordpiece", uncased: true },
  parameters: {
    embeddings: ["mpnet.embeddings", "mpnet.encoder.relative_attention_bias"],
    stacks: ["mpnet.encoder.layer"],
    countField: "num_hidden_layers",
  },
  fresh: freshConfig,
  configFields: [BERT_FIELDS, "classifier_dropout relative_attention_num_buckets"],
  read: readConfig,
  canonicalName,
  tied: (c) => repeatedDecoder("lm_head", "mpnet.embeddings.word_embeddings", c.tie_word_embeddings),
  isHead: (name) => /^(lm_head|classifier|qa_outputs|mpnet\.pooler)\b/.test(name),
  encoder,
  heads: {
    "feature-extraction": (w, c) => keepPooler(w.at("mpnet.pooler.dense"), c.hidden_size, normal(c.initializer_range)),
    "masked-lm": (w, c) => robertaLmHead(w, c, w.at("mpnet.embeddings.word_embeddings")),
    "sequence-classification": sequenceHead,
    "token-classification": bertTokenHead,
    "question-answering": bertSpanHead,
  },
};
