/** Normalizers that map characters one by one, whatever is next to them: lower case, removal of marks, … */
import type { Normalizer } from "../steps.js";
import type { NormalizedString } from "../text/normalized-string.js";
import { codePointAt } from "../text/unicode.js";

/** Entries of the table of units, both among the surrogates, to which no unit maps. */
const SPECIAL = 0xd800; // maps to none, two or more characters, or has not occurred yet
const PAIR = 0xd801; // half of a code point above U+FFFF

/** @param map the replacement of a code point; called once for each that occurs */
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

function isUnchanged(text: NormalizedString, table: Uint16Array, learn: (unit: number) => void): boolean {
  const { units, length } = text;
  for (let at = firstChanged(text, table, 0); at < length; at = firstChanged(text, table, at)) {
    if (table[units[at]!] === SPECIAL) learn(units[at]!);
    if (table[units[at]!] !== units[at]) return false;
  }
  return true;
}

/** The first unit from `at` on that the table does not map to itself. A loop without calls runs several times faster. */
function firstChanged({ units, length }: NormalizedString, table: Uint16Array, at: number): number {
  while (at < length && table[units[at]!] === units[at]) at++;
  return at;
}
