/** Normal forms C and KC with alignment: decompose, then compose (Unicode Standard Annex 15). */
import { decomposition } from "../text/character-forms.js";
import type { NormalizedString } from "../text/normalized-string.js";
import { Rewriter } from "../text/rewriter.js";
import { combiningClass } from "../text/unicode.js";
import { eachDecomposed } from "./decompose.js";

/** Write the composed `text` to `spare` and return it. */
export function compose(text: NormalizedString, spare: NormalizedString, form: "NFC" | "NFKC"): NormalizedString {
  if (!mayChange(text)) return text;
  const rewriter = new Rewriter(text, spare);
  const composer = new Composer((codePoint, change) => rewriter.write(codePoint, change));
  eachDecomposed(text, form === "NFC" ? "NFD" : "NFKD", (codePoint, change) => composer.add(codePoint, change));
  composer.flush();
  return spare;
}

/** Characters below U+0300 that have no decomposition of any kind stay as they are. */
function mayChange({ units, length }: NormalizedString): boolean {
  for (let i = 0; i < length; i++) if (units[i]! >= 0xa0) return true;
  return false;
}

/** The last starter, and the marks after it that did not compose with it. */
class Composer {
  private codePoints: number[] = [];
  private changes: number[] = [];
  private lastClass = 0;

  constructor(private readonly out: (codePoint: number, change: number) => void) {}

  add(codePoint: number, change: number): void {
    const order = combiningClass(codePoint);
    const [starter] = this.codePoints;
    if (starter !== undefined && combiningClass(starter) === 0) {
      // A mark is blocked by another of the same or a higher class between it and the character.
      const blocked = this.codePoints.length > 1 && (this.lastClass >= order || order === 0);
      const joined = blocked ? undefined : composed(starter, codePoint);
      if (joined !== undefined) {
        this.codePoints[0] = joined;
        // A source character composed into the one before it counts as swallowed; an inserted one does not count.
        this.changes[0]! += change > 0 ? 0 : change - 1;
        return;
      }
    }
    if (order === 0) this.flush();
    this.codePoints.push(codePoint);
    this.changes.push(change);
    this.lastClass = order;
  }

  flush(): void {
    for (const [i, codePoint] of this.codePoints.entries()) this.out(codePoint, this.changes[i]!);
    this.codePoints = [];
    this.changes = [];
  }
}

const pairs = new Map<number, number | null>();

/** The canonical composition of two characters: e U+0301 -> é. */
function composed(first: number, second: number): number | undefined {
  const key = first * 0x110000 + second;
  let result = pairs.get(key);
  if (result === undefined) {
    const text = (String.fromCodePoint(first) + String.fromCodePoint(second)).normalize("NFC");
    const codePoint = text.codePointAt(0)!;
    // Only characters that the tables know: newer engines compose more.
    result = String.fromCodePoint(codePoint) === text && decomposition(codePoint, "NFD") !== null ? codePoint : null;
    pairs.set(key, result);
  }
  return result ?? undefined;
}
