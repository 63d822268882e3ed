/**
 * SentencePiece's precompiled character map: a double array of UTF-8 strings (Aoe 1989; the layout of the Darts library)
 * and the texts that they become. A cluster of characters is looked up whole if it is short, else one by one; the
 * shortest prefix that is a key decides for all of it. That is odd, but it is what every published model was made with.
 */
import type { Aligned } from "./aligned.js";
import { expect } from "./errors.js";
import { graphemeEnd } from "./graphemes.js";
import type { Normalizer } from "./normalize.js";
import { Rewriter } from "./rewriter.js";
import { codePointAt, width } from "./unicode.js";

/** Clusters of so many bytes are not looked up whole. */
const LONG = 6;

/** @param blob size of the array in bytes (u32), the array (u32 each, little-endian), then texts ended by zero bytes */
export function precompiledNormalizer(blob: Uint8Array): Normalizer {
  const map = new CharacterMap(blob);
  // What most text consists of, decided once: characters below U+0300 neither cling to others nor, mostly, change.
  const kept = Uint8Array.from({ length: 0x300 }, (_, c) => (c >= 0x20 && map.look([c]) === null ? 1 : 0));
  return (text, spare) => {
    if (unchanged(text, kept)) return text;
    return rewrite(text, spare, map) ? spare : text;
  };
}

function unchanged({ units, length }: Aligned, kept: Uint8Array): boolean {
  for (let i = 0; i < length; i++) if (units[i]! >= 0x300 || kept[units[i]!] === 0) return false;
  return true;
}

function rewrite(text: Aligned, spare: Aligned, map: CharacterMap): boolean {
  const { units, length } = text;
  const rewriter = new Rewriter(text, spare);
  let changed = false;
  for (let at = 0; at < length; ) {
    const end = graphemeEnd(units, at, length);
    const characters: number[] = [];
    for (let i = at; i < end && characters.length < LONG; i += width(characters.at(-1)!))
      characters.push(codePointAt(units, i));
    const whole = characters.length < LONG && byteLength(characters) < LONG ? map.look(characters) : null;
    if (whole !== null) {
      write(rewriter, whole, characters.length);
      changed = true;
    } else {
      for (let i = at; i < end; ) {
        const character = codePointAt(units, i);
        // A cluster of one character has just been looked up.
        const replacement = end - at === width(character) ? null : map.look([character]);
        if (replacement === null) rewriter.write(character, 0);
        else {
          write(rewriter, replacement, 1);
          changed = true;
        }
        i += width(character);
      }
    }
    at = end;
  }
  return changed;
}

/** Characters stand for those they replace one by one; what is left over is swallowed, or new. */
function write(rewriter: Rewriter, replacement: readonly number[], replaced: number): void {
  if (replacement.length === 0) rewriter.skip(replaced);
  for (const [i, character] of replacement.entries())
    rewriter.write(character, i === 0 ? Math.min(0, replacement.length - replaced) : i < replaced ? 0 : 1);
}

function byteLength(characters: readonly number[]): number {
  return characters.reduce((sum, c) => sum + (c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4), 0);
}

class CharacterMap {
  private readonly array: Uint32Array;
  private readonly texts: Uint8Array;
  private readonly known = new Map<number, readonly number[] | null>();

  constructor(blob: Uint8Array) {
    const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
    expect(blob.length >= 4, `precompiled character map: at least 4 bytes were expected, got ${blob.length}`);
    const size = view.getUint32(0, true);
    expect(
      size % 4 === 0 && size <= blob.length - 4,
      `precompiled character map: its table should have ${size} bytes, but only ${blob.length - 4} follow. Is it cut off?`,
    );
    this.array = Uint32Array.from({ length: size / 4 }, (_, i) => view.getUint32(4 + 4 * i, true));
    this.texts = blob.subarray(4 + size);
  }

  /** What characters become, or null when they are no key. */
  look(characters: readonly number[]): readonly number[] | null {
    if (characters.length !== 1) return this.search(new TextEncoder().encode(String.fromCodePoint(...characters)));
    const character = characters[0]!;
    let result = this.known.get(character);
    if (result === undefined) {
      result = this.search(new TextEncoder().encode(String.fromCodePoint(character)));
      this.known.set(character, result);
    }
    return result;
  }

  private search(bytes: Uint8Array): readonly number[] | null {
    const { array } = this;
    let node = offset(array[0] ?? 0);
    for (const byte of bytes) {
      if (byte === 0) return null;
      node ^= byte;
      const unit = array[node];
      if (unit === undefined || (unit & 0x800000ff) >>> 0 !== byte) return null;
      node ^= offset(unit);
      if ((unit & 0x100) !== 0) return this.text((array[node] ?? 0) & 0x7fffffff);
    }
    return null;
  }

  private text(begin: number): readonly number[] {
    let end = begin;
    while (end < this.texts.length && this.texts[end] !== 0) end++;
    return Array.from(new TextDecoder().decode(this.texts.subarray(begin, end)), (c) => c.codePointAt(0)!);
  }
}

function offset(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6);
}
