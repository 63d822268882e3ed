/**
 * The forms of single characters: lower case and decompositions. The engine's own functions map one character at a time, and
 * only characters that the reference's tables know (see unicode.ts). Unicode guarantees that the decompositions and cases of
 * those never change in later versions; additions of newer versions are ignored.
 */
import { CONTROL, classOf, RECENT } from "./unicode.js";

type Form = "NFD" | "NFKD";

const decompositions = { NFD: new Map<number, readonly number[]>(), NFKD: new Map<number, readonly number[]>() };
const lowered = new Map<number, readonly number[]>();
/** By UTF-16 unit: whether it decomposes, once that is known. */
const kinds: { NFD?: Uint8Array; NFKD?: Uint8Array } = {};
/** Capitals of Unicode 16 and 17, which older engines do not know: first, last, and distance to their lower case. */
const RECENT_CAPITALS: readonly (readonly [number, number, number])[] = [
  [0x1c89, 0x1c89, 1],
  [0xa7cb, 0xa7cb, -0xa567],
  [0xa7cc, 0xa7cc, 1],
  [0xa7ce, 0xa7ce, 1],
  [0xa7d2, 0xa7d2, 1],
  [0xa7d4, 0xa7d4, 1],
  [0xa7da, 0xa7da, 1],
  [0xa7dc, 0xa7dc, -0xa641],
  [0x10d50, 0x10d65, 32],
  [0x16ea0, 0x16eb8, 27],
];
const UNCHANGED = 1;
const CHANGED = 2;

/** The full decomposition of a code point in canonical order, é -> e U+0301; null when it is the character itself. */
export function decomposition(codePoint: number, form: Form): readonly number[] | null {
  if (codePoint < 0xa0) return null;
  const table = (kinds[form] ??= new Uint8Array(0x10000));
  const kind = table[codePoint];
  if (kind === UNCHANGED) return null;
  if (kind !== CHANGED) {
    const changed = decomposes(codePoint, form);
    if (codePoint <= 0xffff) table[codePoint] = changed ? CHANGED : UNCHANGED;
    if (!changed) return null;
  }
  return remember(decompositions[form], codePoint, (text) => text.normalize(form));
}

function decomposes(codePoint: number, form: Form): boolean {
  if (!isKnown(codePoint) || (classOf(codePoint) & RECENT) !== 0) return false;
  const text = String.fromCodePoint(codePoint);
  return text.normalize(form) !== text;
}

/** The lower case of one character without its context (Σ is always σ); null when it is the character itself. */
export function lowerCase(codePoint: number): readonly number[] | null {
  for (const [first, last, distance] of RECENT_CAPITALS)
    if (codePoint >= first && codePoint <= last) return [codePoint + distance];
  if (!isKnown(codePoint)) return null;
  const lower = remember(lowered, codePoint, (text) => text.toLowerCase());
  // A newer version of Unicode may add the lower case of a letter that had none.
  return lower[0] === codePoint || !lower.every(isKnown) ? null : lower;
}

/** Whether the reference's tables have a mapping of the character. */
function isKnown(codePoint: number): boolean {
  const classes = classOf(codePoint);
  return classes !== 0 && (classes & CONTROL) === 0;
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
