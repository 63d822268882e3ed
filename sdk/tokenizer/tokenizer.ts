/**
 * Text to ids and back, through the steps of steps.ts.
 *
 *   const { ids, offsets } = tokenizer.encode("Hello, world!");
 *   tokenizer.decode(ids, { skipSpecial: true });          // "hello, world!"
 */
import { shown } from "../errors.js";
import type { AddedToken } from "./added-tokens/added-token.js";
import { AddedMatcher, type MoreMatches } from "./added-tokens/matcher.js";
import { findSpecialTokens, type SpecialTokens } from "./added-tokens/special-tokens.js";
import { expect, TokenizerError } from "./errors.js";
import { PIECE, WordCache } from "./models/word-cache.js";
import type { Encoding } from "./post-processors/encoding.js";
import { addedBy, assemble, pairFirst, type Range } from "./post-processors/template.js";
import { Tokens } from "./post-processors/tokens.js";
import { combine, keep, parts, type Truncate } from "./post-processors/truncate.js";
import type { Decoder, Model, Normalizer, PostProcessor, PreTokenizer } from "./steps.js";
import { NormalizedString } from "./text/normalized-string.js";

/** A text, or a list of words: each word then keeps its index, and offsets are relative to its start. */
export type Text = string | readonly string[];

/** Options of all readers of tokenizer files. */
export interface ReadOptions {
  /** The parsed special_tokens_map.json or tokenizer_config.json beside the file, with the names of mask, separator, … */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Change the fields of the tokenizer.json, except its model, before the tokenizer is built. */
  readonly revise?: (parts: Readonly<Record<string, unknown>>, model: Model) => Readonly<Record<string, unknown>>;
}

/** Options of {@link Tokenizer.encode}. */
export interface EncodeOptions {
  /** Add the post-processor's special tokens, such as [CLS] and [SEP]. Defaults to true. */
  readonly special?: boolean;
  readonly truncate?: Truncate;
  /**
   * Make windows exactly as this version of Hugging Face tokenizers does, including two peculiarities: windows after the
   * first have segment 0 for the text and 1 for the pair, whatever the template; and 0.23.2 stops reading a text after
   * `truncate.length` tokens, so that its windows do not cover all of it.
   */
  readonly compatibility?: "0.23.2" | "0.23.3";
}

/** Options of {@link Tokenizer.decode}. */
export interface DecodeOptions {
  /** Omit special tokens. Defaults to false. */
  readonly skipSpecial?: boolean;
  /** Remove the spaces before punctuation. Defaults to the setting of the tokenizer's file. */
  readonly cleanUp?: boolean;
}

/** The parts of a tokenizer. */
export interface TokenizerParts {
  readonly normalizer: Normalizer | null;
  readonly preTokenizer: PreTokenizer | null;
  readonly model: Model;
  readonly added: readonly AddedToken[];
  /** Finds tokens other than the added ones. */
  readonly more?: MoreMatches;
  readonly postProcessor: PostProcessor;
  readonly decoder: Decoder | null;
  /** Whether a piece continues a word, by its text. */
  readonly continues: (piece: string) => boolean;
  /**
   * Parsed special_tokens_map.json or tokenizer_config.json: the names of the special tokens, `truncation_side`,
   * `padding_side`, and `split_special_tokens`.
   */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** tokenizer.json without its model. */
  readonly json: Readonly<Record<string, unknown>>;
}

/**
 * A tokenizer: text to ids with offsets, and back.
 *
 * @example
 * const { ids, offsets } = tokenizer.encode("the cat"); // with special tokens; offsets in UTF-16 code units
 * tokenizer.decode(ids, { skipSpecial: true }); // "the cat"
 */
