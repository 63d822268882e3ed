/** BERT's tokenizer around a vocabulary of 25 pieces. */
import type { ReadOptions, Tokenizer } from "../../sdk/tokenizer/index.js";
import { readVocabulary } from "../../sdk/tokenizer/index.js";

export const PIECES =
  "[PAD] [UNK] [CLS] [SEP] [MASK] un want ##want ##ed runn ##ing hello , ! world ' m i 東 京 cafe e ##i a b c ##b".split(
    " ",
  );

export function smallBertTokenizer(options: ReadOptions = {}): Tokenizer {
  return readVocabulary(`${PIECES.join("\n")}\n`, options);
}

/** The tokens of ids. */
export function tokensOf(tokenizer: Tokenizer, ids: Int32Array): string[] {
  return Array.from(ids, (id) => tokenizer.token(id)!);
}
