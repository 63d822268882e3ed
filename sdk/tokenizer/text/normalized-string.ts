/**
 * Text on its way to the model: UTF-16 units, the range of the original text that each came from, and the words.
 * Buffers are reused and grow, so that texts of usual length allocate no memory.
 *
 * Unit i came from original units [starts[i], ends[i]). While nothing has been changed (`plain`) both arrays are
 * unused: unit i is the original unit base + i.
 */
import { decodeUnits, grown } from "./buffers.js";
export class NormalizedString {
  units = new Uint16Array(1024);
  starts = new Int32Array(1024);
  ends = new Int32Array(1024);
  length = 0;
  plain = true;
  /** Start of the section in the original text. */
  base = 0;
  /** Words as pairs [start, end) of units; `words` of them. */
  cuts = new Int32Array(256);
  words = 0;
  private next = new Int32Array(256);
  private fresh = 0;

  /** Make room for `length` units and their alignment. */
  reserve(length: number): void {
    if (length <= this.units.length) return;
    const size = Math.max(length, this.units.length * 2);
    this.units = grown(this.units, new Uint16Array(size));
    this.starts = grown(this.starts, new Int32Array(size));
    this.ends = grown(this.ends, new Int32Array(size));
  }

  /** Load units [start, end) of a string; an unpaired surrogate is read as U+FFFD. */
  load(text: string, start: number, end: number): void {
    const length = end - start;
    this.reserve(length);
    const units = this.units;
    let surrogates = 0;
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(start + i);
      units[i] = unit;
      if ((unit & 0xf800) === 0xd800) surrogates++;
    }
    if (surrogates > 0) repair(units, length);
    this.length = length;
    this.base = start;
    this.plain = true;
    this.words = 0;
  }

  /** Copy units [start, end) of another text, with their alignment. */
  copy(from: NormalizedString, start: number, end: number): void {
    const length = Math.max(0, end - start);
    this.reserve(length);
    this.units.set(from.units.subarray(start, start + length));
    this.length = length;
    this.base = from.startOf(start);
    this.plain = from.plain;
    this.words = 0;
    if (from.plain) return;
    this.starts.set(from.starts.subarray(start, start + length));
    this.ends.set(from.ends.subarray(start, start + length));
  }

  /** Clear the text for {@link push}; alignments will be explicit. */
  clear(base: number): void {
    this.length = 0;
    this.base = base;
    this.plain = false;
    this.words = 0;
  }

  /** Append one character that came from original units [start, end). */
  push(codePoint: number, start: number, end: number): void {
    if (this.length + 2 > this.units.length) this.reserve(this.length + 2);
    const at = this.length;
    this.starts[at] = start;
    this.ends[at] = end;
    if (codePoint <= 0xffff) {
      this.units[at] = codePoint;
      this.length = at + 1;
      return;
    }
    this.units[at] = 0xd7c0 + (codePoint >> 10);
    this.units[at + 1] = 0xdc00 + (codePoint & 0x3ff);
    this.starts[at + 1] = start;
    this.ends[at + 1] = end;
    this.length = at + 2;
  }

  /** Append units [start, end) of another text that is aligned. */
  append(from: NormalizedString, start: number, end: number): void {
    const at = this.length;
    this.reserve(at + end - start);
    this.units.set(from.units.subarray(start, end), at);
    this.starts.set(from.starts.subarray(start, end), at);
    this.ends.set(from.ends.subarray(start, end), at);
    this.length = at + end - start;
  }

  /** Make the alignment of unchanged text explicit, so that it can be copied unit by unit. */
  align(): void {
    if (!this.plain) return;
    const { units, starts, ends, base } = this;
    for (let i = 0; i < this.length; i++) {
      starts[i] = base + i;
      ends[i] = base + i + 1;
      if ((units[i]! & 0xfc00) === 0xdc00) {
        starts[i] = base + i - 1;
        ends[i - 1] = base + i + 1;
      }
    }
    this.plain = false;
  }

  /** Offset in the original text at which the unit's character starts. */
  startOf(at: number): number {
    return this.plain ? this.base + at : this.starts[at]!;
  }

  /** Offset in the original text at which the unit before `end` ends. */
  endOf(end: number): number {
    return this.plain ? this.base + end : this.ends[end - 1]!;
  }

  /** Make the whole text one word. */
  whole(): void {
    this.cuts[0] = 0;
    this.cuts[1] = this.length;
    this.words = this.length > 0 ? 1 : 0;
  }

  /** Add a word to the new list, unless it is empty. {@link recut} makes that list the current one. */
  cut(start: number, end: number): void {
    if (start >= end) return;
    const at = 2 * this.fresh++;
    if (at + 2 > this.next.length) this.next = grown(this.next, new Int32Array(2 * this.next.length));
    this.next[at] = start;
    this.next[at + 1] = end;
  }

  recut(): void {
    const old = this.cuts;
    this.cuts = this.next;
    this.next = old;
    this.words = this.fresh;
    this.fresh = 0;
  }

  /** Units [start, end) as a string; not for hot paths. */
  slice(start = 0, end = this.length): string {
    return decodeUnits(this.units, start, end);
  }
}

/** Replace unpaired surrogates by U+FFFD: valid text has none, and no vocabulary can contain them. */
function repair(units: Uint16Array, length: number): void {
  for (let i = 0; i < length; i++) {
    const unit = units[i]!;
    if ((unit & 0xf800) !== 0xd800) continue;
    if (unit < 0xdc00 && i + 1 < length && (units[i + 1]! & 0xfc00) === 0xdc00) i++;
    else units[i] = 0xfffd;
  }
}
