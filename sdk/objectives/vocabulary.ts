/** The part of a tokenizer that objectives use: the size of its vocabulary and its special tokens. */

import type { Rule } from "../options.js";
import { checkArgument, withFields } from "../options.js";
import { type Tokenizer, TokenizerError } from "../tokenizer/index.js";

/** Any `Tokenizer`; a size and the ids of special tokens suffice. */
export type Vocabulary = Pick<Tokenizer, "size" | "special">;

/** Rules for options of objectives. */
export const aVocabulary: Rule = {
  expected: "a tokenizer",
  accepts: (value) => typeof value === "object" && value !== null && "special" in value,
};
export const aShare: Rule = {
  expected: "a number from 0 to 1",
  accepts: (value) => typeof value === "number" && value >= 0 && value <= 1,
};
export const aCount: Rule = {
  expected: "a number of at least 1",
  accepts: (value) => typeof value === "number" && value >= 1,
};

/** The tokens around a sequence: [CLS] or `<s>` before it, [SEP] or `</s>` after each segment. */
export interface Boundaries {
  readonly cls: number;
  readonly sep: number;
}

/** @throws {ArgumentError} for options of an objective without the tokenizer that it needs */
export function requireTokenizer(where: string, options: unknown): void {
  checkArgument(where, "options", options, withFields("an object with tokenizer", "tokenizer"));
  checkArgument(where, "tokenizer", (options as { tokenizer: unknown }).tokenizer, aVocabulary);
}

/**
 * The id of the mask token.
 *
 * @param objective the objective's name, for the error
 * @throws {TokenizerError} when the tokenizer has none
 */
export function maskId({ special }: Pick<Tokenizer, "special">, objective: string): number {
  if (special.mask === undefined)
    throw new TokenizerError(`${objective}: the tokenizer has no mask token such as [MASK] or <mask>, which it needs`);
  return special.mask;
}

/** The ids before and after a single text. */
export interface SequenceEnds {
  /** [CLS] or `<s>`; empty for T5, whose texts have no start token */
  readonly start: readonly number[];
  readonly end: number;
}

/**
 * The ids around a single text: those of {@link boundaries}, or `</s>` alone after it.
 *
 * @throws {TokenizerError} when the tokenizer has neither a separator nor an end token
 */
export function sequenceEnds(tokenizer: Pick<Tokenizer, "special">): SequenceEnds {
  const { cls, bos, sep, eos } = tokenizer.special;
  if (cls === undefined && bos === undefined && eos !== undefined) return { start: [], end: sep ?? eos };
  const ends = boundaries(tokenizer);
  return { start: [ends.cls], end: ends.sep };
}

/** The token that separates the texts of a stream: end of text, or the separator. */
export function endOfText({ special }: Pick<Tokenizer, "special">): number {
  const end = special.eos ?? special.sep;
  if (end === undefined)
    throw new TokenizerError("causal-lm: the tokenizer has no token that ends a text, such as <|endoftext|> or </s>");
  return end;
}

/**
 * The ids that frame sequences of pre-training.
 *
 * @example
 * boundaries(tokenizer); // { cls: 2, sep: 3 }
 * @throws {TokenizerError} when the tokenizer has neither [CLS] and [SEP] nor `<s>` and `</s>`
 */
export function boundaries({ special }: Pick<Tokenizer, "special">): Boundaries {
  const cls = special.cls ?? special.bos;
  const sep = special.sep ?? special.eos;
  if (cls === undefined || sep === undefined)
    throw new TokenizerError("pre-training needs a tokenizer with [CLS] and [SEP] (or <s> and </s>)");
  return { cls, sep };
}
