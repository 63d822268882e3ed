/** The normalizers Replace, Prepend, Strip and Nmt. */
import { eachStretch, type Finder } from "../patterns/pattern.js";
import type { Normalizer } from "../steps.js";
import { isWhite } from "../text/unicode.js";

/** Every match becomes `content`, all of which has the range of the match's last character, as in the reference. */
export function replaceNormalizer(find: Finder, content: string): Normalizer {
  const written = [...content].map((character) => character.codePointAt(0)!);
  return (text, spare) => {
    if (text.length === 0 || find(text.units, 0, text.length, 0) === null) return text;
    text.align();
    spare.clear(text.base);
    const { base, starts, ends } = text;
    eachStretch(find, text, 0, text.length, (start, stop, matched) => {
      if (!matched) spare.append(text, start, stop);
      else if (stop === 0) for (const c of written) spare.push(c, base, base);
      else for (const c of written) spare.push(c, starts[stop - 1]!, ends[stop - 1]!);
    });
    return spare;
  };
}

/** Prepend a string to every section that is not empty, with the range of the first character. */
export function prependNormalizer(content: string): Normalizer {
  return (text, spare) => {
    if (text.length === 0) return text;
    text.align();
    spare.clear(text.base);
    for (const character of content) spare.push(character.codePointAt(0)!, text.starts[0]!, text.ends[0]!);
    spare.append(text, 0, text.length);
    return spare;
  };
}

/** Strip white space on the left, the right or both. */
export function stripNormalizer(left: boolean, right: boolean): Normalizer {
  return (text, spare) => {
    let start = 0;
    let end = text.length;
    if (left) while (start < end && isWhite(text.units[start]!)) start++;
    if (right) while (end > start && isWhite(text.units[end - 1]!)) end--;
    if (start === 0 && end === text.length) return text;
    spare.clear(text.base);
    text.align();
    spare.append(text, start, end);
    return spare;
  };
}

/** SentencePiece's nmt rules: control characters are removed, exotic spaces become spaces. */
export function nmtCharacter(c: number): readonly number[] {
  if ((c >= 1 && c <= 8) || c === 0xb || (c >= 0xe && c <= 0x1f) || c === 0x7f || c === 0x8f || c === 0x9f) return [];
  const space = [0x9, 0xa, 0xc, 0xd, 0x1680, 0x2028, 0x2029, 0x2581, 0xfeff, 0xfffd].includes(c);
  return space || (c >= 0x200b && c <= 0x200f) ? [32] : [c];
}
