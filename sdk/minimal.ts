/**
 * cloze/minimal: text embeddings from parts that you choose, for bundles that must be small. Everything else of the package
 * stays out: other families, other tokenizers, the other build of the kernels, adapters.
 *
 *   import { bert, featureExtractionOf, readWordPiece, strictKernels } from "cloze/minimal";
 *   const parts = { kernels: strictKernels, families: [bert], tokenizer: readWordPiece };
 *   const embed = await featureExtractionOf(parts, files);
 */
import { albert as albertFamily } from "./models/encoders/albert.js";
import { bert as bertFamily } from "./models/encoders/bert.js";
import { debertaV2 as debertaV2Family } from "./models/encoders/deberta.js";
import { distilbert as distilbertFamily } from "./models/encoders/distilbert.js";
import { electra as electraFamily } from "./models/encoders/electra.js";
import { eurobert as eurobertFamily } from "./models/encoders/eurobert.js";
import { gte as gteFamily } from "./models/encoders/gte.js";
import { modernbert as modernbertFamily } from "./models/encoders/modernbert.js";
import { mpnet as mpnetFamily } from "./models/encoders/mpnet.js";
import { nomicBert as nomicBertFamily } from "./models/encoders/nomic-bert.js";
import {
  camembert as camembertFamily,
  roberta as robertaFamily,
  xlmRoberta as xlmRobertaFamily,
} from "./models/encoders/roberta.js";
import type { Architecture } from "./pipelines/minimal.js";

export type { KernelSource } from "./engine/source.js";
export { relaxedKernels, strictKernels } from "./engine/source.js";
export { type Architecture, type EmbeddingParts, featureExtractionOf, readWordPiece } from "./pipelines/minimal.js";

/** ALBERT, for `families` of {@link EmbeddingParts}. */
export const albert: Architecture = albertFamily;
/** BERT, for `families` of {@link EmbeddingParts}. */
export const bert: Architecture = bertFamily;
/** CamemBERT, for `families` of {@link EmbeddingParts}. */
export const camembert: Architecture = camembertFamily;
/** DeBERTa-v2 and v3, for `families` of {@link EmbeddingParts}. */
export const debertaV2: Architecture = debertaV2Family;
/** DistilBERT, for `families` of {@link EmbeddingParts}. */
export const distilbert: Architecture = distilbertFamily;
/** ELECTRA, for `families` of {@link EmbeddingParts}. */
export const electra: Architecture = electraFamily;
/** EuroBERT, for `families` of {@link EmbeddingParts}. */
export const eurobert: Architecture = eurobertFamily;
/** GTE, for `families` of {@link EmbeddingParts}. */
export const gte: Architecture = gteFamily;
/** ModernBERT, for `families` of {@link EmbeddingParts}. */
export const modernbert: Architecture = modernbertFamily;
/** MPNet, for `families` of {@link EmbeddingParts}. */
export const mpnet: Architecture = mpnetFamily;
/** NomicBERT, for `families` of {@link EmbeddingParts}. */
export const nomicBert: Architecture = nomicBertFamily;
/** RoBERTa, for `families` of {@link EmbeddingParts}. */
export const roberta: Architecture = robertaFamily;
/** XLM-R, for `families` of {@link EmbeddingParts}. */
export const xlmRoberta: Architecture = xlmRobertaFamily;
