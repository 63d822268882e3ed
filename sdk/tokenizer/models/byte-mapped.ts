import type { Model, Pieces } from "../steps.js";
import { BYTE_CHARACTERS } from "../text/bytes.js";
import { codePointAt, width } from "../text/unicode.js";
import { encodeCodePoint } from "../text/utf8.js";

/**
 * A model over byte characters that takes ordinary text: pieces are found in the bytes, and their offsets are those of the
 * characters. It replaces the last step of a byte-level pre-tokenizer, so that only words missing from the cache are mapped.
 */
export class ByteMapped implements Model {
  private bytes = new Uint16Array(256);
  /** By byte: start and end of its character in the word. */
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
      const size = width(codePoint);
      const first = length;
      length = encodeCodePoint(codePoint, bytes, length);
      for (let i = first; i < length; i++) {
        bytes[i] = BYTE_CHARACTERS[bytes[i]!]!;
        begins[i] = at - start;
        ends[i] = at - start + size;
      }
      at += size;
    }
    return length;
  }
}
