/** The text at work: as much of a file as one call looks at. */
import { isUTF8, wholeCharacters } from "./utf8";

/** Bytes of UTF-8 that are looked at in one call. */
export const WINDOW: usize = 1 << 15;
/** The UTF-8, and zeros behind it, which end what is not whole. Constants stand before it, from 1024 on. */
export const TEXT: usize = 2048;
/** Here begin the tables that it is read into. */
export const TABLES: usize = TEXT + WINDOW + 32;

/** How many bytes the last call read. */
export let bytesRead: u32 = 0;
/** 1 if it read the last one of a list, and the bracket behind that follows. */
export let closed: u32 = 0;

/** Begin with a text; a last character that is not whole is cut off. Says whether there is any, and all of it is UTF-8. */
export function beginText(length: u32): bool {
  readUpTo(TEXT, 0);
  const end = wholeCharacters(TEXT, TEXT + length);
  v128.store(end, i8x16.splat(0));
  return end > TEXT && isUTF8(TEXT, end);
}

/** Say what has been read. */
export function readUpTo(text: usize, last: u32): void {
  bytesRead = <u32>(text - TEXT);
  closed = last;
}
