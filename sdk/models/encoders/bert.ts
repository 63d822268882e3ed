/**
 * BERT: Devlin et al. 2019, "BERT: Pre-training of Deep Bidirectional Transformers" (arXiv:1810.04805).
 *
 * Token, position and segment embeddings are added and normalized; then layers of self-attention and feed-forward, each
 * added to its input and normalized after it (post-norm). Names and configuration are those of the published files.
 */

import type { Batch } from "../../data/sample.js";
import { shown } from "../../errors.js";
import type { PairHead, SequenceHead } from "../../heads/pooled.js";
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
import { embeddingSum, type Lookup, type Table } from "../../tensor/ops/embedding.js";
import { Scope } from "../../tensor/scope.js";
import type { Steps } from "../../tensor/steps.js";
import { isTaping } from "../../tensor/tape.js";
import type { Tensor } from "../../tensor/tensor.js";
import {
  ConfigError,
  dropoutProbability,
  epsilon,
  headWidth,
  layerCount,
  number,
  optional,
  type Section,
  section,
  standardDeviation,
} from "../family/config.js";
import { type Encoder, encodes, runLayers, type Trace } from "../family/encoder.js";
import type { EncoderFamily } from "../family/family.js";
import { decoderOf, lmHead, lmTransform, repeatedDecoder } from "../family/lm-head.js";
import type { ModelSizes } from "../family/sizes.js";
import {
  bertPooler,
  keepPooler,
  type Pooler,
  pooledClassificationHead,
  questionAnsweringHead,
  tokenClassificationHead,
} from "../family/task-heads.js";

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

/** The fields that BERT shares with related families; absent ones have BERT's defaults. */
export function readBertConfig(json: unknown): BertConfig {
  const c = section(json);
  const kind = optional(c, "position_embedding_type", "absolute");
  if (kind !== "absolute")
    throw new ConfigError(`config.json: position_embedding_type ${shown(kind)} is not supported; expected "absolute"`);
  if (optional(c, "is_decoder", false))
    throw new ConfigError("config.json: is_decoder is true; this family is supported as an encoder only");
  const hidden = number(c, "hidden_size", 768);
  const heads = number(c, "num_attention_heads", 12);
  headWidth("hidden_size", hidden, "num_attention_heads", heads);
  const hiddenDropout = dropoutProbability(c, "hidden_dropout_prob", 0.1);
  return {
    vocab_size: number(c, "vocab_size", 30522),
    hidden_size: hidden,
    num_hidden_layers: layerCount(c, "num_hidden_layers", 12),
    num_attention_heads: heads,
    intermediate_size: number(c, "intermediate_size", 3072),
    max_position_embeddings: number(c, "max_position_embeddings", 512),
    type_vocab_size: number(c, "type_vocab_size", 2),
    hidden_act: activationNamed(optional(c, "hidden_act", "gelu"), "hidden_act"),
    layer_norm_eps: epsilon(c, "layer_norm_eps", 1e-12),
    hidden_dropout_prob: hiddenDropout,
    attention_probs_dropout_prob: dropoutProbability(c, "attention_probs_dropout_prob", 0.1),
    classifier_dropout: dropoutProbability(c, "classifier_dropout", hiddenDropout),
    initializer_range: standardDeviation(c, "initializer_range", 0.02),
    tie_word_embeddings: optional(c, "tie_word_embeddings", true),
  };
}

/** config.json of a new BERT. */
export function freshBertConfig(sizes: ModelSizes): Section {
  const { dropout: p, special } = sizes;
  return {
    model_type: "bert",
    vocab_size: sizes.vocabSize,
    hidden_size: sizes.hiddenSize,
    num_hidden_layers: sizes.numHiddenLayers,
    num_attention_heads: sizes.numAttentionHeads,
    intermediate_size: sizes.intermediateSize ?? 4 * sizes.hiddenSize,
    max_position_embeddings: sizes.maxPositionEmbeddings,
    type_vocab_size: 2,
    hidden_act: "gelu",
    hidden_dropout_prob: p,
    attention_probs_dropout_prob: p,
    initializer_range: sizes.initializerRange ?? 0.02,
    layer_norm_eps: 1e-12,
    pad_token_id: special?.pad ?? 0,
    tie_word_embeddings: true,
  };
}

/** A family whose positions start after the padding id: see {@link positionsAfterPadding}. */
export interface PaddingRows {
  /** the padding id */
  readonly id: number;
  /** the row of position 0 in the table of positions; padding has the row before it */
  readonly offset: number;
}

