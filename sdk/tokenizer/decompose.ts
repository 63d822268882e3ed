/**
 * Normal forms D and KD with alignment, in the reference's way: characters are replaced by their decompositions, marks
 * are put in canonical order, and the first part of each decomposition takes the alignment of the next source character,
 * in order. So when marks change places their alignments stay: the n-th source character's range goes to the n-th.
 */
import type { Aligned } from "./aligned.js";
import { decomposition } from "./letters.js";
import { codePointAt, combiningClass, width } from "./unicode.js";

/** Write the decomposed `text` to `spare` and return it; or return `text` when nothing decomposes or moves. */
export function decompose(text: Aligned, spare: Aligned, form: "NFD" | "NFKD"): Aligned {
  if (!affected(text, form)) return text;
  text.align();
  spare.clear(text.base);
  const pending = new Pending(text, spare);
  for (let at = 0; at < text.length; ) {
    const codePoint = codePointAt(text.units, at);
    const parts = decomposition(codePoint, form);
    if (parts === null) pending.add(codePoint, true);
    else for (let i = 0; i < parts.length; i++) pending.add(parts[i]!, i === 0);
    at += width(codePoint);
  }
  pending.flush();
  return spare;
}

function affected(text: Aligned, form: "NFD" | "NFKD"): boolean {
  for (let at = 0; at < text.length; at++) {
    if (text.units[at]! < 0xa0) continue;
    const codePoint = codePointAt(text.units, at);
    if (combiningClass(codePoint) !== 0 || decomposition(codePoint, form) !== null) return true;
    if (codePoint > 0xffff) at++;
  }
  return false;
}

/** Marks that wait for their order: a run of them ends at the next character of class 0. */
class Pending {
  private codePoints: number[] = [];
  private firsts: boolean[] = [];
  private classes: number[] = [];
  private source = 0;

  constructor(
    private readonly from: Aligned,
    private readonly to: Aligned,
  ) {}

  add(codePoint: number, first: boolean): void {
    const order = combiningClass(codePoint);
    if (order === 0) {
      this.flush();
      this.emit(codePoint, first);
      return;
    }
    this.codePoints.push(codePoint);
    this.firsts.push(first);
    this.classes.push(order);
  }

  flush(): void {
    const count = this.codePoints.length;
    if (count === 0) return;
    // The sort is stable, as canonical ordering demands; a merge sort keeps a million marks in a row affordable.
    const order = Array.from({ length: count }, (_, i) => i).sort((a, b) => this.classes[a]! - this.classes[b]!);
    for (const i of order) this.emit(this.codePoints[i]!, this.firsts[i]!);
    this.codePoints = [];
    this.firsts = [];
    this.classes = [];
  }

  /** A first part takes the range of the next source character, a further part that of the one before. */
  private emit(codePoint: number, first: boolean): void {
    const { from, to } = this;
    if (first) {
      to.push(codePoint, from.starts[this.source]!, from.ends[this.source]!);
      this.source += width(codePointAt(from.units, this.source));
    } else if (this.source > 0) to.push(codePoint, from.starts[this.source - 1]!, from.ends[this.source - 1]!);
    else to.push(codePoint, from.base, from.base);
  }
}
