/** Normalizers that map characters one by one, whatever is next to them: lower case, removal of marks, … */
import type { Normalizer } from "../steps.js";
import type { NormalizedString } from "../text/normalized-string.js";
import { codePointAt } from "../text/unicode.js";

/** Entries of the table of units, both among the surrogates, to which no unit maps. */
const SPECIAL = 0xd800; // becomes none, two or more characters, or has not occurred yet
const PAIR = 0xd801; // half of a code point above U+FFFF

/** @param map the characters that one becomes; called once for each code point that occurs */
export function characterMap(map: (codePoint: number) => readonly number[]): Normalizer {
  const table = new Uint16Array(0x10000).fill(SPECIAL).fill(PAIR, 0xd800, 0xe000);
  const known = new Map<number, readonly number[]>();
  const mapped = (codePoint: number): readonly number[] => {
    let parts = known.get(codePoint);
    if (parts === undefined) {
      known.set(codePoint, (parts = map(codePoint)));
      if (codePoint <= 0xffff && parts.length === 1 && parts[0]! <= 0xffff) table[codePoint] = parts[0]!;
    }
    return parts;
  };

  return (text, spare) => {
    if (isUnchanged(text, table, mapped)) return text;
    text.align();
    spare.reserve(text.length + 8);
    spare.clear(text.base);
    const { units, starts, ends, length } = text;
    for (let at = 0; at < length; at++) {
      const entry = table[units[at]!]!;
      if (entry !== SPECIAL && entry !== PAIR) {
        spare.push(entry, starts[at]!, ends[at]!);
        continue;
      }
      const codePoint = codePointAt(units, at);
      for (const part of mapped(codePoint)) spare.push(part, starts[at]!, ends[at]!);
      if (codePoint > 0xffff) at++;
    }
    return spare;
  };
}

function isUnchanged({ units, length }: NormalizedString, table: Uint16Array, learn: (unit: number) => void): boolean {
  for (let at = 0; at < length; at++) {
    const unit = units[at]!;
    if (table[unit] === unit) continue;
    if (table[unit] === SPECIAL) learn(unit);
    if (table[unit] !== unit) return false;
  }
  return true;
}
