/**
 * ALBERT: Lan et al. 2020, "ALBERT: A Lite BERT for Self-supervised Learning of Language Representations"
 * (arXiv:1909.11942).
 *
 * Token embeddings are narrow and projected to the width of the layers (factorized). All layers share their weights, or
 * groups of layers do: a shared layer asks for the same parameter names at every depth.
 */
import type { Batch } from "../../data/sample.js";
import type { PairHead, SequenceHead } from "../../heads/pooled.js";
import { selfAttention } from "../../nn/attention.js";
import { normal } from "../../nn/init.js";
import { linear, norm } from "../../nn/layers.js";
import type { Weights } from "../../nn/weights.js";
import type { LmHead } from "../../objectives/masked-lm.js";
import { dropout } from "../../tensor/ops/dropout.js";
import { add } from "../../tensor/ops/elementwise.js";
import type { Steps } from "../../tensor/steps.js";
import type { Tensor } from "../../tensor/tensor.js";
import {
  ConfigError,
  dropoutProbability,
  layerCount,
  MOST_LAYERS,
  number,
  optional,
  section,
} from "../family/config.js";
import { type Encoder, encodes, runLayers, type Trace } from "../family/encoder.js";
import type { EncoderFamily } from "../family/family.js";
import { decoderOf, lmHead, lmTransform, repeatedDecoder } from "../family/lm-head.js";
import { type ModelSizes, specialIdFields } from "../family/sizes.js";
import { bertPooler, keepPooler, type Pooler, pooledClassificationHead } from "../family/task-heads.js";
import {
  BERT_FIELDS,
  type BertConfig,
  bertEmbeddings,
  bertSpanHead,
  bertTokenHead,
  freshBertConfig,
  readBertConfig,
} from "./bert.js";

export interface AlbertConfig extends BertConfig {
  /** width of the embeddings */
  readonly embedding_size: number;
  readonly num_hidden_groups: number;
  /** layers of a group, applied one after another at every depth */
  readonly inner_group_num: number;
}

function readConfig(json: unknown): AlbertConfig {
  const c = section(json);
  const groups = layerCount(c, "num_hidden_groups", 1);
  const read = readBertConfig({
    ...c,
    vocab_size: number(c, "vocab_size", 30000),
    hidden_size: number(c, "hidden_size", 4096),
    num_attention_heads: number(c, "num_attention_heads", 64),
    intermediate_size: number(c, "intermediate_size", 16384),
    hidden_act: optional(c, "hidden_act", "gelu_new"),
    hidden_dropout_prob: dropoutProbability(c, "hidden_dropout_prob", 0),
    attention_probs_dropout_prob: dropoutProbability(c, "attention_probs_dropout_prob", 0),
    classifier_dropout: dropoutProbability(c, "classifier_dropout_prob", 0.1),
  });
  if (groups > read.num_hidden_layers)
    throw new ConfigError(
      `config.json: num_hidden_groups ${groups} is more than num_hidden_layers ${read.num_hidden_layers}`,
    );
  const inGroup = layerCount(c, "inner_group_num", 1);
  if (groups * inGroup > MOST_LAYERS)
    throw new ConfigError(
      `config.json: num_hidden_groups ${groups} of inner_group_num ${inGroup} have more than ${MOST_LAYERS} layers`,
    );
  return {
    ...read,
    embedding_size: number(c, "embedding_size", 128),
    num_hidden_groups: groups,
    inner_group_num: inGroup,
  };
}

function freshConfig(sizes: ModelSizes) {
  return {
    ...freshBertConfig(sizes),
    model_type: "albert",
    embedding_size: sizes.embeddingSize ?? Math.min(128, sizes.hiddenSize),
    num_hidden_groups: 1,
    inner_group_num: 1,
    hidden_act: "gelu_new",
    classifier_dropout_prob: 0.1,
    ...specialIdFields(sizes, 0),
  };
}

type AlbertLayer = (x: Tensor, batch: Batch, trace?: Trace) => Steps<Tensor>;

