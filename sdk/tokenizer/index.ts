/**
 * cloze/tokenizer: strings to ids and back, without the wasm module and without any other part.
 *
 *   import { readTokenizerJson } from "cloze/tokenizer";
 *   const tokenizer = readTokenizerJson(await (await fetch("tokenizer.json")).text());
 */
export { type Encoding, toCodePoints } from "./encoding.js";
export { TokenizerError } from "./errors.js";
export { type MergesOptions, readMerges, readVocabulary, type VocabularyOptions } from "./legacy.js";
export type { Roles } from "./roles.js";
export { languageShares, type SampleOptions, sampleLanguages } from "./sample-languages.js";
export { readSentencePiece, type SentencePieceOptions } from "./sentencepiece.js";
export { DecodeStream, encodeStream } from "./stream.js";
export { type DecodeOptions, type EncodeOptions, type Text, Tokenizer } from "./tokenizer.js";
export { type ReadOptions, readTokenizerJson } from "./tokenizer-json.js";
export { type BpeTraining, trainBpe } from "./train-bpe.js";
export { trainUnigram, type UnigramTraining } from "./train-unigram.js";
export {
  type TrainingOptions,
  type TrainingProgress,
  trainWordPiece,
  type WordPieceTraining,
} from "./train-wordpiece.js";
export type { Truncate } from "./truncate.js";
