/** The merges of byte-pair encoding by the ids of their pieces. */
import { shown } from "../../errors.js";
import { TokenizerError } from "../errors.js";
import { decodeUnits } from "../text/buffers.js";
import type { PiecePool } from "../vocabulary/piece-pool.js";
import type { Vocabulary } from "../vocabulary/vocabulary.js";

/**
 * Left, right and joined id of each merge, three numbers each, in order of rank.
 *
 * @param merges left and right pieces, one after another, in order of rank
 * @param prefix marks a right piece that continues a word, and is dropped when the two are joined
 */
export function mergeIds(vocabulary: Vocabulary, merges: PiecePool, prefix: string): Int32Array {
  const { units, begins, ends } = merges;
  const ids = new Int32Array(3 * (merges.size >> 1));
  let joined = new Uint16Array(256);
  const find = (text: Uint16Array, start: number, end: number, rank: number): number => {
    const id = vocabulary.idOf(text, start, end);
    if (id >= 0) return id;
    const piece = shown(decodeUnits(text, start, end));
    throw new TokenizerError(`model.merges[${rank}]: ${piece} is missing from the vocabulary`);
  };
  for (let rank = 0; rank < merges.size >> 1; rank++) {
    const left = begins[2 * rank]!;
    const leftEnd = ends[2 * rank]!;
    const end = ends[2 * rank + 1]!;
    let right = begins[2 * rank + 1]!;
    ids[3 * rank] = find(units, left, leftEnd, rank);
    ids[3 * rank + 1] = find(units, right, end, rank);
    if (prefix !== "" && decodeUnits(units, right, Math.min(end, right + prefix.length)) === prefix)
      right += prefix.length;
    const length = leftEnd - left + end - right;
    if (length > joined.length) joined = new Uint16Array(2 * length);
    let at = 0;
    for (let i = left; i < leftEnd; i++) joined[at++] = units[i]!;
    for (let i = right; i < end; i++) joined[at++] = units[i]!;
    ids[3 * rank + 2] = find(joined, 0, length, rank);
  }
  return ids;
}
