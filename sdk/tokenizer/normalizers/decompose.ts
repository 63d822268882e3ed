/**
 * Normal forms D and KD with alignment, as in the reference: characters are replaced by their decompositions, marks
 * are put in canonical order, and the first part of each decomposition takes the alignment of the next source character,
 * in order. So reordered marks do not take their alignments along: the n-th source character's range goes to the n-th.
 */
import { decomposition } from "../text/character-forms.js";
import type { NormalizedString } from "../text/normalized-string.js";
import { Rewriter } from "../text/rewriter.js";
import { codePointAt, combiningClass, UNSEEN, unseenTable, width } from "../text/unicode.js";

/** Write the decomposed `text` to `spare` and return it; or return `text` when nothing decomposes or moves. */
export function decompose(text: NormalizedString, spare: NormalizedString, form: "NFD" | "NFKD"): NormalizedString {
  if (!affected(text, form)) return text;
  const rewriter = new Rewriter(text, spare);
  eachDecomposed(text, form, (codePoint, change) => rewriter.write(codePoint, change));
  return spare;
}

/** Call `out` with the characters of the decomposed text, each with its change (see Rewriter). */
export function eachDecomposed(
  text: NormalizedString,
  form: "NFD" | "NFKD",
  out: (codePoint: number, change: number) => void,
): void {
  const pending = new Pending(out);
  for (let at = 0; at < text.length; ) {
    const codePoint = codePointAt(text.units, at);
    const parts = decomposition(codePoint, form);
    if (parts === null) pending.add(codePoint, 0);
    else for (let i = 0; i < parts.length; i++) pending.add(parts[i]!, i === 0 ? 0 : 1);
    at += width(codePoint);
  }
  pending.flush();
}

/** By UTF-16 unit: whether it decomposes or may be reordered, computed when a unit first occurs. */
const kinds: { NFD?: Uint8Array; NFKD?: Uint8Array } = {};
const SETTLED = 0;
const AFFECTED = 1;

function affected({ units, length }: NormalizedString, form: "NFD" | "NFKD"): boolean {
  const table = (kinds[form] ??= unseenTable());
  for (let at = 0; at < length; at++) {
    const kind = table[units[at]!]!;
    if (kind === SETTLED) continue;
    if (kind === AFFECTED) return true;
    const codePoint = codePointAt(units, at);
    const moves = combiningClass(codePoint) !== 0 || decomposition(codePoint, form) !== null;
    if (kind === UNSEEN) table[codePoint] = moves ? AFFECTED : SETTLED;
    if (moves) return true;
    at += width(codePoint) - 1;
  }
  return false;
}

/** A run of marks to be sorted; it ends at the next character of class 0. */
class Pending {
  private codePoints: number[] = [];
  private changes: number[] = [];
  private classes: number[] = [];

  constructor(private readonly out: (codePoint: number, change: number) => void) {}

  add(codePoint: number, change: number): void {
    const order = combiningClass(codePoint);
    if (order === 0) {
      this.flush();
      this.out(codePoint, change);
      return;
    }
    this.codePoints.push(codePoint);
    this.changes.push(change);
    this.classes.push(order);
  }

  flush(): void {
    const count = this.codePoints.length;
    if (count === 0) return;
    // Canonical ordering needs a stable sort; a merge sort handles a million marks in a row.
    const order = Array.from({ length: count }, (_, i) => i).sort((a, b) => this.classes[a]! - this.classes[b]!);
    for (const i of order) this.out(this.codePoints[i]!, this.changes[i]!);
    this.codePoints = [];
    this.changes = [];
    this.classes = [];
  }
}
