/** Strings of JSON, as their bytes or as UTF-16 units. What is written in any unusual way is left to others. */

export const QUOTE: u32 = 0x22;
const BACKSLASH: u32 = 0x5c;

/** Where the character at work begins; in the end its last byte. */
let at: usize = 0;
/** The end of what the last string was written to. */
export let outEnd: usize = 0;

// @ts-ignore: decorator
@inline export function skipSpace(p: usize): usize {
  while (load<u8>(p) == 0x20 || load<u8>(p) == 0x0a) p++;
  return p;
}

/** Read the string whose text begins at `p`, its UTF-8 to `out` on; returns its closing quote, 0 where others must judge. */
export function readBytes(p: usize, out: usize): usize {
  for (let c: u32 = load<u8>(p); c != QUOTE; c = load<u8>(++p)) {
    if (c < 0x20) return 0;
    if (c != BACKSLASH) {
      store<u8>(out++, c);
      continue;
    }
    at = p;
    c = escaped();
    if (c == 0) return 0;
    p = at;
    out = writeUnit(c, out);
  }
  outEnd = out;
  return p;
}

/** A unit as UTF-8. */
function writeUnit(unit: u32, out: usize): usize {
  if (unit < 0x80) {
    store<u8>(out, unit);
    return out + 1;
  }
  if (unit < 0x800) {
    store<u8>(out, 0xc0 | (unit >> 6));
    store<u8>(out, 0x80 | (unit & 0x3f), 1);
    return out + 2;
  }
  store<u8>(out, 0xe0 | (unit >> 12));
  store<u8>(out, 0x80 | ((unit >> 6) & 0x3f), 1);
  store<u8>(out, 0x80 | (unit & 0x3f), 2);
  return out + 3;
}

/** Read the string whose quote stands at `p`, its units to `out` on; returns the byte behind it, 0 where others must judge. */
export function readUnits(p: usize, out: usize): usize {
  if (load<u8>(p) != QUOTE) return 0;
  for (let c: u32 = load<u8>(++p); c != QUOTE; c = load<u8>(++p)) {
    if (c - 0x20 >= 0x60 || c == BACKSLASH) {
      at = p;
      c = c == BACKSLASH ? escaped() : beyondASCII(c);
      if (c - 1 >= 0xffff) return 0; // pairs of surrogates are rare
      p = at;
    }
    store<u16>(out, c);
    out += 2;
  }
  outEnd = out;
  return p + 1;
}

/** The character of two to four bytes that begin with `first`; 0 for what is no character. */
function beyondASCII(first: u32): u32 {
  if (first < 0xc2) return 0;
  const second = <u32>load<u8>(at, 1) ^ 0x80;
  if (second >= 0x40) return 0;
  at++;
  if (first < 0xe0) return ((first & 0x1f) << 6) | second;
  const third = <u32>load<u8>(at, 1) ^ 0x80;
  if (third >= 0x40) return 0;
  at++;
  if (first < 0xf0) {
    const unit = ((first & 0x0f) << 12) | (second << 6) | third;
    return unit < 0x800 || isSurrogate(unit) ? 0 : unit;
  }
  const fourth = <u32>load<u8>(at, 1) ^ 0x80;
  const codePoint = ((first & 0x0f) << 18) | (second << 12) | (third << 6) | fourth;
  if (fourth >= 0x40 || codePoint - 0x10000 >= 0x100000) return 0;
  at++;
  return codePoint;
}

/** The unit that is written after a backslash as itself or in four digits; 0 for every other way. */
function escaped(): u32 {
  const character: u32 = load<u8>(++at);
  if (character == QUOTE || character == BACKSLASH || character == 0x2f) return character;
  if (character != 0x75) return 0;
  let unit: u32 = 0;
  for (const last = at + 4; at < last; ) {
    const digit: u32 = load<u8>(++at);
    const letter = (digit | 0x20) - 0x61;
    if (digit - 0x30 > 9 && letter > 5) return 0;
    unit = (unit << 4) | (letter <= 5 ? letter + 10 : digit - 0x30);
  }
  return isSurrogate(unit) ? 0 : unit;
}

function isSurrogate(unit: u32): bool {
  return (unit & 0xf800) == 0xd800;
}
