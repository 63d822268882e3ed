/**
 * Byte-level text, as GPT-2 introduced it (Radford et al. 2019, section 2.2): a word is the bytes of its UTF-8 form, and
 * each byte is shown by a visible character, so that a space is Ġ and no text is ever unknown.
 */

import type { Decoder } from "../decoders/decoders.js";
import type { Model, Pieces } from "../models/model.js";
import { eachCharacter, type Normalizer } from "../normalizers/bert.js";
import type { Aligned } from "../text/normalized-string.js";
import { ASTRAL, classOf, codePointAt, kindOf, LETTER, NUMBER, unitTable, WHITE, width } from "../text/unicode.js";
import type { Splitter } from "./bert.js";

/** The visible character of each byte: itself where it is visible in Latin-1, else the next free one from U+0100. */
export const BYTE_CHARACTERS: Uint16Array = byteCharacters();

function byteCharacters(): Uint16Array {
  const table = new Uint16Array(256);
  let next = 0x100;
  for (let byte = 0; byte < 256; byte++) {
    const visible = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
    table[byte] = visible ? byte : next++;
  }
  return table;
}

const IS_WHITE = 3;
const MASKS = [LETTER, NUMBER, WHITE];

/**
 * GPT-2's words: contractions, and runs of letters, of digits or of other signs with one space before them, and white
 * space. A scanner in place of the pattern 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
 */
export function gptSplitter(): Splitter {
  const kinds = unitTable(...MASKS);
  return (text) => {
    const { units, cuts, words } = text;
    for (let word = 0; word < words; word++) {
      const end = cuts[2 * word + 1]!;
      for (let at = cuts[2 * word]!; at < end; ) {
        const stop = wordEnd(units, at, end, kinds);
        text.cut(at, stop);
        at = stop;
      }
    }
    text.recut();
    return text;
  };
}

function wordEnd(units: Uint16Array, start: number, end: number, kinds: Uint8Array): number {
  let at = start;
  if (units[at] === 0x27) {
    const length = contraction(units, at + 1, end);
    if (length > 0) return at + 1 + length;
  }
  let kind = kinds[units[at]!]!;
  if (units[at] === 0x20 && at + 1 < end) {
    kind = kinds[units[at + 1]!]!;
    if (kind !== IS_WHITE) at++;
  }
  if (kind === ASTRAL) kind = kindOf(classOf(codePointAt(units, at)), MASKS);
  const from = at;
  while (at < end) {
    let next = kinds[units[at]!]!;
    let size = 1;
    if (next === ASTRAL) {
      next = kindOf(classOf(codePointAt(units, at)), MASKS);
      size = 2;
    }
    if (next !== kind) break;
    at += size;
  }
  // White space leaves its last character to the word that follows, where there is one.
  return kind === IS_WHITE && at < end && at - from > 1 ? at - 1 : at;
}

/** How many units of s, t, re, ve, m, ll or d stand at `at`. */
function contraction(units: Uint16Array, at: number, end: number): number {
  if (at >= end) return 0;
  const first = units[at]!;
  if (first === 0x73 || first === 0x74 || first === 0x6d || first === 0x64) return 1;
  if (at + 1 >= end) return 0;
  const second = units[at + 1]!;
  return ((first === 0x72 || first === 0x76) && second === 0x65) || (first === 0x6c && second === 0x6c) ? 2 : 0;
}

/** Put a space before every word that does not begin with one. */
export const prefixSpace = (): Splitter =>
  rewriteWords((text, start, end, to) => {
    const { units, starts, ends } = text;
    if (units[start] !== 0x20) to.push(0x20, starts[start]!, ends[start]!);
    for (let at = start; at < end; at++) to.push(units[at]!, starts[at]!, ends[at]!);
  });

/** Every character becomes those of its bytes. */
export function byteNormalizer(): Normalizer {
  return (text, spare) => eachCharacter(text, spare, byteCharactersOf)[0];
}

/** The same within words, where other steps follow; the last step leaves it to {@link ByteMapped}. */
export const byteSplitter = (): Splitter =>
  rewriteWords((text, start, end, to) => {
    const { units, starts, ends } = text;
    for (let at = start; at < end; ) {
      const codePoint = codePointAt(units, at);
      for (const character of byteCharactersOf(codePoint)) to.push(character, starts[at]!, ends[at]!);
      at += width(codePoint);
    }
  });

