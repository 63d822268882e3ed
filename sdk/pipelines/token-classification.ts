/** Tags of words, and entities made of them, as character ranges of the text. */

import { beginsSpan, type EntityTag, tagReader } from "../heads/entity-tags.js";
import { argmax, softmax } from "../heads/probabilities.js";
import { type ScoredToken, scoreTokensInSteps } from "../heads/token-windows.js";
import type { ModelSource } from "../io/files/model-source.js";
import { aString, listOf, oneOf, type Rules } from "../options.js";
import { eachInSteps } from "../tensor/steps.js";
import type { Tokenizer } from "../tokenizer/index.js";
import { fieldsOf, textOf, textsOf } from "./options.js";
import { type CallOptions, type Opened, openPipeline, type Pipeline, type PipelineOptions } from "./pipeline.js";

/** A word, or a token, and its label. */
export interface TaggedWord {
  readonly entity: string;
  /** probability of the label */
  readonly score: number;
  /** index of the word; with `none`, of the token, special tokens included */
  readonly index: number;
  /** the text's own characters; with `none` the token as the vocabulary has it, if it does */
  readonly word: string;
  /** character range of the text; of the word itself, where words were given one by one */
  readonly start: number;
  readonly end: number;
}

/** Adjacent words, or tokens, of one entity. */
export interface EntityGroup {
  readonly entity_group: string;
  /** mean of the probabilities of its words, or tokens */
  readonly score: number;
  /** the text's own characters */
  readonly word: string;
  /** character range of the text; of the words joined by single spaces, where words were given one by one */
  readonly start: number;
  readonly end: number;
}

/** How tokens are joined to entities. */
export type GroupingStrategy = "simple" | "first" | "average" | "max";

/** Options of {@link tokenClassification}, when it is opened and when it is called. */
export interface TokenClassificationOptions extends CallOptions {
  /**
   * `word` (the default): a label for each word, that of its first piece. `none`: one for each token. Entities of tokens:
   * `simple`. Entities of words, whose label is that of the first piece (`first`), of the surest (`max`), or of the pieces'
   * mean scores (`average`).
   */
  readonly aggregationStrategy?: "word" | "none" | GroupingStrategy;
  /** labels to leave out; by default O, with `word` none */
  readonly ignoreLabels?: readonly string[];
}

/** A text, or words that are split already. */
export type TokenClassificationInput = string | { readonly text: string } | { readonly words: readonly string[] };

/** Options with which words or tokens are answered, and options with which entities are. */
export type Ungrouped<Options> = Options & { readonly aggregationStrategy?: "word" | "none" };
/** Options with an `aggregationStrategy` that joins words to entities. */
export type Grouped<Options> = Options & { readonly aggregationStrategy: GroupingStrategy };

/** A token classification pipeline, by the type of its results. */
export type Answering<Result, Options> = Pipeline<TokenClassificationInput, Result[], Options>;

/** `Result` is the result of a call without its own strategy. */
export type TokenClassification<Result> = Answering<
  Result,
  TokenClassificationOptions & { readonly aggregationStrategy?: undefined }
> &
  Answering<TaggedWord, Ungrouped<TokenClassificationOptions>> &
  Answering<EntityGroup, Grouped<TokenClassificationOptions>> &
  Answering<TaggedWord | EntityGroup, TokenClassificationOptions>;

const NAME = "tokenClassification";

const rules = (): Rules<Omit<TokenClassificationOptions, keyof CallOptions>> => ({
  aggregationStrategy: oneOf("word", "none", "simple", "first", "average", "max"),
  ignoreLabels: listOf(aString),
});

const ELSEWHERE = {
  grouped_entities: 'aggregationStrategy: "simple" joins the tokens of an entity',
  aggregate: 'aggregationStrategy: "word" gives words, "first" entities',
  is_split_into_words: "give { words: […] } for words that are split already",
  stride: "long texts are read through windows that share a third of their tokens",
} as const;

type Text = string | readonly string[];

