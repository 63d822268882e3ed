/**
 * Entries of a vocabulary in JSON, `"piece":12,`, read into tables: the units of the pieces one after another, where each
 * piece ends, its hash (Fowler, Noll and Vo's, over UTF-16 units), and the chains of a hash table.
 *
 * A module of its own, less than a kilobyte, that cloze/tokenizer carries: a program that has just started interprets its
 * JavaScript, and a hundred thousand pieces take several times as long that way. What is written in any unusual way is
 * left to the reader in JavaScript, which reads every entry where WebAssembly may not be compiled.
 */

/** Bytes of the text that are looked at in one call. */
export const WINDOW: usize = 1 << 15;
/** The text, and a zero behind it: no piece contains one, so that nothing is read beyond the end. */
export const TEXT: usize = 1024;
/** The units that were read: at most one for each byte. */
export const UNITS: usize = TEXT + WINDOW + 16;
// Tables of 32-bit numbers, one for each entry, which takes five bytes of the text or more: for each piece where it ends,
// its hash, and the id + 1 of the piece before it in its chain, or 0.
const ENTRIES: usize = (4 * (WINDOW / 5) + 15) & ~15;
export const ENDS: usize = UNITS + 2 * WINDOW;
export const HASHES: usize = ENDS + ENTRIES;
export const NEXT: usize = HASHES + ENTRIES;
/** For each chain the id + 1 of its last piece, or 0. They stay from call to call. */
export const HEADS: usize = NEXT + ENTRIES;

const QUOTE: u32 = 0x22;
const BACKSLASH: u32 = 0x5c;
const BASIS: u32 = 0x811c9dc5;
const PRIME: u32 = 0x01000193;

/** How many bytes of the text were read in the last call, how many units they gave, and the units of the longest piece. */
export let bytesRead: u32 = 0;
export let unitsRead: u32 = 0;
export let longest: u32 = 0;

/** Where the character at work begins; in the end its last byte. */
let at: usize = 0;

/**
 * Read entries with the ids `id`, `id + 1` and so on, up to one that is written in another way or is not whole.
 *
 * @param length bytes of the text, at most WINDOW
 * @param used units before these, from which ends are counted
 * @param most how many entries to read at most
 * @param mask number of chains - 1; see `placeOf` in sdk/tokenizer/piece-table.ts
 * @returns how many were read
 */
export function readEntries(length: u32, id: u32, used: u32, most: u32, mask: u32): u32 {
  let text = TEXT;
  let units = UNITS;
  let count: u32 = 0;
  longest = 0;
  store<u8>(TEXT + length, 0);
  for (; count < most; count++) {
    let p = text;
    let c: u32 = load<u8>(p);
    while (c == 0x20 || c == 0x0a) c = load<u8>(++p);
    if (c != QUOTE) break;

    let u = units;
    let hash = BASIS;
    for (c = load<u8>(++p); c != QUOTE; c = load<u8>(++p)) {
      if (c - 0x20 >= 0x60 || c == BACKSLASH) {
        at = p;
        c = c == BACKSLASH ? escaped() : beyondASCII(c);
        if (c == 0) break;
        p = at;
      }
      store<u16>(u, c);
      u += 2;
      hash = (hash ^ c) * PRIME;
    }
    if (c != QUOTE || load<u8>(++p) != 0x3a) break;

    if (load<u8>(++p) == 0x20) p++;
    let value: u32 = 0;
    const digits = p;
    for (c = <u32>load<u8>(p) - 0x30; c <= 9; c = <u32>load<u8>(++p) - 0x30) value = 10 * value + c;
    const width = <u32>(p - digits);
    if (c != 0x2c - 0x30 || value != id || width - 1 > 8 || (width > 1 && load<u8>(digits) == 0x30)) break;

    text = p + 1;
    longest = max(longest, <u32>(u - units) >> 1);
    units = u;
    const entry = <usize>count << 2;
    store<u32>(entry + ENDS, used + (<u32>(u - UNITS) >> 1));
    store<u32>(entry + HASHES, hash);
    const head = HEADS + (<usize>((hash ^ (hash >>> 15)) & mask) << 2);
    store<u32>(entry + NEXT, load<u32>(head));
    store<u32>(head, ++id);
  }
  bytesRead = <u32>(text - TEXT);
  unitsRead = <u32>(units - UNITS) >> 1;
  return count;
}

/** The unit of two or three bytes that begin with `first`; 0 for surrogate pairs and for what is no character. */
function beyondASCII(first: u32): u32 {
  if (first < 0xc2 || first >= 0xf0) return 0;
  const second = <u32>load<u8>(at, 1) ^ 0x80;
  if (second >= 0x40) return 0;
  at++;
  if (first < 0xe0) return ((first & 0x1f) << 6) | second;
  const third = <u32>load<u8>(at, 1) ^ 0x80;
  const unit = ((first & 0x0f) << 12) | (second << 6) | third;
  if (third >= 0x40 || unit < 0x800 || isSurrogate(unit)) return 0;
  at++;
  return unit;
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
