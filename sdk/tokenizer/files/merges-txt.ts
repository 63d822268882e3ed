/** vocab.json with merges.txt, as GPT-2, RoBERTa and BART were first published. */
import { shown } from "../../errors.js";
import { expect } from "../errors.js";
import { JsonScanner } from "../json/scanner.js";
import { Bpe } from "../models/bpe.js";
import { mergeIds } from "../models/merge-ids.js";
import { byteLevelTokenizer, ROBERTA_SPECIAL } from "../presets.js";
import type { Tokenizer } from "../tokenizer.js";
import { PiecePool } from "../vocabulary/piece-pool.js";
import { scanVocabulary } from "./scan-vocabulary.js";

/** Options of {@link readMerges}. */
export interface MergesOptions {
  /** Prepend a space to texts that do not start with one. Defaults to false. */
  readonly prefixSpace?: boolean;
  /** The special tokens. Defaults to those of RoBERTa or GPT-2 that the vocabulary has. */
  readonly special?: readonly string[];
}

/**
 * A byte-level tokenizer from the texts of vocab.json and merges.txt.
 *
 * @example
 * readMerges('{"a": 0, "b": 1, "ab": 2}', "#version: 0.2\na b", { special: [] }).encode("ab").ids; // [2]
 */
export function readMerges(vocabJson: string, mergesTxt: string, options: MergesOptions = {}): Tokenizer {
  expect(typeof vocabJson === "string", () => `readMerges: vocabJson must be a text, got ${shown(vocabJson)}`);
  expect(typeof mergesTxt === "string", () => `readMerges: mergesTxt must be a text, got ${shown(mergesTxt)}`);
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
  return byteLevelTokenizer(model, options?.special ?? known, options?.prefixSpace);
}
