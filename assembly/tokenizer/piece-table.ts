/**
 * The tables of pieces that are found as a whole, as sdk/tokenizer/piece-table.ts and encoded-pieces.ts have them: their text
 * in UTF-8, where each ends, and the chains of a hash table.
 */
import { hashOf } from "./piece-hash";
import { isUTF8 } from "./utf8";
import { TABLES, WINDOW } from "./window";

/** For each chain its last entry. */
export const heads: usize = TABLES;
/** For each piece the entry before it in its chain; where it ends; and how many bytes it has, as the compact form says. */
export let next: usize = 0;
export let ends: usize = 0;
export let lengths: usize = 0;
/** The text of the pieces. */
export let bytes: usize = 0;
/** Room for what is read beside them; see merges.ts. */
export let beside: usize = 0;
/** The number of chains - 1, and the bits of a hash that stand beside an id. */
let mask: u32 = 0;
let tags: u32 = 0;

/** Bytes of the longest piece so far. */
export let longest: u32 = 0;

/** Bytes of the room beside, and some that are read behind what is there. */
const BESIDE: usize = 4 * WINDOW + 32;

/** Lengths of this many bytes go on. */
const MORE: u32 = 255;

/**
 * Make room for the tables of `pieces` pieces of `length` bytes together, in `places` chains; says whether there is any.
 *
 * @param tag the bits of a hash that stand beside an id
 */
export function makeRoom(pieces: u32, length: u32, places: u32, tag: u32): bool {
  mask = places - 1;
  tags = tag;
  next = heads + (<usize>places << 2);
  ends = next + (<usize>pieces << 2);
  lengths = ends + (<usize>pieces << 2);
  bytes = (lengths + pieces + 31) & ~15; // behind zeros
  beside = (bytes + length + 31) & ~15; // sixteen bytes are written at once
  const missing = <i32>((beside + BESIDE + 0xffff) >>> 16) - memory.size();
  return missing <= 0 || memory.grow(missing) >= 0;
}

/**
 * Enter pieces with the ids 0, 1, 2 and so on, whose text and lengths stand in their tables.
 *
 * @param count how many lengths there are: a piece has the sum of those up to one below 255
 * @param length bytes of the text
 * @returns how many pieces there are; -1 where text and lengths do not belong together
 */
export function enterPieces(count: u32, length: u32): i32 {
  const stop = bytes + length;
  if (!isUTF8(bytes, stop)) return -1;
  let text = bytes;
  let piece: u32 = 0;
  let id: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const part: u32 = load<u8>(lengths + i);
    piece += part;
    if (piece > <u32>(stop - text)) return -1;
    if (part == MORE) continue;
    enter(id++, text, piece);
    text += piece;
    piece = 0;
    if ((load<u8>(text) & 0xc0) == 0x80) return -1; // not where a whole character begins
  }
  return piece == 0 && text == stop ? id : -1;
}

/** Where a hash stands, as in sdk/tokenizer/piece-table.ts. */
// @ts-ignore: decorator
@inline function placeOf(hash: u32): u32 {
  return (hash ^ (hash >>> 15)) & mask;
}

/** Enter a piece whose text stands in `bytes`. */
// @ts-ignore: decorator
@inline export function enter(id: u32, text: usize, length: u32): void {
  longest = max(longest, length);
  const piece = <usize>id << 2;
  const hash = hashOf(text, length);
  store<u32>(ends + piece, <u32>(text - bytes) + length);
  const head = heads + (<usize>placeOf(hash) << 2);
  store<u32>(next + piece, load<u32>(head));
  store<u32>(head, (hash & tags) | (id + 1));
}

/** The id of the piece that stands at `text`, or -1. */
export function find(text: usize, length: u32): i32 {
  const hash = hashOf(text, length);
  let entry = load<u32>(heads + (<usize>placeOf(hash) << 2));
  while (entry != 0) {
    const id = (entry & ~tags) - 1;
    if (((entry ^ hash) & tags) == 0 && isPiece(id, text, length)) return id;
    entry = load<u32>(next + (<usize>id << 2));
  }
  return -1;
}

function isPiece(id: u32, text: usize, length: u32): bool {
  const end = ends + (<usize>id << 2);
  const begin = id == 0 ? 0 : load<u32>(end - 4);
  if (load<u32>(end) - begin != length) return false;
  const piece = bytes + begin;
  for (let i: u32 = 0; i < length; i++) if (load<u8>(piece + i) != load<u8>(text + i)) return false;
  return true;
}
