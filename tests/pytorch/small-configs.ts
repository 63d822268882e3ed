/** config.json of a small model of every family of the table, as Cloze writes it for a new model. */

import { FAMILIES } from "../../sdk/models/families.js";
import { ConfigError, type Section } from "../../sdk/models/family/config.js";
import type { SpecialIds } from "../../sdk/models/family/sizes.js";

/** Fields other than the sizes: windows and buckets that the texts leave, options with parameters of their own. */
const EXTRA: Readonly<Record<string, object>> = {
  modernbert: { local_attention: 8 },
  "deberta-v2": { position_buckets: 8, pooler_hidden_size: 32 },
  mbart: { scale_embedding: true },
};

/** @param positions longest sequence, in tokens */
export function smallConfig(type: string, vocabulary: number, positions: number, special: SpecialIds): Section {
  const sizes = {
    vocabSize: vocabulary,
    numHiddenLayers: 2,
    hiddenSize: 32,
    numAttentionHeads: 4,
    maxPositionEmbeddings: positions,
    dropout: 0.1,
    intermediateSize: 64,
    embeddingSize: 16,
    special,
  };
  if (type === "marian") {
    // No new Marian models are made: BART's fields, with positions that are computed.
    const bart = smallConfig("bart", vocabulary, positions, special);
    return {
      ...bart,
      model_type: type,
      scale_embedding: true,
      decoder_start_token_id: 0,
      decoder_vocab_size: vocabulary,
    };
  }
  const family = FAMILIES.find((known) => known.type === type);
  if (!family?.fresh) throw new ConfigError(`no small configuration of ${type} is known`);
  return { ...family.fresh(sizes), ...EXTRA[type] };
}

/** model_type of every family of the table. */
export const TYPES: readonly string[] = FAMILIES.map(({ type }) => type);
