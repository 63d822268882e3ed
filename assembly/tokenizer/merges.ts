/** Merges of byte-pair encoding, `"left right",` or `["left","right"],`, and the ids of their pieces. */
import { outEnd, QUOTE, readBytes, skipSpace } from "./json-strings";
import { beside, find } from "./piece-table";
import { beginText, readUpTo, TEXT, WINDOW } from "./window";

const OPEN: u32 = 0x5b;
const CLOSE: u32 = 0x5d;
const COMMA: u32 = 0x2c;

/**
 * Read merges `"left right",` or `["left","right"],` up to one that is written in another way, is not whole or has a piece
 * that is not in the table. Their ids stand in `beside`: three numbers each, for the left, the right and the joined piece.
 *
 * @param length bytes of the text, at most WINDOW
 * @returns how many were read
 */
export function readMerges(length: u32): u32 {
  if (!beginText(length)) return 0;
  const work = workAt();
  let text = TEXT;
  let count: u32 = 0;
  let closing: u32 = 0;
  while (closing == 0) {
    let p = skipSpace(text);
    p = load<u8>(p) == OPEN ? readPair(p + 1) : readSpaced(p);
    if (p == 0) break;
    p = skipSpace(p);
    const last = load<u8>(p) == CLOSE;
    if (!last && load<u8>(p) != COMMA) break;

    const left = find(work, <u32>(leftEnd - work));
    const right = find(rightBegin, <u32>(outEnd - rightBegin));
    memory.copy(leftEnd, rightBegin, outEnd - rightBegin);
    const joined = find(work, <u32>(outEnd - rightBegin + leftEnd - work));
    if ((left | right | joined) < 0) break;
    const merge = beside + 12 * <usize>count;
    count++;
    store<u32>(merge, left);
    store<u32>(merge, right, 4);
    store<u32>(merge, joined, 8);
    closing = <u32>last;
    text = last ? p : p + 1;
  }
  readUpTo(text, closing);
  return count;
}

/** The pieces of the merge at work stand behind the ids, which take twelve bytes for four of text, `" ",`, at least. */
// @ts-ignore: decorator
@inline function workAt(): usize {
  return beside + 3 * WINDOW;
}

/** Where the left piece of the merge at work ends, and the right one begins; this ends at `outEnd`. */
let leftEnd: usize = 0;
let rightBegin: usize = 0;

/** Read `"left right"`, whose quote stands at `p`; returns the byte behind it, 0 where others must judge. */
function readSpaced(p: usize): usize {
  const work = workAt();
  if (load<u8>(p) != QUOTE) return 0;
  p = readBytes(p + 1, work);
  if (p == 0) return 0;
  leftEnd = work;
  while (leftEnd < outEnd && load<u8>(leftEnd) != 0x20) leftEnd++;
  rightBegin = leftEnd + 1;
  for (let other = rightBegin; other < outEnd; other++) if (load<u8>(other) == 0x20) return 0;
  return leftEnd < outEnd ? p + 1 : 0;
}

/** Read `"left","right"]` from `p` on; returns the byte behind it, 0 where others must judge. */
function readPair(p: usize): usize {
  p = skipSpace(p);
  if (load<u8>(p) != QUOTE) return 0;
  p = readBytes(p + 1, workAt());
  if (p == 0) return 0;
  leftEnd = outEnd;
  rightBegin = outEnd;
  p = skipSpace(p + 1);
  if (load<u8>(p) != COMMA) return 0;
  p = skipSpace(p + 1);
  if (load<u8>(p) != QUOTE) return 0;
  p = readBytes(p + 1, rightBegin);
  if (p == 0) return 0;
  p = skipSpace(p + 1);
  return load<u8>(p) == CLOSE ? p + 1 : 0;
}
