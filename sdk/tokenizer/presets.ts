/** The tokenizers of well-known families around a model: BERT, RoBERTa and GPT-2, XLM-R and ALBERT. */
import { shown } from "../errors.js";
import { type AddedToken, addedJSON, specialToken } from "./added-tokens/added-token.js";
import { buildTokenizer } from "./build.js";
import { wordPieceDecoder } from "./decoders/decoders.js";
import { expect } from "./errors.js";
import type { Bpe } from "./models/bpe.js";
import type { Unigram } from "./models/unigram.js";
import { WordPiece } from "./models/wordpiece.js";
import { bertNormalizer } from "./normalizers/bert.js";
import { bertPostProcessor } from "./post-processors/template.js";
import { bertPreTokenizer } from "./pre-tokenizers/bert.js";
import { type ReadOptions, Tokenizer } from "./tokenizer.js";
import type { Vocabulary } from "./vocabulary/vocabulary.js";

/** Options of {@link readVocabulary}. */
export interface VocabularyOptions extends ReadOptions {
  /** Lower-case the text, as uncased models expect. Defaults to `do_lower_case` in the settings, or true. */
  readonly lowercase?: boolean;
  /** Strip accents. Defaults to the setting, or to `lowercase`. */
  readonly stripAccents?: boolean;
  /** Make every Chinese character a separate word. Defaults to the setting, or true. */
  readonly chineseCharacters?: boolean;
}

/** BERT's special tokens, in the order in which a new vocabulary has them. */
export const BERT_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] as const;

/** RoBERTa's special tokens, in its order. */
export const ROBERTA_SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"] as const;

/**
 * BERT's tokenizer around a vocabulary. Its steps are constructed here, not by the readers of tokenizer.json, so that those
 * are not part of a program that needs nothing else. {@link Tokenizer.toJSON} describes the same steps.
 */
export function bertTokenizer(vocabulary: Vocabulary, options: VocabularyOptions = {}): Tokenizer {
  const settings = options.settings ?? {};
  const lowercase = options.lowercase ?? settings["do_lower_case"] !== false;
  const chineseCharacters = options.chineseCharacters ?? settings["tokenize_chinese_chars"] !== false;
  const accents = options.stripAccents ?? settings["strip_accents"] ?? null;
  expect(
    accents === null || typeof accents === "boolean",
    () => `strip_accents: true, false or null was expected, got ${shown(accents)}`,
  );
  const id = (token: string): number => {
    const found = vocabulary.find(token);
    expect(found >= 0, `vocabulary: the special token ${token} is missing among ${vocabulary.count} pieces`);
    return found;
  };
  const [cls, sep] = [id("[CLS]"), id("[SEP]")];
  const added = specialTokens(BERT_SPECIAL, vocabulary);
  return Tokenizer.of({
    normalizer: bertNormalizer({ cleanText: true, chineseCharacters, stripAccents: accents ?? lowercase, lowercase }),
    preTokenizer: bertPreTokenizer(),
    model: new WordPiece(vocabulary),
    added,
    postProcessor: { ...bertPostProcessor(cls, sep), numbered: true },
    decoder: wordPieceDecoder("##", true),
    continues: (piece) => piece.startsWith("##"),
    ...(options.settings && { settings: options.settings }),
    json: {
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: added.map(addedJSON),
      normalizer: {
        type: "BertNormalizer",
        clean_text: true,
        handle_chinese_chars: chineseCharacters,
        strip_accents: accents,
        lowercase,
      },
      pre_tokenizer: { type: "BertPreTokenizer" },
      post_processor: templateJSON(
        ["[CLS]:0", "$A:0", "[SEP]:0"],
        ["[CLS]:0", "$A:0", "[SEP]:0", "$B:1", "[SEP]:1"],
        id,
      ),
      decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    },
  });
}

/** The tokens that the vocabulary has as special tokens, in the order of their ids. */
function specialTokens(tokens: readonly string[], vocabulary: Vocabulary): AddedToken[] {
  return tokens
    .filter((token) => vocabulary.find(token) >= 0)
    .map((token) => specialToken(token, vocabulary.find(token), token === "<mask>"))
    .sort((a, b) => a.id - b.id);
}

/**
 * TemplateProcessing of a tokenizer.json.
 *
 * @param single places for one text, each a token or $A with its segment: "[CLS]:0"
 * @param pair places for a text and its pair, $B
 */
export function templateJSON(
  single: readonly string[],
  pair: readonly string[],
  id: (token: string) => number,
): Record<string, unknown> {
  const place = (text: string) => {
    const colon = text.lastIndexOf(":");
    const [name, type_id] = [text.slice(0, colon), Number(text.slice(colon + 1))];
    return name.startsWith("$")
      ? { Sequence: { id: name.slice(1), type_id } }
      : { SpecialToken: { id: name, type_id } };
  };
  const tokens = new Set([...single, ...pair].map((text) => text.slice(0, text.lastIndexOf(":"))));
  return {
    type: "TemplateProcessing",
    single: single.map(place),
    pair: pair.map(place),
    special_tokens: Object.fromEntries(
      [...tokens]
        .filter((token) => !token.startsWith("$"))
        .map((token) => [token, { id: token, ids: [id(token)], tokens: [token] }]),
    ),
  };
}

/** A byte-level BPE tokenizer: RoBERTa's if <s> and </s> are special, else GPT-2's. */
export function byteLevelTokenizer(model: Bpe, special: readonly string[], addPrefixSpace = false): Tokenizer {
  const framed = special.includes("<s>") && special.includes("</s>");
  const level = { type: "ByteLevel", add_prefix_space: addPrefixSpace, trim_offsets: true, use_regex: true };
  const named = (token: string): [string, number] => {
    const id = model.vocabulary.find(token);
    expect(id >= 0, `vocabulary: the special token ${shown(token)} is missing, but the template needs it`);
    return [token, id];
  };
  return buildTokenizer(
    {
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: specialTokens(special, model.vocabulary).map(addedJSON),
      normalizer: null,
      pre_tokenizer: level,
      post_processor: framed
        ? {
            type: "RobertaProcessing",
            sep: named("</s>"),
            cls: named("<s>"),
            trim_offsets: true,
            add_prefix_space: addPrefixSpace,
          }
        : { ...level, add_prefix_space: true },
      decoder: { ...level, add_prefix_space: true },
    },
    model,
  );
}

/** The steps around a Unigram model, as a tokenizer.json has them. */
export interface UnigramSteps {
  readonly normalizer: unknown;
  readonly pre_tokenizer: unknown;
  readonly decoder: unknown;
}

/** A Unigram tokenizer with ALBERT's template if [CLS] and [SEP] are special, XLM-R's if <s> and </s> are, else with none. */
export function unigramTokenizer(model: Unigram, special: readonly string[], steps: UnigramSteps): Tokenizer {
  const id = (token: string): number => model.vocabulary.find(token);
  const has = (...tokens: string[]): boolean => tokens.every((token) => special.includes(token));
  const template = has("[CLS]", "[SEP]")
    ? templateJSON(["[CLS]:0", "$A:0", "[SEP]:0"], ["[CLS]:0", "$A:0", "[SEP]:0", "$B:1", "[SEP]:1"], id)
    : has("<s>", "</s>")
      ? templateJSON(["<s>:0", "$A:0", "</s>:0"], ["<s>:0", "$A:0", "</s>:0", "</s>:0", "$B:0", "</s>:0"], id)
      : null;
  return buildTokenizer(
    {
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: special.map((token) => addedJSON(specialToken(token, id(token), /mask/i.test(token)))),
      ...steps,
      post_processor: template,
    },
    model,
  );
}