/**
 * The sum of token, position and segment embeddings, normalized. Returns (tokens, width).
 *
 * @param width of the embeddings; families that factorize them project to the width of the layers afterwards
 * @param padding for families whose positions start after the padding id
 */
export function bertEmbeddings(
  w: Weights,
  c: BertConfig,
  width = c.hidden_size,
  padding?: PaddingRows,
): (batch: Batch) => Tensor {
  const init = normal(c.initializer_range);
  const token = w.at("word_embeddings").table("weight", [c.vocab_size, width], init);
  const position = w.at("position_embeddings").get("weight", [c.max_position_embeddings, width], init);
  const segment = w.at("token_type_embeddings").get("weight", [c.type_vocab_size, width], init);
  const normalize = norm(w.at("LayerNorm"), width, c.layer_norm_eps);
  return (batch) => {
    const { ids, segments } = batch;
    const sum = embeddingSum([
      ...(padding
        ? paddedLookups(token, position, batch, padding)
        : ([
            [token, ids],
            [position, batch.positions],
          ] as const)),
      [segment, c.type_vocab_size === 1 ? segments.map(() => 0) : segments],
    ]);
    return dropout(normalize(sum), c.hidden_dropout_prob);
  };
}

/** Token and position embeddings, neither of which learns from padding. */
export function paddedLookups(token: Table, position: Table, batch: Batch, padding: PaddingRows): readonly Lookup[] {
  return [
    [token, batch.ids, padding.id],
    [position, positionsAfterPadding(batch, padding), padding.offset - 1],
  ];
}

/**
 * Rows of the table of positions as RoBERTa counts them: the first token of a sequence has row `offset`; padding tokens
 * within a text all have the row before it and are not counted.
 */
export function positionsAfterPadding({ ids, positions, starts }: Batch, { id, offset }: PaddingRows): Int32Array {
  const rows = positions.map((position) => position + offset);
  if (!ids.includes(id)) return rows;
  for (let row = 0; row + 1 < starts.length; row++) {
    let padding = 0;
    for (let t = starts[row]!; t < starts[row + 1]!; t++) {
      if (ids[t] === id) {
        padding++;
        rows[t] = offset - 1;
      } else rows[t]! -= padding;
    }
  }
  return rows;
}

/** Where the parts of a layer's attention are stored. */
export interface LayerNames {
  readonly query: string;
  readonly key: string;
  readonly value: string;
  readonly output: string;
  readonly norm: string;
}

const BERT_NAMES: LayerNames = {
  query: "attention.self.query",
  key: "attention.self.key",
  value: "attention.self.value",
  output: "attention.output.dense",
  norm: "attention.output.LayerNorm",
};

/** The inputs of a layer other than the hidden states. */
export interface LayerStep {
  readonly batch: Batch;
  readonly trace?: Trace | undefined;
  /** added to the attention scores */
  readonly bias?: Tensor;
}

/** One encoder layer: self-attention, then feed-forward; each is added to its input and the sum is normalized. */
export function bertLayer(
  w: Weights,
  c: BertConfig,
  names = BERT_NAMES,
): (x: Tensor, step: LayerStep) => Steps<Tensor> {
  const { hidden_size: h, num_attention_heads: heads, hidden_dropout_prob: p, layer_norm_eps: eps } = c;
  const init = normal(c.initializer_range);
  const query = linear(w.at(names.query), h, h, init);
  const key = linear(w.at(names.key), h, h, init);
  const value = linear(w.at(names.value), h, h, init);
  const attentionOutput = linear(w.at(names.output), h, h, init);
  const attentionNorm = norm(w.at(names.norm), h, eps);
  const intermediate = linear(w.at("intermediate.dense"), h, c.intermediate_size, init, c.hidden_act);
  const output = linear(w.at("output.dense"), c.intermediate_size, h, init);
  const outputNorm = norm(w.at("output.LayerNorm"), h, eps);

  function* layer(x: Tensor, { batch, trace, bias }: LayerStep): Steps<Tensor> {
    const [queries, keys, values] = [query(x), key(x), value(x)];
    yield;
    const attended = selfAttention(queries, keys, values, batch, {
      heads,
      dropout: c.attention_probs_dropout_prob,
      attentions: trace?.attentions,
      ...(bias && { bias }),
    });
    yield;
    x = attentionNorm(add(x, dropout(attentionOutput(attended), p)));
    const inner = intermediate(x);
    yield;
    return outputNorm(add(x, dropout(output(inner), p)));
  }
  return function* (x, step) {
    if (step.trace || isTaping()) return yield* layer(x, step);
    // Tensors that nothing reads again are freed with the layer, not with the whole model.
    using scope = new Scope();
    return scope.keep(yield* layer(x, step));
  };
}

