/**
 * cloze/tokenizer: strings to ids and back, without the wasm module and without any other part.
 *
 *   import { readTokenizerJson } from "cloze/tokenizer";
 *   const tokenizer = readTokenizerJson(await (await fetch("tokenizer.json")).text());
 */

export type { Roles } from "./added-tokens/special-tokens.js";
export { TokenizerError } from "./errors.js";
export { readSentencePiece, type SentencePieceOptions } from "./files/sentencepiece.js";
export { type ReadOptions, readTokenizerJson } from "./files/tokenizer-json.js";
export { type MergesOptions, readMerges, readVocabulary, type VocabularyOptions } from "./files/vocab-txt.js";
export { type Encoding, toCodePoints } from "./post-processors/encoding.js";
export type { Truncate } from "./post-processors/truncate.js";
export { DecodeStream, encodeStream } from "./stream.js";
export { type DecodeOptions, type EncodeOptions, type Text, Tokenizer } from "./tokenizer.js";
export { type BpeTraining, trainBpe } from "./trainers/bpe.js";
export { languageShares, type SampleOptions, sampleLanguages } from "./trainers/sample-languages.js";
export { trainUnigram, type UnigramTraining } from "./trainers/unigram.js";
export {
  type TrainingOptions,
  type TrainingProgress,
  trainWordPiece,
  type WordPieceTraining,
} from "./trainers/wordpiece.js";