export class Tokenizer {
  /** Number of ids, added tokens included. */
  readonly size: number;
  readonly special: SpecialTokens;
  /** The end that {@link encode} cuts off by default: `truncation_side` of the settings. */
  readonly truncationSide: "right" | "left";
  /** `padding_side` of the settings. Rows have no padding: it says which of question and context is first. */
  readonly paddingSide: "right" | "left";
  /** Whether special tokens in a text are split like any other text: `split_special_tokens` of the settings. */
  readonly splitsSpecial: boolean;
  private readonly addedById = new Map<number, AddedToken>();
  private readonly addedByContent = new Map<string, AddedToken>();
  private readonly specials = new Set<string>();
  private readonly asWritten: AddedMatcher;
  private readonly normalized: AddedMatcher;
  private readonly cache: WordCache;
  private readonly buffers = [
    new NormalizedString(),
    new NormalizedString(),
    new NormalizedString(),
    new NormalizedString(),
  ] as const;
  private readonly first = new Tokens();
  private readonly second = new Tokens();
  /** Number of tokens after which no further word is read. */
  private most = Number.POSITIVE_INFINITY;

  /** @internal */
  static of(parts: TokenizerParts): Tokenizer {
    return new Tokenizer(parts);
  }

  private constructor(private readonly parts: TokenizerParts) {
    const { added, model, normalizer, settings = {} } = parts;
    this.truncationSide = settings["truncation_side"] === "left" ? "left" : "right";
    this.paddingSide = settings["padding_side"] === "left" ? "left" : "right";
    this.splitsSpecial = Boolean(settings["split_special_tokens"]);
    let size = model.vocabulary.size;
    for (const token of added) {
      this.addedById.set(token.id, token);
      this.addedByContent.set(token.content, token);
      if (token.special) this.specials.add(token.content);
      size = Math.max(size, token.id + 1);
    }
    // Special tokens first, then the others, in the order of the file: the first of equal tokens is found.
    const ordered = added.filter((token) => !token.special);
    if (!this.splitsSpecial) ordered.unshift(...added.filter((token) => token.special));
    this.asWritten = new AddedMatcher(
      ordered.filter((token) => !token.normalized),
      null,
    );
    this.normalized = new AddedMatcher(
      ordered.filter((token) => token.normalized),
      normalizer,
    );
    this.size = size;
    this.special = findSpecialTokens((token) => this.id(token), settings);
    this.requireTemplate();
    this.cache = new WordCache(model);
  }

  /** The tokens that the post-processor adds must be in the vocabulary; segments are bytes. */
  private requireTemplate(): void {
    const { single, pair } = this.parts.postProcessor;
    for (const place of [...single, ...pair]) {
      const ids = "ids" in place ? place.ids : [];
      expect(
        place.segment < 256 && ids.length < 256 && ids.every((id) => this.token(id) !== undefined),
        () => `post_processor: the ids ${shown(ids)} of segment ${place.segment} are not in the vocabulary`,
      );
    }
  }

  /** The tokens of a text and its pair with special tokens; of a truncated text, its first window. */
  encode(text: Text, pair?: Text, asked: EncodeOptions = {}): Encoding {
    requireOptions("encode", asked);
    const { truncate } = asked;
    const options = truncate ? { ...asked, truncate: { direction: this.truncationSide, ...truncate } } : asked;
    // For one text cut off on the right, text beyond the first window cannot change it and is not read.
    const beginning = pair === undefined && options.truncate?.direction === "right" ? truncate?.length : undefined;
    const texts = this.tokens(text, pair, options, beginning);
    return assemble(
      this.parts.postProcessor,
      options.special ?? true,
      texts,
      this.windowRanges(texts, options).map(first),
    );
  }

  /** All windows of a text longer than `truncate.length`; adjacent ones share `truncate.stride` tokens. */
  windows(text: Text, pair?: Text, options: EncodeOptions = {}): Encoding[] {
    requireOptions("windows", options);
    const texts = this.tokens(text, pair, options);
    const special = options.special ?? true;
    const [a, b] = this.windowRanges(texts, options);
    const rows: (readonly Range[])[] =
      b === undefined
        ? a!.map((range) => [range])
        : pairFirst(this.parts.postProcessor)
          ? combine(b, a!).map(([second, first]) => [first, second])
          : combine(a!, b);
    return rows.map((ranges) => assemble(this.parts.postProcessor, special, texts, ranges));
  }

