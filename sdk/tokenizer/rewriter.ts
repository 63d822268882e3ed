/**
 * Rewriting with alignment, by the reference's bookkeeping (NormalizedString::transform_range): every character that is
 * written says whether it replaces the next source character (0), replaces it and swallows n more (-n), or is new (> 0),
 * and then shares the range of the source character before it.
 */
import type { Aligned } from "./aligned.js";
import { codePointAt, width } from "./unicode.js";

export class Rewriter {
  private source = 0;

  /** `to` must be another buffer than `from`. */
  constructor(
    private readonly from: Aligned,
    private readonly to: Aligned,
  ) {
    from.align();
    to.clear(from.base);
  }

  write(codePoint: number, change: number): void {
    const { from, to } = this;
    if (change > 0) {
      if (this.source > 0) to.push(codePoint, from.starts[this.source - 1]!, from.ends[this.source - 1]!);
      else to.push(codePoint, from.base, from.base);
      return;
    }
    to.push(codePoint, from.starts[this.source]!, from.ends[this.source]!);
    this.skip(1 - change);
  }

  /** Pass over source characters without writing any. */
  skip(characters: number): void {
    for (let i = 0; i < characters && this.source < this.from.length; i++)
      this.source += width(codePointAt(this.from.units, this.source));
  }
}
