/**
 * Added tokens: strings that are matched in the text before any other step, such as [MASK] or <mask>.
 * The leftmost, then the longest match wins; matches do not overlap.
 */
import type { Normalizer } from "../steps.js";
import { NormalizedString } from "../text/normalized-string.js";
import { classOf, codePointAt, codePointBefore, isWhite, WORD_CHARACTER } from "../text/unicode.js";
import type { AddedToken } from "./added-token.js";

export interface Match {
  readonly token: AddedToken;
  readonly start: number;
  readonly end: number;
  /** Number of white-space characters at the start and at the end of the match. */
  readonly white: readonly [number, number];
}

/** Adds further matches, found in another way, to those of the added tokens in the first `length` units. */
export type MoreMatches = (units: Uint16Array, length: number, matches: readonly Match[]) => Match[];

/** A node of the trie of patterns over UTF-16 units. */
interface Node {
  readonly next: Map<number, Node>;
  /** The token whose pattern ends here. */
  token: AddedToken | null;
}

/** Finds a set of added tokens. */
export class AddedMatcher {
  /** By id: the pattern that is searched for, where it is not the token's content. */
  readonly forms = new Map<number, string>();
  private readonly root: Node = { next: new Map(), token: null };

  /** @param normalizer applied to the patterns when they are searched for in normalized text */
  constructor(tokens: readonly AddedToken[], normalizer: Normalizer | null) {
    for (const token of tokens) {
      const form = normalizer ? normalForm(token.content, normalizer) : token.content.toWellFormed();
      if (form === "") continue;
      if (form !== token.content) this.forms.set(token.id, form);
      let node = this.root;
      for (let i = 0; i < form.length; i++) {
        const unit = form.charCodeAt(i);
        let child = node.next.get(unit);
        if (child === undefined) node.next.set(unit, (child = { next: new Map(), token: null }));
        node = child;
      }
      node.token ??= token; // of two equal patterns the first one wins
    }
  }

  get empty(): boolean {
    return this.root.next.size === 0;
  }

  /** A quick test that rules most texts out. */
  possible(text: string): boolean {
    for (const unit of this.root.next.keys()) if (text.includes(String.fromCharCode(unit))) return true;
    return false;
  }

  /** All matches in the first `length` units, in order. */
  find(units: Uint16Array, length: number): Match[] {
    const matches: Match[] = [];
    let taken = 0;
    for (let at = 0; at < length; ) {
      const found = this.longest(units, at, length);
      if (found === null) {
        at++;
        continue;
      }
      const { token } = found;
      let { start, end } = found;
      at = end; // as in the reference, white space included in a match may match again
      if (token.singleWord) {
        if (start > 0 && isWord(codePointBefore(units, start, 0))) continue;
        if (end < length && isWord(codePointAt(units, end))) continue;
      }
      if (token.lstrip) {
        while (start > 0 && isWhite(units[start - 1]!)) start--;
        start = Math.max(start, taken);
      }
      if (token.rstrip) while (end < length && isWhite(units[end]!)) end++;
      if (start < end)
        matches.push({ token, start, end, white: [whiteAt(units, start, end, 1), whiteAt(units, start, end, -1)] });
      taken = end;
    }
    return matches;
  }

  private longest(units: Uint16Array, start: number, length: number): Omit<Match, "white"> | null {
    let found: Omit<Match, "white"> | null = null;
    let node = this.root.next.get(units[start]!);
    for (let end = start + 1; node !== undefined; end++) {
      if (node.token !== null) found = { token: node.token, start, end };
      if (end === length) break;
      node = node.next.get(units[end]!);
    }
    return found;
  }
}

function normalForm(content: string, normalizer: Normalizer): string {
  const text = new NormalizedString();
  text.load(content, 0, content.length);
  return normalizer(text, new NormalizedString()).slice();
}

/** Length of the white space at the start (step 1) or end (step -1) of units [start, end); Ġ is a space too. */
function whiteAt(units: Uint16Array, start: number, end: number, step: 1 | -1): number {
  let count = 0;
  for (let at = step === 1 ? start : end - 1; at >= start && at < end; at += step, count++)
    if (!isWhite(units[at]!) && units[at] !== 0x120) break;
  return count;
}

function isWord(codePoint: number): boolean {
  return (classOf(codePoint) & WORD_CHARACTER) !== 0;
}