/** BERT's layer under ALBERT's names, without dropout after the feed-forward. */
function albertLayer(w: Weights, c: AlbertConfig): AlbertLayer {
  const { hidden_size: h, hidden_dropout_prob: p, layer_norm_eps: eps } = c;
  const init = normal(c.initializer_range);
  const projection = (name: string) => linear(w.at(`attention.${name}`), h, h, init);
  const [query, key, value, attentionOutput] = [
    projection("query"),
    projection("key"),
    projection("value"),
    projection("dense"),
  ];
  const attentionNorm = norm(w.at("attention.LayerNorm"), h, eps);
  const intermediate = linear(w.at("ffn"), h, c.intermediate_size, init, c.hidden_act);
  const output = linear(w.at("ffn_output"), c.intermediate_size, h, init);
  const outputNorm = norm(w.at("full_layer_layer_norm"), h, eps);
  return function* (x, batch, trace) {
    const [queries, keys, values] = [query(x), key(x), value(x)];
    yield;
    const attended = selfAttention(queries, keys, values, batch, {
      heads: c.num_attention_heads,
      dropout: c.attention_probs_dropout_prob,
      attentions: trace?.attentions,
    });
    yield;
    x = attentionNorm(add(x, dropout(attentionOutput(attended), p)));
    const inner = intermediate(x);
    yield;
    return outputNorm(add(x, output(inner)));
  };
}

function encoder(w: Weights, c: AlbertConfig): Encoder {
  const { hidden_size: h, num_hidden_groups: groupCount, num_hidden_layers: depth } = c;
  const body = w.at("albert");
  const embed = bertEmbeddings(body.at("embeddings"), c, c.embedding_size);
  const stack = body.at("encoder");
  const project = linear(stack.at("embedding_hidden_mapping_in"), c.embedding_size, h, normal(c.initializer_range));
  const groups = Array.from({ length: groupCount }, (_, group) =>
    Array.from({ length: c.inner_group_num }, (__, i) =>
      albertLayer(stack.at(`albert_layer_groups.${group}.albert_layers.${i}`), c),
    ),
  );
  const layers = Array.from({ length: depth }, (_, i) => groups[Math.floor((i * groupCount) / depth)]!).flat();
  return {
    hiddenSize: h,
    maxLength: c.max_position_embeddings,
    ...encodes((batch, trace) => runLayers(project(embed(batch)), layers, (layer, x) => layer(x, batch, trace), trace)),
  };
}

function pooler(w: Weights, c: AlbertConfig): Pooler {
  return bertPooler(w.at("albert.pooler"), c.hidden_size, normal(c.initializer_range));
}

/** Dense to the width of the embeddings, activation, layer norm, decoder. */
function maskedLmHead(w: Weights, c: AlbertConfig): LmHead {
  const { embedding_size: width } = c;
  const init = normal(c.initializer_range);
  const head = w.at("predictions");
  return lmHead({
    vocabulary: c.vocab_size,
    width,
    ...decoderOf(head, w.at("albert.embeddings.word_embeddings"), c.tie_word_embeddings),
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

/** Sentence-order prediction: in order (0) or swapped (1). */
function sentenceOrderHead(w: Weights, c: AlbertConfig): PairHead {
  const { sequenceScores } = pooledClassificationHead(w.at("sop_classifier.classifier"), pooler(w, c), headSizes(c, 2));
  return { pairScores: sequenceScores };
}

function sequenceHead(w: Weights, c: AlbertConfig, classes: number): SequenceHead {
  return pooledClassificationHead(w.at("classifier"), pooler(w, c), headSizes(c, classes));
}

function headSizes(c: AlbertConfig, classes: number) {
  return { width: c.hidden_size, classes, dropout: c.classifier_dropout, init: normal(c.initializer_range) };
}

function canonicalName(stored: string): string {
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
  vocabulary: { algorithm: "unigram", special: ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"], uncased: true },
  parameters: {
    embeddings: ["albert.embeddings", "albert.encoder.embedding_hidden_mapping_in"],
    stacks: ["albert.encoder.albert_layer_groups"],
  },
  fresh: freshConfig,
  configFields: [BERT_FIELDS, "classifier_dropout_prob embedding_size inner_group_num num_hidden_groups"],
  fieldsWithoutEffect: "down_scale_factor gap_size net_structure_type num_memory_blocks",
  read: readConfig,
  canonicalName,
  tied: (c) => repeatedDecoder("predictions", "albert.embeddings.word_embeddings", c.tie_word_embeddings),
  isHead: (name) => /^(predictions|sop_classifier|classifier|qa_outputs|albert\.pooler)\b/.test(name),
  encoder,
  heads: {
    "feature-extraction": (w, c) => keepPooler(w.at("albert.pooler"), c.hidden_size, normal(c.initializer_range)),
    "masked-lm": maskedLmHead,
    "next-sentence-prediction": sentenceOrderHead,
    "sequence-classification": sequenceHead,
    "token-classification": bertTokenHead,
    "question-answering": bertSpanHead,
  },
};