function inputOf(value: unknown, at: string): Text {
  if (typeof value !== "object" || value === null) return textOf(NAME, at, value);
  const { text, words } = fieldsOf(NAME, at, value, "words" in value ? ["words"] : ["text"]) as {
    text?: unknown;
    words?: unknown;
  };
  return words === undefined ? textOf(NAME, `${at}.text`, text) : textsOf(NAME, `${at}.words`, words);
}

/** A stretch of the text with one label. */
interface Piece {
  readonly label: string;
  readonly score: number;
  readonly index: number;
  readonly words: readonly [first: number, last: number];
  readonly start: number;
  readonly end: number;
}

/** The label of some tokens of one word, as the strategy says. */
function labelled(tokens: readonly ScoredToken[], names: readonly string[], strategy: string): Piece {
  const shares = tokens.map(({ scores }) => softmax(scores));
  const highest = (share: Float64Array): number => share[argmax(share)]!;
  const surest = () => shares.reduce((best, one) => (highest(one) > highest(best) ? one : best));
  const mean = () => shares[0]!.map((_, i) => shares.reduce((sum, one) => sum + one[i]! / shares.length, 0));
  const chosen = strategy === "max" ? surest() : strategy === "average" ? mean() : shares[0]!;
  const best = argmax(chosen);
  const [first, last] = [tokens[0]!, tokens.at(-1)!];
  return {
    label: names[best]!,
    score: chosen[best]!,
    index: first.word,
    words: [first.word, last.word],
    start: first.start,
    end: last.end,
  };
}

/** Tokens of the same word side by side; tokens that belong to no word are left out. */
function byWord(tokens: readonly ScoredToken[]): ScoredToken[][] {
  const words: ScoredToken[][] = [];
  for (const token of tokens) {
    if (token.word < 0) continue;
    const last = words.at(-1);
    if (last?.[0]?.word === token.word) last.push(token);
    else words.push([token]);
  }
  return words;
}

/**
 * The words of a text whose entities are wanted, as transformers finds them: a token whose piece continues a word belongs to
 * the word before it, unless a space is between them. So a comma is a word of its own where pieces say that they continue
 * one (WordPiece), and part of the word before it elsewhere (RoBERTa, XLM-R).
 */
function bySpaces(text: string, tokens: readonly ScoredToken[], tokenizer: Tokenizer): ScoredToken[][] {
  const words: ScoredToken[][] = [];
  for (const token of tokens) {
    const { id, start } = token;
    const isSpaced = start === 0 || text.slice(start - 1, start + 1).includes(" ");
    // Other white space than a space is in ▁ and Ġ, too, and parts no words.
    const continues = tokenizer.continues(id) || /^[▁Ġ]/.test(tokenizer.token(id) ?? "");
    const last = words.at(-1);
    if (last && continues && !isSpaced && id !== tokenizer.special.unknown) last.push(token);
    else words.push([token]);
  }
  return words;
}

/** Join neighbors of one entity, and neighbors outside of all. */
function grouped(pieces: readonly Piece[], read: (tag: string) => EntityTag): Piece[] {
  const groups: { tag: EntityTag; parts: Piece[] }[] = [];
  for (const piece of pieces) {
    const tag = read(piece.label);
    const last = groups.at(-1);
    if (last && !beginsSpan(last.tag, tag)) {
      last.parts.push(piece);
      last.tag = tag;
    } else groups.push({ tag, parts: [piece] });
  }
  return groups.map(({ tag, parts }) => ({
    ...parts[0]!,
    label: tag.prefix === "O" ? "O" : tag.type,
    score: parts.reduce((sum, { score }) => sum + score / parts.length, 0),
    words: [parts[0]!.words[0], parts.at(-1)!.words[1]],
    end: parts.at(-1)!.end,
  }));
}

/** A group of words that were given one by one: its range in the words joined by spaces. */
function amongWords(words: readonly string[], { start, end, words: [first, last] }: Piece) {
  const before = (word: number): number => words.slice(0, word).reduce((sum, one) => sum + one.length + 1, 0);
  return { word: words.slice(first, last + 1).join(" "), start: before(first) + start, end: before(last) + end };
}

