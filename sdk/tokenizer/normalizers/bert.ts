/**
 * BERT's normalizer: clean the text, put spaces around ideographs, strip accents, lower-case, in this order.
 * As in google-research/bert tokenization.py, with the alignments and character tables of Hugging Face tokenizers.
 */
import type { Normalizer } from "../steps.js";
import { decomposition, lowerCase } from "../text/character-forms.js";
import type { NormalizedString } from "../text/normalized-string.js";
import { eachCharacter } from "../text/rewriter.js";
import { ACCENT, CONTROL, classOf, codePointAt, combiningClass, HAN, WHITE } from "../text/unicode.js";
import { decompose } from "./decompose.js";

export interface BertNormalizerOptions {
  readonly cleanText: boolean;
  readonly chineseCharacters: boolean;
  readonly stripAccents: boolean;
  readonly lowercase: boolean;
}

/** Special entries of the table of replacements, all among the surrogates, to which no unit maps. */
const SEVERAL = 0xd800; // maps to none, two or more characters, or has not occurred yet
const ORDERED = 0xd801; // a mark that is kept and has a canonical order: the section takes the slow path
const PAIR = 0xd802; // half of a code point above U+FFFF
const APART = 0xd803; // an ideograph: a space on each side

export function bertNormalizer(options: BertNormalizerOptions): Normalizer {
  const expand = expander(options);
  const table = unitReplacements(options);
  const expansions = new Map<number, readonly number[]>();

  return (text, spare) => {
    // Every unit maps to at most three here; a longer mapping, which no character has, would still be safe through push().
    spare.reserve(3 * text.length + 4);
    spare.clear(text.base);
    const { units, plain, base } = text;
    const { starts: fromStarts, ends: fromEnds } = text;
    const { units: out, starts, ends } = spare;
    let length = 0;
    for (let at = 0; at < text.length; at++) {
      const unit = units[at]!;
      const replacement = table[unit]!;
      const start = plain ? base + at : fromStarts[at]!;
      let end = plain ? start + 1 : fromEnds[at]!;
      if ((replacement & 0xf800) !== 0xd800) {
        out[length] = replacement;
        starts[length] = start;
        ends[length++] = end;
      } else if (replacement === APART) {
        out[length] = out[length + 2] = 32;
        out[length + 1] = unit;
        starts[length] = starts[length + 1] = starts[length + 2] = start;
        ends[length] = ends[length + 1] = ends[length + 2] = end;
        length += 3;
      } else if (replacement === ORDERED) return slowly(text, spare, options);
      else {
        const codePoint = codePointAt(units, at);
        let parts = expansions.get(codePoint);
        if (parts === undefined) {
          expansions.set(codePoint, (parts = expand(codePoint)));
          if (codePoint <= 0xffff) table[codePoint] = entry(codePoint, parts, options);
        }
        if (options.stripAccents && parts.some((part) => combiningClass(part) !== 0))
          return slowly(text, spare, options);
        if (codePoint > 0xffff) {
          at++;
          if (plain) end++;
        }
        spare.length = length;
        for (const part of parts) spare.push(part, start, end);
        length = spare.length;
      }
    }
    spare.length = length;
    return spare;
  };
}

/** The replacement of one character by all steps combined. */
function expander(options: BertNormalizerOptions): (codePoint: number) => readonly number[] {
  const { cleanText, chineseCharacters, stripAccents, lowercase } = options;
  return (codePoint) => {
    const classes = classOf(codePoint);
    if (cleanText && (classes & CONTROL) !== 0) return [];
    let parts: readonly number[] = [cleanText && (classes & WHITE) !== 0 ? 32 : codePoint];
    if (chineseCharacters && (classes & HAN) !== 0) parts = [32, codePoint, 32];
    if (stripAccents) {
      parts = parts.flatMap((part) => decomposition(part, "NFD") ?? [part]);
      parts = parts.filter((part) => (classOf(part) & ACCENT) === 0);
    }
    if (lowercase) parts = parts.flatMap((part) => lowerCase(part) ?? [part]);
    return parts;
  };
}

/**
 * The replacement of each unit. Only printable ASCII is known at first; others are computed when they first occur, since
 * few texts need the tables of all Unicode.
 */
function unitReplacements({ lowercase }: BertNormalizerOptions): Uint16Array {
  const table = new Uint16Array(0x10000).fill(SEVERAL).fill(PAIR, 0xd800, 0xe000);
  for (let unit = 0x20; unit < 0x7f; unit++) table[unit] = lowercase && unit >= 0x41 && unit <= 0x5a ? unit + 32 : unit;
  return table;
}

/** The table's entry of a character that becomes `parts`. */
function entry(unit: number, parts: readonly number[], { stripAccents }: BertNormalizerOptions): number {
  if (parts.length === 3 && parts[0] === 32 && parts[1] === unit && parts[2] === 32) return APART;
  if (parts.length !== 1 || parts[0]! > 0xffff) return SEVERAL;
  return stripAccents && combiningClass(parts[0]!) !== 0 ? ORDERED : parts[0]!;
}

/** The steps one after another, for the rare text in which kept marks may have to be reordered. */
function slowly(
  text: NormalizedString,
  spare: NormalizedString,
  { cleanText, chineseCharacters, lowercase }: BertNormalizerOptions,
): NormalizedString {
  text.align();
  const prepare = expander({ cleanText, chineseCharacters, stripAccents: false, lowercase: false });
  let [from, to] = eachCharacter(text, spare, prepare);
  const decomposed = decompose(from, to, "NFD");
  [from, to] = decomposed === from ? [from, to] : [to, from];
  [from, to] = eachCharacter(from, to, (c) => ((classOf(c) & ACCENT) !== 0 ? [] : [c]));
  if (lowercase) [from, to] = eachCharacter(from, to, (c) => lowerCase(c) ?? [c]);
  return from;
}
