/**
 * Static embeddings: one vector for each token, regardless of context; a text is the mean of its tokens' vectors. The
 * StaticEmbedding of sentence-transformers and the folders of model2vec (Tulkens & van Dongen 2024,
 * https://github.com/MinishLab/model2vec).
 *
 * No config.json names this family: its shape is that of the table in the file.
 */

import { normal } from "../../nn/init.js";
import type { Weights } from "../../nn/weights.js";
import { embedding } from "../../tensor/ops/embedding.js";
import { number, section } from "../family/config.js";
import type { Encoder } from "../family/encoder.js";
import type { EncoderFamily } from "../family/family.js";

export interface StaticEmbeddingConfig {
  readonly vocab_size: number;
  readonly hidden_size: number;
}

/** Texts have no longest length; this one bounds memory. */
const POSITIONS = 2 ** 20;

function encoder(w: Weights, { vocab_size, hidden_size }: StaticEmbeddingConfig): Encoder {
  const table = w.at("embedding").get("weight", [vocab_size, hidden_size], normal(1));
  return {
    hiddenSize: hidden_size,
    maxLength: POSITIONS,
    encode(batch, trace) {
      const hidden = embedding(table, batch.ids);
      trace?.hidden.push(hidden);
      return hidden;
    },
  };
}

export const staticEmbedding: EncoderFamily<StaticEmbeddingConfig> = {
  type: "static-embedding",
  prefix: "",
  architectures: { "feature-extraction": "StaticModel" },
  vocabulary: { algorithm: "wordpiece", uncased: true },
  parameters: { embeddings: ["embedding"], stacks: [] },
  configFields: ["vocab_size hidden_size"],
  read(json) {
    const c = section(json);
    return { vocab_size: number(c, "vocab_size", 1), hidden_size: number(c, "hidden_size", 1) };
  },
  canonicalName: (stored) => stored,
  tied: () => ({}),
  isHead: () => false,
  encoder,
  heads: {},
};
