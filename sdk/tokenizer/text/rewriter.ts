/**
 * Rewriting with alignment, as in the reference (NormalizedString::transform_range): every written character has a change. It
 * replaces the next source character (0), replaces it and swallows n more (-n), or is inserted (> 0) and then shares the
 * range of the source character before it.
 */
import type { NormalizedString } from "./normalized-string.js";
import { codePointAt, width } from "./unicode.js";

export class Rewriter {
  private source = 0;
  // The character written last, and the positions in both texts before it.
  private codePoint = -1;
  private change = 0;
  private sourceBefore = 0;
  private lengthBefore = 0;

  /** `to` must be another buffer than `from`. */
  constructor(
    private readonly from: NormalizedString,
    private readonly to: NormalizedString,
  ) {
    from.align();
    to.clear(from.base);
  }

  write(codePoint: number, change: number): void {
    const { from, to } = this;
    this.codePoint = codePoint;
    this.change = change;
    this.sourceBefore = this.source;
    this.lengthBefore = to.length;
    if (change > 0) {
      if (this.source > 0) to.push(codePoint, from.starts[this.source - 1]!, from.ends[this.source - 1]!);
      else to.push(codePoint, from.base, from.base);
      return;
    }
    to.push(codePoint, from.starts[this.source]!, from.ends[this.source]!);
    this.skip(1 - change);
  }

  /**
   * Let the character written last replace more source characters; a new one then replaces one fewer. Characters swallowed
   * before anything was written are lost, as in the reference: everything after them is aligned one place further left.
   */
  swallow(characters: number): void {
    if (this.codePoint < 0) return;
    this.source = this.sourceBefore;
    this.to.length = this.lengthBefore;
    this.write(this.codePoint, this.change - characters);
  }

  /** Skip source characters. */
  private skip(characters: number): void {
    for (let i = 0; i < characters && this.source < this.from.length; i++)
      this.source += width(codePointAt(this.from.units, this.source));
  }
}

/** Replace every character by others with the same alignment. Returns [result, the other buffer]. */
export function eachCharacter(
  from: NormalizedString,
  to: NormalizedString,
  map: (codePoint: number) => readonly number[],
): [NormalizedString, NormalizedString] {
  from.align();
  to.clear(from.base);
  for (let at = 0; at < from.length; ) {
    const codePoint = codePointAt(from.units, at);
    for (const part of map(codePoint)) to.push(part, from.starts[at]!, from.ends[at]!);
    at += width(codePoint);
  }
  return [to, from];
}
