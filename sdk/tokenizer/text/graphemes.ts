/**
 * Grapheme clusters (Unicode Standard Annex 29), as far as clusters of fewer than 6 bytes of UTF-8 go: longer ones are
 * processed character by character, so flags and emoji sequences need no rule here.
 */
import { codePointAt, graphemeClass, width } from "./unicode.js";

const CONTROL = 1;
const EXTEND = 2;
const PREPEND = 3;

/** End of the cluster that starts at `start`. */
export function graphemeEnd(units: Uint16Array, start: number, end: number): number {
  let before = codePointAt(units, start);
  let at = start + width(before);
  while (at < end) {
    const after = codePointAt(units, at);
    if (!together(before, after)) break;
    before = after;
    at += width(after);
  }
  return at;
}

/** Whether a character may form a cluster with an adjacent one that does not. */
export function clings(codePoint: number): boolean {
  const kind = hangulKind(codePoint);
  return codePoint < 0x20 || graphemeClass(codePoint) > CONTROL || kind === "L" || kind === "V" || kind === "T";
}

function together(before: number, after: number): boolean {
  if (before === 0x0d && after === 0x0a) return true;
  if (before >= 0x20 && before < 0x7f && after >= 0x20 && after < 0x7f) return false;
  const first = graphemeClass(before);
  const second = graphemeClass(after);
  if (first === CONTROL || second === CONTROL) return false;
  if (second === EXTEND || first === PREPEND) return true;
  return hangul(before, after);
}

/** Letters of one Korean syllable: a leading consonant, vowels, trailing consonants. */
function hangul(before: number, after: number): boolean {
  const first = hangulKind(before);
  const second = hangulKind(after);
  if (first === "L") return second !== "" && second !== "T";
  if (first === "LV" || first === "V") return second === "V" || second === "T";
  return (first === "LVT" || first === "T") && second === "T";
}

function hangulKind(codePoint: number): "" | "L" | "V" | "T" | "LV" | "LVT" {
  if (codePoint >= 0xac00 && codePoint <= 0xd7a3) return (codePoint - 0xac00) % 28 === 0 ? "LV" : "LVT";
  if ((codePoint >= 0x1100 && codePoint <= 0x115f) || (codePoint >= 0xa960 && codePoint <= 0xa97c)) return "L";
  if ((codePoint >= 0x1160 && codePoint <= 0x11a7) || (codePoint >= 0xd7b0 && codePoint <= 0xd7c6)) return "V";
  return (codePoint >= 0x11a8 && codePoint <= 0x11ff) || (codePoint >= 0xd7cb && codePoint <= 0xd7fb) ? "T" : "";
}
