/**
 * SentencePiece's precompiled character map: a double array of UTF-8 strings (Aoe 1989; the layout of the Darts library)
 * and their replacements. A short grapheme cluster is looked up whole, a longer one character by character; the shortest
 * prefix that is a key replaces all of it. This is odd, but published models were trained with it.
 */
import { expect } from "../errors.js";
import type { Normalizer } from "../steps.js";
import { clings, graphemeEnd } from "../text/graphemes.js";
import type { NormalizedString } from "../text/normalized-string.js";
import { Rewriter } from "../text/rewriter.js";
import { codePointAt, width } from "../text/unicode.js";
import { encodeCodePoint } from "../text/utf8.js";

/** Clusters of this many bytes or more are not looked up whole. */
const LONG = 6;

/** @param blob size of the array in bytes (u32), the array (u32 each, little-endian), then texts ended by zero bytes */
export function precompiledNormalizer(blob: Uint8Array): Normalizer {
  const map = new CharacterMap(blob);
  const kinds = new Uint8Array(0x10000);
  return (text, spare) => {
    if (unchanged(text, kinds, map)) return text;
    rewrite(text, spare, kinds, map);
    return spare;
  };
}

/** Kinds of units: 0 for not seen yet; unchanged, and in no cluster with another of this kind; any other. */
const SIMPLE = 1;
const INVOLVED = 2;

function kindOf(unit: number, kinds: Uint8Array, map: CharacterMap): number {
  const simple = (unit & 0xf800) !== 0xd800 && !clings(unit) && map.single(unit) === null;
  return (kinds[unit] = simple ? SIMPLE : INVOLVED);
}

function unchanged({ units, length }: NormalizedString, kinds: Uint8Array, map: CharacterMap): boolean {
  for (let i = 0; i < length; i++) {
    const kind = kinds[units[i]!]! || kindOf(units[i]!, kinds, map);
    if (kind !== SIMPLE) return false;
  }
  return true;
}

function rewrite(text: NormalizedString, spare: NormalizedString, kinds: Uint8Array, map: CharacterMap): void {
  const { units, length } = text;
  const rewriter = new Rewriter(text, spare);
  for (let at = 0; at < length; ) {
    const kind = kinds[units[at]!]! || kindOf(units[at]!, kinds, map);
    const next = at + 1 === length ? SIMPLE : kinds[units[at + 1]!]! || kindOf(units[at + 1]!, kinds, map);
    if (kind === SIMPLE && next === SIMPLE) {
      rewriter.write(units[at]!, 0);
      at++;
      continue;
    }
    const end = graphemeEnd(units, at, length);
    const whole = end - at < LONG ? map.cluster(units, at, end) : null;
    if (whole !== null) write(rewriter, whole, countCharacters(units, at, end));
    else
      for (let i = at; i < end; ) {
        const character = codePointAt(units, i);
        const replacement = map.single(character);
        if (replacement === null) rewriter.write(character, 0);
        else write(rewriter, replacement, 1);
        i += width(character);
      }
    at = end;
  }
}

function countCharacters(units: Uint16Array, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at += width(codePointAt(units, at))) count++;
  return count;
}

/** New characters replace old ones one by one; the last swallows old ones left over, and new ones left over are insertions. */
function write(rewriter: Rewriter, replacement: readonly number[], replaced: number): void {
  for (const [i, character] of replacement.entries()) rewriter.write(character, i < replaced ? 0 : 1);
  if (replacement.length < replaced) rewriter.swallow(replaced - replacement.length);
}

class CharacterMap {
  private readonly array: Uint32Array;
  private readonly texts: Uint8Array;
  /** By character up to U+FFFF: index in `answers` + 1, or 0. */
  private readonly known = new Uint16Array(0x10000);
  private readonly answers: (readonly number[] | null)[] = [null];
  private readonly bytes = new Uint8Array(8);

  constructor(blob: Uint8Array) {
    const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
    expect(blob.length >= 4, `precompiled character map: at least 4 bytes were expected, got ${blob.length}`);
    const size = view.getUint32(0, true);
    expect(
      size % 4 === 0 && size <= blob.length - 4,
      `precompiled character map: ${size} bytes were expected, got ${blob.length - 4}`,
    );
    this.array = new Uint32Array(new Uint8Array(blob.subarray(4, 4 + size)).buffer);
    this.texts = blob.subarray(4 + size);
  }

  /** The replacement of a character, or null if it is not a key. */
  single(character: number): readonly number[] | null {
    if (character > 0xffff) return this.search(encodeCodePoint(character, this.bytes, 0));
    const number = this.known[character]!;
    if (number > 0) return this.answers[number - 1]!;
    const answer = this.search(encodeCodePoint(character, this.bytes, 0));
    this.known[character] = answer === null ? 1 : this.answers.push(answer);
    return answer;
  }

  /** The replacement of a short cluster as a whole, or null. */
  cluster(units: Uint16Array, start: number, end: number): readonly number[] | null {
    let length = 0;
    for (let at = start; at < end; ) {
      const character = codePointAt(units, at);
      if (length >= LONG - 1) return null;
      length = encodeCodePoint(character, this.bytes, length);
      at += width(character);
    }
    return length < LONG ? this.search(length) : null;
  }

  private search(length: number): readonly number[] | null {
    const { array, bytes } = this;
    let node = offset(array[0] ?? 0);
    for (let i = 0; i < length; i++) {
      const byte = bytes[i]!;
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