/** BERT's layers over given embeddings. */
export function bertBody(w: Weights, c: BertConfig, embed: (batch: Batch) => Tensor, positions: number): Encoder {
  const layers = Array.from({ length: c.num_hidden_layers }, (_, i) => bertLayer(w.at(`encoder.layer.${i}`), c));
  return {
    hiddenSize: c.hidden_size,
    maxLength: positions,
    ...encodes((batch, trace) => runLayers(embed(batch), layers, (layer, x) => layer(x, { batch, trace }), trace)),
  };
}

function encoder(w: Weights, c: BertConfig): Encoder {
  const body = w.at("bert");
  return bertBody(body, c, bertEmbeddings(body.at("embeddings"), c), c.max_position_embeddings);
}

function pooler(w: Weights, c: BertConfig): Pooler {
  return bertPooler(w.at("bert.pooler.dense"), c.hidden_size, normal(c.initializer_range));
}

/**
 * BERT's language-model head, which NomicBERT shares: dense, activation, layer norm, decoder.
 *
 * @param tokens where the token embeddings are stored
 * @param normName name of the layer norm
 */
export function bertLmHead(w: Weights, c: BertConfig, tokens: Weights, normName = "transform.LayerNorm"): LmHead {
  const { hidden_size: h } = c;
  const init = normal(c.initializer_range);
  const predictions = w.at("cls.predictions");
  return lmHead({
    vocabulary: c.vocab_size,
    width: h,
    ...decoderOf(predictions, tokens, c.tie_word_embeddings),
    init,
    transform: lmTransform({
      dense: predictions.at("transform.dense"),
      norm: predictions.at(normName),
      from: h,
      to: h,
      activation: c.hidden_act,
      eps: c.layer_norm_eps,
      init,
    }),
  });
}

function nextSentenceHead(w: Weights, c: BertConfig): PairHead {
  const pool = pooler(w, c);
  const classify = linear(w.at("cls.seq_relationship"), c.hidden_size, 2, normal(c.initializer_range));
  return { pairScores: (hidden, batch) => classify(pool(hidden, batch)) };
}

function sequenceHead(w: Weights, c: BertConfig, classes: number): SequenceHead {
  return pooledClassificationHead(w.at("classifier"), pooler(w, c), headSizes(c, classes));
}

function headSizes(c: BertConfig, classes: number) {
  return { width: c.hidden_size, classes, dropout: c.classifier_dropout, init: normal(c.initializer_range) };
}

/** Token classification as BERT and its relatives store it. */
export function bertTokenHead(w: Weights, c: BertConfig, classes: number): TokenHead {
  return tokenClassificationHead(w.at("classifier"), headSizes(c, classes));
}

/** Question answering as BERT and its relatives store it. */
export function bertSpanHead(w: Weights, c: BertConfig): SpanHead {
  return questionAnsweringHead(w.at("qa_outputs"), c.hidden_size, normal(c.initializer_range));
}

/** Names of bare files under the names used here. */
function canonicalName(stored: string): string {
  return /^(embeddings|encoder|pooler)\./.test(stored) ? `bert.${stored}` : stored;
}

/** The fields of config.json that BERT and its relatives compute. */
export const BERT_FIELDS =
  "attention_probs_dropout_prob hidden_act hidden_dropout_prob hidden_size initializer_range intermediate_size is_decoder layer_norm_eps max_position_embeddings num_attention_heads num_hidden_layers position_embedding_type tie_word_embeddings type_vocab_size vocab_size";

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
  vocabulary: { algorithm: "wordpiece", uncased: true },
  parameters: {
    embeddings: ["bert.embeddings"],
    stacks: ["bert.encoder.layer"],
    countField: "num_hidden_layers",
  },
  fresh: freshBertConfig,
  configFields: [BERT_FIELDS, "classifier_dropout"],
  read: readBertConfig,
  canonicalName,
  tied: (c) => repeatedDecoder("cls.predictions", "bert.embeddings.word_embeddings", c.tie_word_embeddings),
  isHead: (name) => /^(cls|classifier|qa_outputs|bert\.pooler)\b/.test(name),
  encoder,
  heads: {
    "feature-extraction": (w, c) => keepPooler(w.at("bert.pooler.dense"), c.hidden_size, normal(c.initializer_range)),
    "masked-lm": (w, c) => bertLmHead(w, c, w.at("bert.embeddings.word_embeddings")),
    "next-sentence-prediction": nextSentenceHead,
    "sequence-classification": sequenceHead,
    "token-classification": bertTokenHead,
    "question-answering": bertSpanHead,
  },
};
