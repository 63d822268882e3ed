/** vocab.txt, as BERT was first published: one piece per line; the line number is the id. */
import { shown } from "../../errors.js";
import { expect } from "../errors.js";
import { bertTokenizer, type VocabularyOptions } from "../presets.js";
import type { Tokenizer } from "../tokenizer.js";
import { Vocabulary } from "../vocabulary/vocabulary.js";

/**
 * A BERT tokenizer from the text of a vocab.txt.
 *
 * @example
 * readVocabulary("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\ncat").encode("the cat").ids; // [2, 5, 6, 3]
 */
export function readVocabulary(vocabTxt: string, options: VocabularyOptions = {}): Tokenizer {
  expect(typeof vocabTxt === "string", () => `readVocabulary: vocabTxt must be a text, got ${shown(vocabTxt)}`);
  const vocabulary = new Vocabulary();
  const lines = vocabTxt.split("\n"); // not at Unicode's other line separators, which some pieces contain
  if (lines.at(-1) === "") lines.pop();
  for (const [id, line] of lines.entries()) vocabulary.add(line.endsWith("\r") ? line.slice(0, -1) : line, id);
  return bertTokenizer(vocabulary, options ?? {});
}
