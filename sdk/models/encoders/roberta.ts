/**
 * RoBERTa, XLM-R and CamemBERT: Liu et al. 2019, "RoBERTa: A Robustly Optimized BERT Pretraining Approach" (arXiv:1907.11692);
 * Conneau et al. 2020, "Unsupervised Cross-lingual Representation Learning at Scale" (arXiv:1911.02116); Martin et al.
 * 2020, "CamemBERT: a Tasty French Language Model" (arXiv:1911.03894).
 *
 * BERT's network with one segment, position ids that start after the padding id, and heads of its own. They differ from
 * BERT in how they are trained: no next-sentence prediction, full sentences, and masks redrawn in every epoch.
 */

import type { SequenceHead } from "../../heads/pooled.js";
import { normal } from "../../nn/init.js";
import type { Weights } from "../../nn/weights.js";
import type { LmHead } from "../../objectives/masked-lm.js";
import { ConfigError, number, section, wholeNumber } from "../family/config.js";
import type { Encoder } from "../family/encoder.js";
import type { EncoderFamily, VocabularyKind } from "../family/family.js";
import { decoderOf, lmHead, lmTransform, repeatedDecoder } from "../family/lm-head.js";
import { specialIdFields } from "../family/sizes.js";
import { denseClassificationHead, keepPooler } from "../family/task-heads.js";
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

export interface RobertaConfig extends BertConfig {
  readonly pad_token_id: number;
}

const DEFAULT_PAD = 1;

function readConfig(json: unknown): RobertaConfig {
  const c = section(json);
  const pad = wholeNumber(c, "pad_token_id", DEFAULT_PAD, 0);
  const sizes = {
    ...c,
    vocab_size: number(c, "vocab_size", 50265),
    max_position_embeddings: number(c, "max_position_embeddings", 512),
  };
  const read = readBertConfig({ ...sizes, type_vocab_size: number(c, "type_vocab_size", 2) });
  if (read.max_position_embeddings <= pad + 1)
    throw new ConfigError(
      `config.json: max_position_embeddings ${read.max_position_embeddings} leaves no position after pad_token_id ${pad}, where this family's positions start`,
    );
  return { ...read, pad_token_id: pad };
}

function encoder(w: Weights, c: RobertaConfig): Encoder {
  const body = w.at("roberta");
  const offset = c.pad_token_id + 1;
  const embed = bertEmbeddings(body.at("embeddings"), c, c.hidden_size, { id: c.pad_token_id, offset });
  return bertBody(body, c, embed, c.max_position_embeddings - offset);
}

/**
 * RoBERTa's language-model head, which MPNet shares: dense, GELU, layer norm, decoder.
 *
 * @param tokens where the token embeddings are stored
 */
export function robertaLmHead(w: Weights, c: BertConfig, tokens: Weights): LmHead {
  const { hidden_size: h } = c;
  const init = normal(c.initializer_range);
  const head = w.at("lm_head");
  return lmHead({
    vocabulary: c.vocab_size,
    width: h,
    ...decoderOf(head, tokens, c.tie_word_embeddings),
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

function sequenceHead(w: Weights, c: RobertaConfig, classes: number): SequenceHead {
  const { hidden_size: width, classifier_dropout: dropout } = c;
  const init = normal(c.initializer_range);
  return denseClassificationHead(w.at("classifier"), { width, classes, dropout, init, activation: "tanh" });
}

function canonicalName(stored: string): string {
  return /^(embeddings|encoder|pooler)\./.test(stored) ? `roberta.${stored}` : stored;
}

/** They differ in the names of their classes and in their vocabularies. */
function family(type: string, name: string, vocabulary: VocabularyKind): EncoderFamily<RobertaConfig> {
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
    vocabulary,
    parameters: {
      embeddings: ["roberta.embeddings"],
      stacks: ["roberta.encoder.layer"],
      countField: "num_hidden_layers",
    },
    fresh: (sizes) => ({
      ...freshBertConfig(sizes),
      model_type: type,
      max_position_embeddings: sizes.maxPositionEmbeddings + (sizes.special?.pad ?? DEFAULT_PAD) + 1,
      type_vocab_size: 1,
      layer_norm_eps: 1e-5,
      ...specialIdFields(sizes, DEFAULT_PAD),
    }),
    configFields: [BERT_FIELDS, "classifier_dropout pad_token_id"],
    read: readConfig,
    canonicalName,
    tied: (c) => repeatedDecoder("lm_head", "roberta.embeddings.word_embeddings", c.tie_word_embeddings),
    isHead: (stored) => /^(lm_head|classifier|qa_outputs|roberta\.pooler)\b/.test(stored),
    encoder,
    heads: {
      "feature-extraction": (w, c) =>
        keepPooler(w.at("roberta.pooler.dense"), c.hidden_size, normal(c.initializer_range)),
      "masked-lm": (w, c) => robertaLmHead(w, c, w.at("roberta.embeddings.word_embeddings")),
      "sequence-classification": sequenceHead,
      "token-classification": bertTokenHead,
      "question-answering": bertSpanHead,
    },
  };
}

export const roberta = /* @__PURE__ */ family("roberta", "Roberta", { algorithm: "byte-level-bpe", uncased: false });
export const camembert = /* @__PURE__ */ family("camembert", "Camembert", { algorithm: "unigram", uncased: false });
export const xlmRoberta = /* @__PURE__ */ family("xlm-roberta", "XLMRoberta", { algorithm: "unigram", uncased: false });
