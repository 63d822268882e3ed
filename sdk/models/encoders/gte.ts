/**
 * GTE: Zhang et al. 2024, "mGTE: Generalized Long-Context Text Representation and Reranking Models for Multilingual Text
 * Retrieval" (arXiv:2407.19669), as transformers has it (model_type "gte").
 *
 * NomicBERT's architecture with biases in attention and in the feed-forward's down projection.
 */
import { normal } from "../../nn/init.js";
import type { Weights } from "../../nn/weights.js";
import type { LmHead } from "../../objectives/masked-lm.js";
import { number, section, wholeNumber } from "../family/config.js";
import type { EncoderFamily } from "../family/family.js";
import { lmHead, lmTransform, placeOf } from "../family/lm-head.js";
import { specialIdFields } from "../family/sizes.js";
import { keepPooler } from "../family/task-heads.js";
import { BERT_FIELDS, bertTokenHead, freshBertConfig } from "./bert.js";
import {
  type RotaryBertConfig,
  readRotaryConfig,
  rotaryBertEncoder,
  rotaryClassificationHead,
  rotaryGatedFeedForward,
} from "./nomic-bert.js";

/** The base of the rotary angles of files that do not say. */
const THETA = 160_000;

function readConfig(json: unknown): RotaryBertConfig {
  const c = section(json);
  return readRotaryConfig(
    {
      ...c,
      vocab_size: number(c, "vocab_size", 250_048),
      attention_probs_dropout_prob: c["attention_probs_dropout_prob"] ?? 0,
      type_vocab_size: wholeNumber(c, "type_vocab_size", 1, 0),
      max_position_embeddings: number(c, "max_position_embeddings", 8192),
    },
    THETA,
  );
}

/** Dense, GELU, layer norm, decoder with its own bias. */
function maskedLmHead(w: Weights, c: RotaryBertConfig): LmHead {
  const { hidden_size: h } = c;
  const init = normal(c.initializer_range);
  const head = w.at("lm_head");
  return lmHead({
    vocabulary: c.vocab_size,
    width: h,
    weight: placeOf(head.at("decoder"), w.at("gte.embeddings.word_embeddings"), c.tie_word_embeddings),
    bias: head.at("decoder"),
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

/** The authors' parameter names -> those of transformers; their packed attention projection keeps its form. */
const RENAMED: readonly (readonly [RegExp, string])[] = [
  [/^new\./, "gte."],
  [/^(?=(embeddings|encoder|layers|pooler)\.)/, "gte."],
  [/\bencoder\.layer\./, "layers."],
  [/\.attention\.(qkv_proj|o_proj)\./, ".self_attn.$1."],
  [/\.attn_ln\./, ".post_attention_layernorm."],
  [/\.mlp_ln\./, ".post_mlp_layernorm."],
  [/^lm_head\.norm\./, "lm_head.layer_norm."],
];

function canonicalName(stored: string): string | null {
  if (stored.endsWith(".inv_freq")) return null;
  return RENAMED.reduce((name, [pattern, replacement]) => name.replace(pattern, replacement), stored);
}

export const gte: EncoderFamily<RotaryBertConfig> = {
  type: "gte",
  prefix: "gte",
  architectures: {
    "feature-extraction": "GteModel",
    "masked-lm": "GteForMaskedLM",
    "sequence-classification": "GteForSequenceClassification",
    "token-classification": "GteForTokenClassification",
  },
  vocabulary: { algorithm: "unigram", uncased: false },
  parameters: {
    embeddings: ["gte.embeddings"],
    stacks: ["gte.layers"],
    countField: "num_hidden_layers",
  },
  fresh: (sizes) => ({
    ...freshBertConfig(sizes),
    model_type: "gte",
    type_vocab_size: 1,
    attention_probs_dropout_prob: 0,
    rope_parameters: { rope_type: "default", rope_theta: THETA },
    ...specialIdFields(sizes, 1),
  }),
  configFields: [BERT_FIELDS, "classifier_dropout head_dim rope_parameters"],
  read: readConfig,
  canonicalName,
  tied: (c) => (c.tie_word_embeddings ? { "lm_head.decoder.weight": "gte.embeddings.word_embeddings.weight" } : {}),
  isHead: (name) => /^(lm_head|classifier|gte\.pooler)\b/.test(name),
  encoder: (body, config) =>
    rotaryBertEncoder(body.at("gte"), config, {
      attentionBias: true,
      feedForward: (w, c) => rotaryGatedFeedForward(w, c, true, c.hidden_dropout_prob),
    }),
  heads: {
    "feature-extraction": (w, c) => keepPooler(w.at("gte.pooler.dense"), c.hidden_size, normal(c.initializer_range)),
    "masked-lm": maskedLmHead,
    "sequence-classification": (w, c, classes) => rotaryClassificationHead(w, c, w.at("gte.pooler.dense"), classes),
    "token-classification": bertTokenHead,
  },
};
