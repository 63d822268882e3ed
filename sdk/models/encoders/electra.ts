/**
 * ELECTRA: Clark et al. 2020, "ELECTRA: Pre-training Text Encoders as Discriminators Rather Than Generators"
 * (arXiv:2003.10555).
 *
 * Two BERTs: a small generator fills in masked tokens, and a discriminator predicts for every token whether the generator
 * replaced it. The embeddings may be narrower than the layers.
 */
import type { SequenceHead } from "../../heads/pooled.js";
import { normal } from "../../nn/init.js";
import { linear } from "../../nn/layers.js";
import type { Weights } from "../../nn/weights.js";
import type { LmHead } from "../../objectives/masked-lm.js";
import type { ReplacedTokenHead } from "../../objectives/replaced-token-detection.js";
import { number, section } from "../family/config.js";
import type { Encoder } from "../family/encoder.js";
import type { EncoderFamily } from "../family/family.js";
import { lmHead, lmTransform, placeOf } from "../family/lm-head.js";
import { denseClassificationHead } from "../family/task-heads.js";
import {
  BERT_FIELDS,
  type BertConfig,
  bertBody,
  bertEmbeddings,
  bertSpanHead,
  bertTokenHead,
  freshBertConfig,
  readBertConfig,
} from "./bert.js";

export interface ElectraConfig extends BertConfig {
  /** width of the embeddings */
  readonly embedding_size: number;
}

function readConfig(json: unknown): ElectraConfig {
  const c = section(json);
  const read = readBertConfig({
    ...c,
    hidden_size: number(c, "hidden_size", 256),
    num_attention_heads: number(c, "num_attention_heads", 4),
    intermediate_size: number(c, "intermediate_size", 1024),
  });
  return { ...read, embedding_size: number(c, "embedding_size", 128) };
}

function encoder(w: Weights, c: ElectraConfig): Encoder {
  const body = w.at("electra");
  const embed = bertEmbeddings(body.at("embeddings"), c, c.embedding_size);
  if (c.embedding_size === c.hidden_size) return bertBody(body, c, embed, c.max_position_embeddings);
  const project = linear(body.at("embeddings_project"), c.embedding_size, c.hidden_size, normal(c.initializer_range));
  return bertBody(body, c, (batch) => project(embed(batch)), c.max_position_embeddings);
}

/** The generator's head: dense to the width of the embeddings, GELU, layer norm, decoder. */
function maskedLmHead(w: Weights, c: ElectraConfig): LmHead {
  const { embedding_size: width } = c;
  const init = normal(c.initializer_range);
  const head = w.at("generator_predictions");
  const decoder = w.at("generator_lm_head");
  return lmHead({
    vocabulary: c.vocab_size,
    width,
    weight: placeOf(decoder, w.at("electra.embeddings.word_embeddings"), c.tie_word_embeddings),
    bias: decoder,
    init,
    transform: lmTransform({
      dense: head.at("dense"),
      norm: head.at("LayerNorm"),
      from: c.hidden_size,
      to: width,
      activation: "gelu",
      eps: c.layer_norm_eps,
      init,
    }),
  });
}

/** The discriminator's head: dense, activation, one score per token. */
function replacedTokenHead(w: Weights, c: ElectraConfig): ReplacedTokenHead {
  const init = normal(c.initializer_range);
  const head = w.at("discriminator_predictions");
  const transform = linear(head.at("dense"), c.hidden_size, c.hidden_size, init, c.hidden_act);
  const score = linear(head.at("dense_prediction"), c.hidden_size, 1, init);
  return { replacedScores: (hidden) => score(transform(hidden)) };
}

function sequenceHead(w: Weights, c: ElectraConfig, classes: number): SequenceHead {
  const { hidden_size: width, classifier_dropout: dropout } = c;
  const init = normal(c.initializer_range);
  return denseClassificationHead(w.at("classifier"), { width, classes, dropout, init, activation: "gelu" });
}

function canonicalName(stored: string): string {
  return /^(embeddings|embeddings_project|encoder)\./.test(stored) ? `electra.${stored}` : stored;
}

export const electra: EncoderFamily<ElectraConfig> = {
  type: "electra",
  prefix: "electra",
  architectures: {
    "feature-extraction": "ElectraModel",
    "replaced-token-detection": "ElectraForPreTraining",
    "masked-lm": "ElectraForMaskedLM",
    "sequence-classification": "ElectraForSequenceClassification",
    "token-classification": "ElectraForTokenClassification",
    "question-answering": "ElectraForQuestionAnswering",
  },
  vocabulary: { algorithm: "wordpiece", uncased: true },
  parameters: {
    embeddings: ["electra.embeddings", "electra.embeddings_project"],
    stacks: ["electra.encoder.layer"],
    countField: "num_hidden_layers",
  },
  fresh: (sizes) => ({
    ...freshBertConfig(sizes),
    model_type: "electra",
    embedding_size: sizes.embeddingSize ?? sizes.hiddenSize,
  }),
  configFields: [BERT_FIELDS, "classifier_dropout embedding_size"],
  read: readConfig,
  canonicalName,
  tied: (c) =>
    c.tie_word_embeddings ? { "generator_lm_head.weight": "electra.embeddings.word_embeddings.weight" } : {},
  isHead: (name) => /^(generator_|discriminator_|classifier|qa_outputs)/.test(name),
  encoder,
  heads: {
    "masked-lm": maskedLmHead,
    "replaced-token-detection": replacedTokenHead,
    "sequence-classification": sequenceHead,
    "token-classification": bertTokenHead,
    "question-answering": bertSpanHead,
  },
};
