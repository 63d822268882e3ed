/** Pre-tokenizers that cut by a pattern or by classes of characters: Split, Punctuation, Digits, Whitespace, … */
import { eachStretch, type Finder } from "../patterns/pattern.js";
import type { PreTokenizer } from "../steps.js";
import type { NormalizedString } from "../text/normalized-string.js";
import { classOf, codePointAt, NUMERIC, PUNCTUATION, scriptOf, WHITE, WORD_CHARACTER, width } from "../text/unicode.js";

/** The treatment of delimiters. */
export const BEHAVIORS = ["removed", "isolated", "mergedWithPrevious", "mergedWithNext", "contiguous"] as const;
export type Behavior = (typeof BEHAVIORS)[number];

/** @param invert the pattern describes the words, and the text between them is the delimiters */
export function splitPreTokenizer(find: Finder, behavior: Behavior, invert = false): PreTokenizer {
  return (text) => {
    const { cuts, words } = text;
    for (let word = 0; word < words; word++) {
      const cutter = new Cutter(text, behavior);
      eachStretch(find, text, cuts[2 * word]!, cuts[2 * word + 1]!, (start, stop, matched) =>
        cutter.add(start, stop, matched !== invert),
      );
      cutter.finish();
    }
    text.recut();
    return text;
  };
}

/** Collects the stretches of one word and cuts it by the behavior. */
class Cutter {
  private from = -1;
  private to = -1;
  private wasDelimiter = false;

  constructor(
    private readonly text: NormalizedString,
    private readonly behavior: Behavior,
  ) {}

  add(start: number, stop: number, delimiter: boolean): void {
    if (this.joins(delimiter)) this.to = stop;
    else {
      this.finish();
      if (!(this.behavior === "removed" && delimiter)) [this.from, this.to] = [start, stop];
    }
    this.wasDelimiter = delimiter;
  }

  private joins(delimiter: boolean): boolean {
    if (this.from < 0) return false;
    if (this.behavior === "mergedWithPrevious") return delimiter && !this.wasDelimiter;
    if (this.behavior === "mergedWithNext") return !delimiter && this.wasDelimiter;
    return this.behavior === "contiguous" && delimiter === this.wasDelimiter;
  }

  finish(): void {
    if (this.from >= 0) this.text.cut(this.from, this.to);
    this.from = -1;
  }
}

/** Finds single characters of some classes. */
export function classFinder(mask: number): Finder {
  return (units, from, end) => {
    for (let at = from; at < end; ) {
      const codePoint = codePointAt(units, at);
      const next = at + width(codePoint);
      if ((classOf(codePoint) & mask) !== 0) return [at, next];
      at = next;
    }
    return null;
  };
}

/** Punctuation, as BERT defines it. */
export const punctuationPreTokenizer = (behavior: Behavior): PreTokenizer =>
  splitPreTokenizer(classFinder(PUNCTUATION), behavior);

/** Digits: runs of digits, or each digit, apart from the rest. */
export const digitsPreTokenizer = (individual: boolean): PreTokenizer =>
  splitPreTokenizer(classFinder(NUMERIC), individual ? "isolated" : "contiguous");

/** Whitespace: \w+|[^\w\s]+ */
export const whitespacePreTokenizer = (): PreTokenizer =>
  splitPreTokenizer(
    (units, from, end) => {
      let at = from;
      while (at < end && (classOf(units[at]!) & WHITE) !== 0) at++;
      if (at >= end) return null;
      const start = at;
      const word = classOf(codePointAt(units, at)) & WORD_CHARACTER;
      while (at < end) {
        const codePoint = codePointAt(units, at);
        const classes = classOf(codePoint);
        if ((classes & WHITE) !== 0 || (classes & WORD_CHARACTER) !== word) break;
        at += width(codePoint);
      }
      return [start, at];
    },
    "removed",
    true,
  );

/** UnicodeScripts: splits where the script changes. Characters of no script stay with those before them; at the start they are dropped. */
export const unicodeScriptsPreTokenizer = (): PreTokenizer =>
  cutEach((text, begin, end) => {
    const { units } = text;
    let from = -1;
    let last = 0;
    for (let at = begin; at < end; ) {
      const codePoint = codePointAt(units, at);
      const script = scriptOf(codePoint);
      if (script !== 0 && script !== last) {
        if (from >= 0) text.cut(from, at);
        from = at;
        last = script;
      }
      at += width(codePoint);
    }
    if (from >= 0) text.cut(from, end);
  });

/** FixedLength: words of `length` characters. */
export const fixedLengthPreTokenizer = (length: number): PreTokenizer =>
  cutEach((text, begin, end) => {
    let from = begin;
    let count = 0;
    for (let at = begin; at < end; ) {
      at += width(codePointAt(text.units, at));
      if (++count < length && at < end) continue;
      text.cut(from, at);
      from = at;
      count = 0;
    }
  });

/** A pre-tokenizer that splits every word separately. */
function cutEach(cut: (text: NormalizedString, begin: number, end: number) => void): PreTokenizer {
  return (text) => {
    for (let word = 0; word < text.words; word++) cut(text, text.cuts[2 * word]!, text.cuts[2 * word + 1]!);
    text.recut();
    return text;
  };
}