/** A splitter that writes each word, units [start, end) of the text, anew. */
function rewriteWords(write: (text: Aligned, start: number, end: number, to: Aligned) => void): Splitter {
  return (text, spare) => {
    text.align();
    spare.clear(text.base);
    for (let word = 0; word < text.words; word++) {
      const begin = spare.length;
      write(text, text.cuts[2 * word]!, text.cuts[2 * word + 1]!, spare);
      spare.cut(begin, spare.length);
    }
    spare.recut();
    return spare;
  };
}

function byteCharactersOf(codePoint: number): readonly number[] {
  return Array.from(new TextEncoder().encode(String.fromCodePoint(codePoint)), (byte) => BYTE_CHARACTERS[byte]!);
}

/** A model of byte characters, fed with ordinary text: pieces are found in the bytes, their places told in the text. */
export class ByteMapped implements Model {
  private bytes = new Uint16Array(256);
  /** For each byte where its character begins and ends in the word. */
  private begins = new Int32Array(256);
  private ends = new Int32Array(256);

  constructor(private readonly inner: Model) {}

  get vocabulary() {
    return this.inner.vocabulary;
  }

  get unknown(): number {
    return this.inner.unknown;
  }

  encode(units: Uint16Array, start: number, end: number, out: Pieces): void {
    const length = this.write(units, start, end);
    const before = out.length;
    this.inner.encode(this.bytes, 0, length, out);
    for (let i = before; i < out.length; i++) {
      out.starts[i] = this.begins[out.starts[i]!]!;
      out.ends[i] = this.ends[out.ends[i]! - 1]!;
    }
  }

  settings(): Record<string, unknown> {
    return this.inner.settings();
  }

  tables(): Record<string, unknown> {
    return this.inner.tables();
  }

  get merges(): Int32Array {
    return this.inner.merges ?? new Int32Array(0);
  }

  /** The byte characters of units [start, end); returns how many. */
  private write(units: Uint16Array, start: number, end: number): number {
    if (3 * (end - start) > this.bytes.length) {
      this.bytes = new Uint16Array(6 * (end - start));
      this.begins = new Int32Array(6 * (end - start));
      this.ends = new Int32Array(6 * (end - start));
    }
    const { bytes, begins, ends } = this;
    let length = 0;
    for (let at = start; at < end; ) {
      const codePoint = codePointAt(units, at);
      const size = codePoint > 0xffff ? 2 : 1;
      const first = length;
      if (codePoint < 0x80) bytes[length++] = BYTE_CHARACTERS[codePoint]!;
      else {
        const count = codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
        const lead = [0, 0, 0xc0, 0xe0, 0xf0][count]!;
        bytes[length++] = BYTE_CHARACTERS[lead | (codePoint >> (6 * (count - 1)))]!;
        for (let shift = 6 * (count - 2); shift >= 0; shift -= 6)
          bytes[length++] = BYTE_CHARACTERS[0x80 | ((codePoint >> shift) & 63)]!;
      }
      for (let i = first; i < length; i++) {
        begins[i] = at - start;
        ends[i] = at - start + size;
      }
      at += size;
    }
    return length;
  }
}

let characterBytes: Map<number, number> | undefined;

/** The bytes of byte characters; of a token that has others, the bytes of its UTF-8 form. */
export function tokenBytes(token: string): Uint8Array {
  characterBytes ??= new Map(Array.from(BYTE_CHARACTERS, (character, byte) => [character, byte]));
  const bytes = new Uint8Array(token.length);
  for (let i = 0; i < token.length; i++) {
    const byte = characterBytes.get(token.charCodeAt(i));
    if (byte === undefined) return new TextEncoder().encode(token);
    bytes[i] = byte;
  }
  return bytes;
}

/** All bytes of all tokens, read as UTF-8; what is not valid becomes U+FFFD. */
export function byteLevelDecoder(): Decoder {
  return {
    decode: (tokens) => {
      const rows = tokens.map(tokenBytes);
      const all = new Uint8Array(rows.reduce((sum, row) => sum + row.length, 0));
      let at = 0;
      for (const row of rows) {
        all.set(row, at);
        at += row.length;
      }
      return [new TextDecoder("utf-8", { ignoreBOM: true }).decode(all)];
    },
  };
}

/** Words of a text in byte characters, for training. */
export function byteText(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return Array.from(bytes, (byte) => String.fromCharCode(BYTE_CHARACTERS[byte]!)).join("");
}
