/**
 * cloze/tokenizer: strings to ids and back, without the engine or any other part of cloze.
 *
 *   import { readTokenizerJson } from "cloze/tokenizer";
 *   const tokenizer = readTokenizerJson(await (await fetch("tokenizer.json")).text());
 */
export type { SpecialTokens } from "./added-tokens/special-tokens.js";
export { TokenizerError } from "./errors.js";
export { readMarian } from "./files/marian.js";
export { type MergesOptions, readMerges } from "./files/merges-txt.js";
export {
  readSentencePiece,
  type SentencePieceOptions,
  type SentencePieces,
  sentencePieces,
} from "./files/sentencepiece.js";
export { readTokenizerJson } from "./files/tokenizer-json.js";
export { readVocabulary } from "./files/vocab-txt.js";
export { type Encoding, toCodePoints } from "./post-processors/encoding.js";
export type { Truncate } from "./post-processors/truncate.js";
export type { VocabularyOptions } from "./presets.js";
export { DecodeStream, encodeStream } from "./stream.js";
export { type DecodeOptions, type EncodeOptions, type ReadOptions, type Text, Tokenizer } from "./tokenizer.js";
export { type BpeTraining, trainBpe } from "./trainers/bpe.js";
export type { Trained, TrainingTexts } from "./trainers/count-words.js";
export { languageShares, type SampleOptions, sampleLanguages } from "./trainers/sample-languages.js";
export { trainUnigram, type UnigramTraining } from "./trainers/unigram.js";
export {
  type TrainingOptions,
  type TrainingProgress,
  trainWordPiece,
  type WordPieceTraining,
} from "./trainers/wordpiece.js";
