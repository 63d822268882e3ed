/**
 * Vocabularies as models were published before tokenizer.json: vocab.txt of BERT, one piece a line, the line is the id;
 * vocab.json with merges.txt of GPT-2 and RoBERTa.
 */

import { shown } from "../../errors.js";
import { addedJSON, specialToken } from "../added-tokens/read.js";
import { expect } from "../errors.js";
import { JsonScanner } from "../json/scanner.js";
import { Bpe } from "../models/bpe.js";
import { mergeIds } from "../models/merge-ids.js";
import { WordPiece } from "../models/wordpiece.js";
import type { Tokenizer } from "../tokenizer.js";
import { byteLevelTokenizer, ROBERTA_SPECIAL } from "../trainers/bpe.js";
import { PiecePool } from "../vocabulary/piece-pool.js";
import { Vocabulary } from "../vocabulary/vocabulary.js";
import { scanVocabulary } from "./scan-vocabulary.js";
import { type ReadOptions, tokenizerFromObject } from "./tokenizer-json.js";

export interface VocabularyOptions extends ReadOptions {
  /** Lower the case, as uncased models need; true unless said otherwise (or `do_lower_case` in the settings). */
  readonly lowercase?: boolean;
  /** Strip accents; as `lowercase` unless said otherwise. */
  readonly stripAccents?: boolean;
  /** Set ideographs apart; true unless said otherwise. */
  readonly chineseCharacters?: boolean;
}

/** BERT's special tokens, in the order in which a new vocabulary has them. */
export const BERT_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] as const;

/** A BERT tokenizer from the text of a vocab.txt. */
export function readVocabulary(vocabTxt: string, options: VocabularyOptions = {}): Tokenizer {
  const vocabulary = new Vocabulary();
  const lines = vocabTxt.split("\n"); // only here: some pieces hold other line separators of Unicode
  if (lines.at(-1) === "") lines.pop();
  for (const [id, line] of lines.entries()) vocabulary.add(line.endsWith("\r") ? line.slice(0, -1) : line, id);
  return bertTokenizer(vocabulary, options);
}

/** A tokenizer with BERT's normalisation, splitting and template around a vocabulary. */
export function bertTokenizer(vocabulary: Vocabulary, options: VocabularyOptions = {}): Tokenizer {
  const settings = options.settings ?? {};
  const lowercase = options.lowercase ?? settings["do_lower_case"] !== false;
  const id = (token: string): number => {
    const found = vocabulary.find(token);
    expect(found >= 0, `vocabulary: the special token ${token} is missing among ${vocabulary.count} pieces`);
    return found;
  };
  const token = (name: string) => ({ id: name, ids: [id(name)], tokens: [name] });
  const place = (name: string, segment: number) => ({ SpecialToken: { id: name, type_id: segment } });
  const single = [place("[CLS]", 0), { Sequence: { id: "A", type_id: 0 } }, place("[SEP]", 0)];
  return tokenizerFromObject(
    {
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: BERT_SPECIAL.filter((name) => vocabulary.find(name) >= 0)
        .map((name) => addedJSON(specialToken(name, id(name))))
        .sort((a, b) => (a["id"] as number) - (b["id"] as number)),
      normalizer: {
        type: "BertNormalizer",
        clean_text: true,
        handle_chinese_chars: options.chineseCharacters ?? settings["tokenize_chinese_chars"] !== false,
        strip_accents: options.stripAccents ?? settings["strip_accents"] ?? null,
        lowercase,
      },
      pre_tokenizer: { type: "BertPreTokenizer" },
      post_processor: {
        type: "TemplateProcessing",
        single,
        pair: [...single, { Sequence: { id: "B", type_id: 1 } }, place("[SEP]", 1)],
        special_tokens: { "[CLS]": token("[CLS]"), "[SEP]": token("[SEP]") },
      },
      decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    },
    new WordPiece(vocabulary),
    options,
  );
}

export interface MergesOptions {
  /** Put a space before texts that have none; false unless said otherwise. */
  readonly prefixSpace?: boolean;
  /** The special tokens; those of RoBERTa or GPT-2 that the vocabulary has, unless said otherwise. */
  readonly special?: readonly string[];
}

/** A byte-level tokenizer from the texts of vocab.json and merges.txt: GPT-2, RoBERTa, BART. */
export function readMerges(vocabJson: string, mergesTxt: string, options: MergesOptions = {}): Tokenizer {
  const bytes = new TextEncoder().encode(vocabJson);
  const scanner = new JsonScanner(bytes);
  const vocabulary = scanVocabulary(scanner, bytes.length);
  scanner.end();
  const merges = new PiecePool(64);
  for (const line of mergesTxt.split("\n")) {
    const pair = line.endsWith("\r") ? line.slice(0, -1) : line;
    if (pair === "" || pair.startsWith("#version")) continue;
    const parts = pair.split(" ");
    expect(parts.length === 2, () => `merges.txt: two pieces with a space between were expected, got ${shown(pair)}`);
    for (const part of parts) merges.place(merges.used, merges.write(part), merges.size);
  }
  // RoBERTa's vocabulary has GPT-2's <|endoftext|> too, but as an ordinary piece.
  const known = vocabulary.find("<s>") >= 0 ? ROBERTA_SPECIAL : ["<|endoftext|>"];
  const model = new Bpe(vocabulary, mergeIds(vocabulary, merges, ""));
  return byteLevelTokenizer(model, options.special ?? known, options.prefixSpace);
}
