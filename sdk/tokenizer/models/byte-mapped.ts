import type { Model, Pieces } from "../steps.js";
import { BYTE_CHARACTERS } from "../text/bytes.js";
import { codePointAt } from "../text/unicode.js";

/**
 * A model over byte characters that takes ordinary text: pieces are found in the bytes, and their offsets are those of the
 * characters. It replaces the last step of a byte-level pre-tokenizer, so that only words missing from the cache are mapped.
 */
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
