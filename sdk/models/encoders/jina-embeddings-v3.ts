/**
 * jina-embeddings-v3: Sturua et al. 2024, "jina-embeddings-v3: Multilingual Embeddings With Task LoRA" (arXiv:2409.10173),
 * as transformers has it (model_type "jina_embeddings_v3").
 *
 * XLM-R's post-norm layers with rotary positions instead of learned ones. Its adapters for tasks are folders of their own.
 */
import { feedForward } from "../../nn/feedforward.js";
import { normal } from "../../nn/init.js";
import { linear } from "../../nn/layers.js";
import { number, section } from "../family/config.js";
import type { EncoderFamily } from "../family/family.js";
import { repeatedDecoder } from "../family/lm-head.js";
import { specialIdFields } from "../family/sizes.js";
import { denseClassificationHead, keepPooler } from "../family/task-heads.js";
import { BERT_FIELDS, bertSpanHead, bertTokenHead, freshBertConfig } from "./bert.js";
import { type RotaryBertConfig, readRotaryConfig, rotaryBertEncoder } from "./nomic-bert.js";
import { robertaLmHead } from "./roberta.js";

/** The base of the rotary angles of files that do not say. */
const THETA = 20_000;

function readConfig(json: unknown): RotaryBertConfig {
  const c = section(json);
  return readRotaryConfig(
    {
      ...c,
      vocab_size: number(c, "vocab_size", 250_002),
      hidden_size: number(c, "hidden_size", 1024),
      num_hidden_layers: c["num_hidden_layers"] ?? 24,
      num_attention_heads: number(c, "num_attention_heads", 16),
      intermediate_size: number(c, "intermediate_size", 4096),
      max_position_embeddings: number(c, "max_position_embeddings", 8194),
      type_vocab_size: number(c, "type_vocab_size", 1),
      layer_norm_eps: c["layer_norm_eps"] ?? 1e-5,
    },
    THETA,
  );
}

/** The authors' parameter names -> those of transformers; their packed attention projection keeps its form. */
const RENAMED: readonly (readonly [RegExp, string])[] = [
  [/^(?=(embeddings|emb_ln|encoder|layers|pooler)\.)/, "roberta."],
  [/\bemb_ln\./, "embeddings.LayerNorm."],
  [/\bencoder\.layers\./, "layers."],
  [/\.mixer\.Wqkv\./, ".self_attn.qkv_proj."],
  [/\.mixer\.out_proj\./, ".self_attn.o_proj."],
  [/\.norm1\./, ".post_attention_layernorm."],
  [/\.norm2\./, ".post_mlp_layernorm."],
];

function canonicalName(stored: string): string | null {
  if (stored.endsWith(".inv_freq")) return null;
  return RENAMED.reduce((name, [pattern, replacement]) => name.replace(pattern, replacement), stored);
}

export const jinaEmbeddingsV3: EncoderFamily<RotaryBertConfig> = {
  type: "jina_embeddings_v3",
  prefix: "roberta",
  architectures: {
    "feature-extraction": "JinaEmbeddingsV3Model",
    "masked-lm": "JinaEmbeddingsV3ForMaskedLM",
    "sequence-classification": "JinaEmbeddingsV3ForSequenceClassification",
    "token-classification": "JinaEmbeddingsV3ForTokenClassification",
    "question-answering": "JinaEmbeddingsV3ForQuestionAnswering",
  },
  vocabulary: { algorithm: "unigram", uncased: false },
  parameters: {
    embeddings: ["roberta.embeddings"],
    stacks: ["roberta.layers"],
    countField: "num_hidden_layers",
  },
  fresh: (sizes) => ({
    ...freshBertConfig(sizes),
    model_type: "jina_embeddings_v3",
    type_vocab_size: 1,
    layer_norm_eps: 1e-5,
    rope_parameters: { rope_type: "default", rope_theta: THETA },
    ...specialIdFields(sizes, 1),
  }),
  configFields: [BERT_FIELDS, "classifier_dropout head_dim rope_parameters"],
  read: readConfig,
  canonicalName,
  tied: (c) => repeatedDecoder("lm_head", "roberta.embeddings.word_embeddings", c.tie_word_embeddings),
  isHead: (name) => /^(lm_head|classifier|qa_outputs|roberta\.pooler)\b/.test(name),
  encoder: (body, config) =>
    rotaryBertEncoder(body.at("roberta"), config, {
      attentionBias: true,
      feedForward(w, { hidden_size: h, intermediate_size: inner, hidden_act, initializer_range }) {
        const init = normal(initializer_range);
        return feedForward(linear(w.at("fc1"), h, inner, init, hidden_act), linear(w.at("fc2"), inner, h, init));
      },
    }),
  heads: {
    "feature-extraction": (w, c) =>
      keepPooler(w.at("roberta.pooler.dense"), c.hidden_size, normal(c.initializer_range)),
    "masked-lm": (w, c) => robertaLmHead(w, c, w.at("roberta.embeddings.word_embeddings")),
    "sequence-classification": (w, c, classes) =>
      denseClassificationHead(w.at("classifier"), {
        width: c.hidden_size,
        classes,
        dropout: c.classifier_dropout,
        init: normal(c.initializer_range),
        activation: "tanh",
      }),
    "token-classification": bertTokenHead,
    "question-answering": bertSpanHead,
  },
};
