/** The merges of byte-pair encoding by the ids of their pieces: left, right and joined, three numbers each, in order of rank. */
import { decodeUnits, grown } from "./aligned.js";
import { brief, TokenizerError } from "./errors.js";
import type { PiecePool } from "./piece-pool.js";
import type { Vocabulary } from "./vocabulary.js";

export class MergeIds {
  /** How many merges there are. */
  count = 0;
  private numbers: Int32Array;
  /** Units of the joined piece at work. */
  private joined = new Uint16Array(256);

  /**
   * @param prefix what marks the right piece as continuing a word, and falls away when it is joined
   * @param expected how many merges; more are taken as needed
   */
  constructor(
    private readonly vocabulary: Vocabulary,
    private readonly prefix: string,
    expected: number,
  ) {
    this.numbers = new Int32Array(3 * expected);
  }

  /** Add a merge of units [left, leftEnd) and [right, end). */
  add(units: Uint16Array, left: number, leftEnd: number, right: number, end: number): void {
    const { prefix } = this;
    const leftId = this.find(units, left, leftEnd);
    const rightId = this.find(units, right, end);
    if (prefix !== "" && decodeUnits(units, right, Math.min(end, right + prefix.length)) === prefix)
      right += prefix.length;
    const length = leftEnd - left + end - right;
    if (length > this.joined.length) this.joined = new Uint16Array(2 * length);
    const { joined } = this;
    let at = 0;
    for (let i = left; i < leftEnd; i++) joined[at++] = units[i]!;
    for (let i = right; i < end; i++) joined[at++] = units[i]!;
    const joinedId = this.find(joined, 0, length);
    this.reserve(1);
    const merge = 3 * this.count++;
    this.numbers[merge] = leftId;
    this.numbers[merge + 1] = rightId;
    this.numbers[merge + 2] = joinedId;
  }

  /** Add merges whose ids are known. */
  append(ids: Int32Array): void {
    this.reserve(ids.length / 3);
    this.numbers.set(ids, 3 * this.count);
    this.count += ids.length / 3;
  }

  private reserve(more: number): void {
    const needed = 3 * (this.count + more);
    if (needed > this.numbers.length)
      this.numbers = grown(this.numbers, new Int32Array(Math.max(needed, 2 * this.numbers.length)));
  }

  get ids(): Int32Array {
    return this.numbers.slice(0, 3 * this.count);
  }

  private find(units: Uint16Array, start: number, end: number): number {
    const id = this.vocabulary.idOf(units, start, end);
    if (id < 0)
      throw new TokenizerError(
        `model.merges[${this.count}]: ${brief(decodeUnits(units, start, end))} is missing from the vocabulary`,
      );
    return id;
  }
}

/** @param merges left and right pieces, one after another, in order of rank */
export function mergeIds(vocabulary: Vocabulary, merges: PiecePool, prefix: string): Int32Array {
  const count = merges.size >> 1;
  const ids = new MergeIds(vocabulary, prefix, count);
  const { units, begins, ends } = merges;
  for (let i = 0; i < 2 * count; i += 2) ids.add(units, begins[i]!, ends[i]!, begins[i + 1]!, ends[i + 1]!);
  return ids.ids;
}
