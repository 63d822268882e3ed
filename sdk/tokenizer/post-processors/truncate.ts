/**
 * Truncation: which tokens of a text and of its pair are kept, and which windows hold the rest.
 *
 *   parts(10, 4, 1)    // [0,4) [3,7) [6,10): windows of 4 that share 1 token
 */
import { expect } from "../errors.js";
import type { Range } from "./template.js";

/** Truncation of a text or pair to a number of tokens. */
export interface Truncate {
  /** Maximum number of tokens, special tokens included. */
  readonly length: number;
  /** The text that is truncated: the longer of text and pair (default), or only one of them. */
  readonly strategy?: "longest-first" | "only-first" | "only-second";
  /** Number of tokens that adjacent windows share. */
  readonly stride?: number;
  /** The end that is cut off: "right" or "left". Defaults to the tokenizer's side in `encode`, to "right" in `windows`. */
  readonly direction?: "right" | "left";
}

/** Number of tokens kept of each text, after room for `added` special tokens. */
export function keep(lengths: readonly number[], added: number, truncate: Truncate): number[] {
  const { length, strategy = "longest-first" } = truncate;
  const limit = length - added;
  expect(
    Number.isInteger(length) && limit >= 0,
    `truncate: length must be a whole number of at least ${added}, the special tokens of the template; got ${length}`,
  );
  if (limit === 0) return lengths.map(() => 0);
  const total = lengths.reduce((sum, n) => sum + n, 0);
  if (total <= limit) return [...lengths];
  if (strategy === "longest-first") return lengths.length === 1 ? [limit] : shareOut(lengths[0]!, lengths[1]!, limit);

  const target = strategy === "only-first" ? 0 : 1;
  expect(target < lengths.length, `truncate: strategy only-second needs a pair`);
  const left = lengths[target]! - (total - limit);
  expect(
    left > 0,
    `truncate: ${strategy} cannot make room: ${total + added} tokens must become ${length}, but that text has only ${lengths[target]}. Is the other text too long?`,
  );
  return lengths.map((n, i) => (i === target ? left : n));
}

/** Truncate the longer text until both are equal, then both; with an odd limit the longer keeps one more. */
function shareOut(first: number, second: number, limit: number): number[] {
  const swap = first > second;
  let short = swap ? second : first;
  let long = short > limit ? short : Math.max(short, limit - short);
  if (short + long > limit) {
    short = Math.floor(limit / 2);
    long = short + (limit % 2);
  }
  return swap ? [long, short] : [short, long];
}

/** The windows of `total` tokens, at most `length` each: the first is the one that truncation keeps. */
export function parts(total: number, length: number, { stride = 0, direction = "right" }: Truncate): Range[] {
  if (length >= total) return [{ from: 0, to: total }];
  if (length === 0)
    return [
      { from: 0, to: 0 },
      { from: 0, to: total },
    ];
  expect(
    Number.isInteger(stride) && stride >= 0 && stride < length,
    `truncate: stride must be at least 0 and below the ${length} tokens that a window has room for, got ${stride}`,
  );
  const windows: Range[] = [];
  const step = length - stride;
  if (direction === "right") {
    for (let from = 0; ; from += step) {
      const to = Math.min(from + length, total);
      windows.push({ from, to });
      if (to === total) return windows;
    }
  }
  for (let to = total; ; to -= step) {
    const from = Math.max(0, to - length);
    windows.push({ from, to });
    if (from === 0) return windows;
  }
}

/**
 * All pairs of windows, in the reference's order: the two that are kept, then each further window of the text with each
 * of the pair, then the text's first with each further one of the pair.
 */
export function combine(first: readonly Range[], second: readonly Range[]): [Range, Range][] {
  const [a, ...restA] = first as [Range, ...Range[]];
  const [b, ...restB] = second as [Range, ...Range[]];
  const all: [Range, Range][] = [[a, b]];
  for (const other of restA) {
    all.push([other, b]);
    for (const another of restB) all.push([other, another]);
  }
  for (const another of restB) all.push([a, another]);
  return all;
}