  /** Ids back to text. */
  decode(ids: ArrayLike<number>, options: DecodeOptions = {}): string {
    requireOptions("decode", options);
    expect(Array.isArray(ids) || ArrayBuffer.isView(ids), () => `decode: expected ids, got ${shown(ids)}`);
    let tokens: string[] = [];
    // Ids beyond the vocabulary have no text, as in Hugging Face's tokenizers.
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i]!;
      expect(Number.isInteger(id) && id >= 0, () => `decode: expected ids, got ${shown(id)}`);
      const token = this.normalized.forms.get(id) ?? this.token(id);
      if (token !== undefined && !(options.skipSpecial && this.specials.has(token))) tokens.push(token);
    }
    const { decoder } = this.parts;
    if (decoder === null) return tokens.join(" ");
    tokens = decoder.decode(tokens, options.cleanUp);
    return tokens.join("");
  }

  /** The id of a token, added tokens first. */
  id(token: string): number | undefined {
    const added = this.addedByContent.get(token);
    if (added !== undefined) return added.id;
    const id = this.parts.model.vocabulary.find(token);
    return id < 0 ? undefined : id;
  }

  /** The token of an id. */
  token(id: number): string | undefined {
    return this.addedById.get(id)?.content ?? this.parts.model.vocabulary.piece(id);
  }

  /** Whether the id is one of the special tokens, such as [SEP]. */
  isSpecial(id: number): boolean {
    return this.addedById.get(id)?.special ?? false;
  }

  /** Whether the id is a piece that continues a word: ##ing, or a piece without a space marker (▁, Ġ). */
  continues(id: number): boolean {
    if (this.addedById.has(id)) return false;
    const piece = this.parts.model.vocabulary.piece(id);
    return piece !== undefined && this.parts.continues(piece);
  }

  /** The Hugging Face tokenizer.json object. */
  toJSON(): Record<string, unknown> {
    const { json, model } = this.parts;
    return { ...json, model: { ...model.settings(), ...model.tables() } };
  }

  /** @param most number of tokens after which no further word of the text is read */
  private tokens(
    text: Text,
    pair: Text | undefined,
    { truncate, compatibility }: EncodeOptions,
    most?: number,
  ): readonly [Tokens] | readonly [Tokens, Tokens] {
    const early = compatibility === "0.23.2" ? truncate : undefined;
    this.tokenizeInput(text, this.first, "text", early?.strategy === "only-second" ? undefined : early, most);
    if (pair === undefined) return [this.first];
    this.tokenizeInput(pair, this.second, "pair", early);
    return [this.first, this.second];
  }

  /** @param early the truncation, to read no more words than it needs */
  private tokenizeInput(text: Text, into: Tokens, name: string, early: Truncate | undefined, most?: number): void {
    const left = early?.direction === "left";
    this.most = most ?? (left ? undefined : early?.length) ?? Number.POSITIVE_INFINITY;
    this.tokenizeText(text, into, name);
    if (left) into.keepLast(early.length);
  }

  private windowRanges(
    texts: readonly Tokens[],
    { truncate, special = true, compatibility }: EncodeOptions,
  ): Range[][] {
    const lengths = texts.map((tokens) => tokens.length);
    if (!truncate) return lengths.map((to) => [{ from: 0, to }]);
    const { single, pair } = this.parts.postProcessor;
    const kept = keep(lengths, special ? addedBy(texts.length === 2 ? pair : single) : 0, truncate);
    const ranges = lengths.map((total, i) => parts(total, kept[i]!, truncate));
    return compatibility ? ranges.map((row) => row.map((range, i) => ({ ...range, further: i > 0 }))) : ranges;
  }

  /** All tokens of one text, before truncation. */
  private tokenizeText(text: Text, into: Tokens, name: string): void {
    into.clear(text);
    if (typeof text === "string") {
      this.tokenizePart(text, into, 0, false);
      return;
    }
    expect(Array.isArray(text), `encode: ${name} must be a string or an array of words, got ${typeof text}`);
    for (let i = 0; i < text.length && into.length < this.most; i++) {
      const word = (text as readonly string[])[i]!;
      const before = into.length;
      expect(typeof word === "string", `encode: word ${i} of ${name} must be a string, got ${typeof word}`);
      this.tokenizePart(word, into, i, true);
      if (into.length > before) continue;
      // A word that loses all its characters must keep a token, or the labels of a tagged sentence would shift.
      if (this.special.unknown === undefined)
        throw new TokenizerError(
          `encode: word ${i} (${shown(word)}) has no tokens, and the model has no unknown token`,
        );
      into.push(this.special.unknown, 0, word.length, i);
    }
  }

  /** Find added tokens in the text as written, and tokenize between them. Words count from `word`, or all are `word`. */
  private tokenizePart(text: string, into: Tokens, word: number, fixed: boolean): void {
    const [whole, section] = this.buffers;
    whole.load(text, 0, text.length);
    const { more } = this.parts;
    if (!more && (this.asWritten.empty || !this.asWritten.possible(text))) {
      this.normalizeAndTokenize(whole, into, word, fixed);
      return;
    }
    let at = 0;
    let next = word;
    const matches = this.asWritten.find(whole.units, whole.length);
    for (const { token, start, end, white } of more?.(whole.units, whole.length, matches) ?? matches) {
      section.copy(whole, at, start);
      next = this.normalizeAndTokenize(section, into, next, fixed);
      if (into.length >= this.most) return;
      into.white.set(into.length, white);
      into.push(token.id, start, end, next);
      if (!fixed) next++;
      at = end;
    }
    section.copy(whole, at, whole.length);
    this.normalizeAndTokenize(section, into, next, fixed);
  }

  /** Normalize one section, find added tokens in the result, and tokenize between them. Returns the next word's number. */
  private normalizeAndTokenize(section: NormalizedString, into: Tokens, word: number, fixed: boolean): number {
    if (section.length === 0 || into.length >= this.most) return word;
    const [, , spare, gap] = this.buffers;
    const { normalizer } = this.parts;
    const text = normalizer === null ? section : normalizer(section, spare);
    const other = text === spare ? section : spare;
    const matches = this.normalized.empty ? [] : this.normalized.find(text.units, text.length);
    if (matches.length === 0) return this.tokenizeWords(text, other, into, word, fixed);
    let at = 0;
    let next = word;
    for (const { token, start, end, white } of matches) {
      gap.copy(text, at, start);
      next = this.tokenizeWords(gap, other, into, next, fixed);
      if (into.length >= this.most) return next;
      into.white.set(into.length, white);
      into.push(token.id, text.startOf(start), text.endOf(end), next);
      if (!fixed) next++;
      at = end;
    }
    gap.copy(text, at, text.length);
    return this.tokenizeWords(gap, other, into, next, fixed);
  }

  /** Pre-tokenize normalized text and look its words up. Returns the next word's number. */
  private tokenizeWords(
    normalized: NormalizedString,
    spare: NormalizedString,
    into: Tokens,
    word: number,
    fixed: boolean,
  ): number {
    normalized.whole();
    const { preTokenizer } = this.parts;
    const text = preTokenizer === null ? normalized : preTokenizer(normalized, spare);
    const { units, cuts, words, plain, base, starts, ends } = text;
    const { cache } = this;
    for (let i = 0; i < words && into.length < this.most; i++) {
      const start = cuts[2 * i]!;
      const count = cache.look(units, start, cuts[2 * i + 1]!);
      const number = fixed ? word : word + i;
      const { found } = cache;
      let at = cache.at;
      into.reserve(count);
      let out = into.length;
      for (const stop = at + PIECE * count; at < stop; at += PIECE, out++) {
        const from = start + found[at + 1]!;
        const to = start + found[at + 2]!;
        into.ids[out] = found[at]!;
        into.starts[out] = plain ? base + from : starts[from]!;
        into.ends[out] = plain ? base + to : ends[to - 1]!;
        into.words[out] = number;
      }
      into.length = out;
    }
    return fixed ? word : word + words;
  }
}

function first(ranges: readonly Range[]): Range {
  return ranges[0]!;
}

function requireOptions(method: string, options: object): void {
  expect(Object(options) === options, () => `${method}: options must be an object, got ${shown(options)}`);
}
