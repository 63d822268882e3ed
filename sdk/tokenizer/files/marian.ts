/**
 * Marian's tokenizer as published with OPUS-MT models: source.spm segments text, vocab.json has the ids of both languages.
 * Junczys-Dowmunt et al. 2018 (arXiv:1804.00344). A text may begin with the code of its target language, ">>fra<<"; one that
 * vocab.json does not have is one unknown token.
 */
import { shown } from "../../errors.js";
import { addedJSON, specialToken } from "../added-tokens/added-token.js";
import type { Match, MoreMatches } from "../added-tokens/matcher.js";
import { buildTokenizer } from "../build.js";
import { expect } from "../errors.js";
import { JsonScanner } from "../json/scanner.js";
import { Renumbered } from "../models/renumbered.js";
import { Unigram } from "../models/unigram.js";
import { templateJSON } from "../presets.js";
import type { ReadOptions, Tokenizer } from "../tokenizer.js";
import { Vocabulary } from "../vocabulary/vocabulary.js";
import { scanVocabulary } from "./scan-vocabulary.js";
import { sentencePieces } from "./sentencepiece.js";

/**
 * A tokenizer from the bytes of source.spm and the text of vocab.json.
 *
 * @throws {TokenizerError} naming the file that is not Marian's, and the piece that is missing
 * @example
 * const from = folder("opus-mt-en-de");
 * const [source, target] = [await from.read("source.spm"), await from.read("vocab.json")];
 * const tokenizer = readMarian(source!, new TextDecoder().decode(target));
 */
export function readMarian(source: Uint8Array, vocabJson: string, options: ReadOptions = {}): Tokenizer {
  const { pieces, scores, unknown, characters } = sentencePieces(source);
  expect(typeof vocabJson === "string", () => `readMarian: vocabJson must be a text, got ${shown(vocabJson)}`);
  const bytes = new TextEncoder().encode(vocabJson);
  const scanner = new JsonScanner(bytes);
  const vocabulary = scanVocabulary(scanner, bytes.length);
  scanner.end();
  const id = (token: string): number => {
    const found = vocabulary.find(token);
    expect(found >= 0, `vocab.json: ${token} is missing. Is it of a Marian model?`);
    return found;
  };
  const none = id("<unk>");
  const ids = Int32Array.from(pieces, (piece) => {
    const found = vocabulary.find(piece);
    return found < 0 ? none : found;
  });
  ids[unknown] = none;
  const metaspace = { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true };
  const map = characters === "" ? [] : [{ type: "Precompiled", precompiled_charsmap: characters }];
  return buildTokenizer(
    {
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: ["</s>", "<unk>", "<pad>"].map((token) => addedJSON(specialToken(token, id(token)))),
      normalizer: { type: "Sequence", normalizers: map },
      pre_tokenizer: { type: "Sequence", pretokenizers: [{ type: "WhitespaceSplit" }, metaspace] },
      post_processor: templateJSON(["$A:0", "</s>:0"], ["$A:0", "$B:0", "</s>:0"], id),
      decoder: metaspace,
    },
    new Renumbered(new Unigram(Vocabulary.of(pieces), Float64Array.from(scores), unknown), vocabulary, none, ids),
    options,
    withLanguageCodes((code) => {
      const found = vocabulary.find(code);
      return found < 0 ? none : found;
    }),
  );
}

/** The code that a text begins with, and that what follows a special token begins with, is one token. */
function withLanguageCodes(idOf: (code: string) => number): MoreMatches {
  return (units, length, matches) => {
    const all: Match[] = [];
    let start = 0;
    for (const match of [...matches, null]) {
      const code = languageCode(units, start, match?.start ?? length);
      if (code !== null) {
        const token = { ...specialToken(code, idOf(code)), special: false };
        all.push({ token, start, end: start + code.length, white: [0, 0] });
      }
      if (match !== null) all.push(match);
      start = match?.end ?? length;
    }
    return all;
  };
}

const [LESS, GREATER] = [0x3c, 0x3e];

/** The code that units [start, end) begin with, known or not: `>>`, then anything as far as the first `<<`. */
function languageCode(units: Uint16Array, start: number, end: number): string | null {
  if (end - start < 4 || units[start] !== GREATER || units[start + 1] !== GREATER) return null;
  for (let at = start + 2; at + 1 < end; at++)
    if (units[at] === LESS && units[at + 1] === LESS)
      return Array.from(units.subarray(start, at + 2), (unit) => String.fromCharCode(unit)).join("");
  return null;
}
