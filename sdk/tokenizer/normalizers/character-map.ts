/** Normalisers that change characters one by one, whatever stands beside them: lower case, stripping of marks, … */
import type { Normalizer } from "../steps.js";
import type { NormalizedString } from "../text/normalized-string.js";
import { codePointAt, eachUnitRun } from "../text/unicode.js";

/** Entries of the table of units; both lie among the surrogates, which nothing maps to. */
const SPECIAL = 0xd800; // becomes none, two or more characters, or has not been looked at yet
const PAIR = 0xd801;

/**
 * @param touched classes of characters that may change; all others are left alone
 * @param map what a character becomes
 */
export function characterMap(touched: number, map: (codePoint: number) => readonly number[]): Normalizer {
  const table = new Uint16Array(0x10000);
  for (let unit = 0; unit < 0x10000; unit++) table[unit] = unit;
  eachUnitRun((start, end, classes) => {
    if ((classes & touched) !== 0) table.fill(SPECIAL, start, end);
  });
  table.fill(PAIR, 0xd800, 0xe000);
  const known = new Map<number, readonly number[]>();

  return (text, spare) => {
    if (unchanged(text, table)) return text;
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
      let parts = known.get(codePoint);
      if (parts === undefined) {
        known.set(codePoint, (parts = map(codePoint)));
        if (codePoint <= 0xffff && parts.length === 1 && parts[0]! <= 0xffff) table[codePoint] = parts[0]!;
      }
      for (const part of parts) spare.push(part, starts[at]!, ends[at]!);
      if (codePoint > 0xffff) at++;
    }
    return spare;
  };
}

function unchanged({ units, length }: NormalizedString, table: Uint16Array): boolean {
  for (let i = 0; i < length; i++) if (table[units[i]!] !== units[i]) return false;
  return true;
}