function answer(
  { tokenizer, labels }: Opened<"token-classification">,
  text: Text,
  tokens: readonly ScoredToken[],
  { aggregationStrategy: strategy = "word", ignoreLabels }: TokenClassificationOptions,
): (TaggedWord | EntityGroup)[] {
  const { names } = labels!;
  const ignored = new Set(ignoreLabels ?? (strategy === "word" ? [] : ["O"]));
  if (strategy === "none")
    return tokens.flatMap((token) => {
      const { label: entity, score, start, end } = labelled([token], names, strategy);
      const own = typeof text === "string" ? text : text[token.word]!;
      const unknown = token.id === tokenizer.special.unknown;
      const word = unknown ? own.slice(start, end) : (tokenizer.token(token.id) ?? "");
      return ignored.has(entity) ? [] : [{ entity, score, index: token.index, word, start, end }];
    });
  const areSplit = typeof text !== "string" || strategy === "word";
  const words = () => (areSplit ? byWord(tokens) : bySpaces(text, tokens, tokenizer));
  const units = strategy === "simple" ? tokens.map((token) => [token]) : words();
  const pieces = units.map((unit) => labelled(unit, names, strategy));
  if (strategy === "word")
    return pieces.flatMap(({ label: entity, score, index, start, end }) => {
      const word = typeof text === "string" ? text.slice(start, end) : text[index]!;
      return ignored.has(entity) ? [] : [{ entity, score, index, word, start, end }];
    });
  return grouped(pieces, tagReader(names)).flatMap((piece) => {
    const { label, score, start, end } = piece;
    if (ignored.has(label)) return [];
    const place = typeof text === "string" ? { word: text.slice(start, end), start, end } : amongWords(text, piece);
    return [{ entity_group: label, score, ...place }];
  });
}

/**
 * The labels of a text's words, or its entities. Entities in IOB, IOE, BIOES and BILOU are joined as transformers'
 * aggregation strategies join them; texts longer than the model are read through windows.
 *
 * @example
 * const tags = await tokenClassification(folder("pos"));
 * tags("Cats run."); // [{ entity: "NOUN", score: 0.97, index: 0, word: "Cats", start: 0, end: 4 }, …]
 * const entities = await tokenClassification(folder("ner"), { aggregationStrategy: "first" });
 * entities("Anna lives in New York."); // [{ entity_group: "PER", word: "Anna", … }, { entity_group: "LOC", word: "New York", … }]
 */
export function tokenClassification(
  files: ModelSource,
  options?: Ungrouped<PipelineOptions & TokenClassificationOptions>,
): Promise<TokenClassification<TaggedWord>>;
export function tokenClassification(
  files: ModelSource,
  options: Grouped<PipelineOptions & TokenClassificationOptions>,
): Promise<TokenClassification<EntityGroup>>;
export function tokenClassification(
  files: ModelSource,
  options: PipelineOptions & TokenClassificationOptions,
): Promise<TokenClassification<TaggedWord | EntityGroup>>;
export async function tokenClassification(
  files: ModelSource,
  options: PipelineOptions & TokenClassificationOptions = {},
): Promise<TokenClassification<TaggedWord | EntityGroup>> {
  const pipeline = await openPipeline<
    "token-classification",
    Text,
    (TaggedWord | EntityGroup)[],
    TokenClassificationOptions
  >(files, options, {
    name: NAME,
    task: "token-classification",
    rules: rules(),
    elsewhere: ELSEWHERE,
    input: inputOf,
    make: (opened) =>
      function* (texts, asked) {
        const scored = yield* scoreTokensInSteps(opened.model, opened.tokenizer, texts, asked.length);
        return yield* eachInSteps(texts, (text, i) => answer(opened, text, scored[i]!, asked));
      },
  });
  return pipeline as TokenClassification<TaggedWord | EntityGroup>;
}
