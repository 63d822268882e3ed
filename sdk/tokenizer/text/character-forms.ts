/**
 * What one character becomes: lower case, decompositions. The engine's own functions do the mapping, one character
 * at a time, but only for characters that the reference's tables know (see unicode.ts): what is stable there is stable
 * everywhere, and what newer engines add is left alone.
 */
import { COMPATIBLE, classOf, DECOMPOSES, LOWERS } from "./unicode.js";

type Form = "NFD" | "NFKD";

const decompositions = { NFD: new Map<number, readonly number[]>(), NFKD: new Map<number, readonly number[]>() };
const lowered = new Map<number, readonly number[]>();

/** The full decomposition of a code point, in canonical order: é -> e U+0301; null when it is the character itself. */
export function decomposition(codePoint: number, form: Form): readonly number[] | null {
  if ((classOf(codePoint) & (form === "NFD" ? DECOMPOSES : COMPATIBLE)) === 0) return null;
  return remember(decompositions[form], codePoint, (text) => text.normalize(form));
}

/** The lower case of one character without its context (Σ is always σ); null when it is the character itself. */
export function lowerCase(codePoint: number): readonly number[] | null {
  if ((classOf(codePoint) & LOWERS) === 0) return null;
  return remember(lowered, codePoint, (text) => text.toLowerCase());
}

function remember(
  known: Map<number, readonly number[]>,
  codePoint: number,
  map: (text: string) => string,
): readonly number[] {
  let result = known.get(codePoint);
  if (result === undefined) {
    result = [...map(String.fromCodePoint(codePoint))].map((character) => character.codePointAt(0)!);
    known.set(codePoint, result);
  }
  return result;
}
