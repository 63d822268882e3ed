/**
 * Pieces of a vocabulary, entered into tables. They come as entries of JSON, `"piece":12,` or `["piece",-9.5],`, or as text
 * and the length of each.
 *
 * A module of its own, of less than six kilobytes, that cloze/tokenizer carries: a program that has just started interprets
 * its JavaScript, and a hundred thousand pieces take several times as long that way. Pieces that are found as a whole stay
 * UTF-8, as files have them; sixteen bytes are then read and hashed at once. What is written in any unusual way is left to
 * JavaScript, which does all of it where WebAssembly may not be compiled.
 */
export { readEntries } from "./entries";
export { readMerges } from "./merges";
export { beside, bytes, ends, enterPieces, heads, lengths, longest, makeRoom, next } from "./piece-table";
export { ENDS, readScores, SCORES, UNITS, unitsRead } from "./scores";
export { bytesRead, closed, TEXT, WINDOW } from "./window";
