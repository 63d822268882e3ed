/** The table of families. A new architecture is one file of this folder and one word here. */

import { gpt2 } from "./decoders/gpt2.js";
import { bart, marian, mbart } from "./encoder-decoders/bart.js";
import { mt5, t5, umt5 } from "./encoder-decoders/t5.js";
import { albert } from "./encoders/albert.js";
import { bert } from "./encoders/bert.js";
import { debertaV2 } from "./encoders/deberta.js";
import { distilbert } from "./encoders/distilbert.js";
import { electra } from "./encoders/electra.js";
import { eurobert } from "./encoders/eurobert.js";
import { gte } from "./encoders/gte.js";
import { jinaEmbeddingsV3 } from "./encoders/jina-embeddings-v3.js";
import { modernbert } from "./encoders/modernbert.js";
import { mpnet } from "./encoders/mpnet.js";
import { nomicBert } from "./encoders/nomic-bert.js";
import { camembert, roberta, xlmRoberta } from "./encoders/roberta.js";
import type { EncoderFamily } from "./family/family.js";
import { familyAmong } from "./family-of.js";

/** All families, by the names that config.json has for them. */
export const FAMILIES = [
  albert,
  bart,
  bert,
  camembert,
  debertaV2,
  distilbert,
  electra,
  eurobert,
  gpt2,
  gte,
  jinaEmbeddingsV3,
  marian,
  mbart,
  modernbert,
  mpnet,
  mt5,
  nomicBert,
  roberta,
  t5,
  umt5,
  xlmRoberta,
] as const;

/**
 * The family that config.json names.
 *
 * @throws {ConfigError} when there is no such family, or a field changes the computation in a way that Cloze does not have
 * @example
 * familyOf({ model_type: "roberta" }).type; // "roberta"
 */
export const familyOf = (json: unknown): EncoderFamily<unknown> => familyAmong(FAMILIES, json);
