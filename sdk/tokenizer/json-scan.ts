/**
 * A JSON reader over UTF-8 bytes that can hand big parts over without making objects of them: a vocabulary of 250,000
 * pieces goes straight into its tables. What it reads is untrusted: depth is bounded and every byte is checked.
 */
import { decodeUnits } from "./aligned.js";
import { TokenizerError } from "./errors.js";
import { AT_ONCE } from "./portions.js";
import { encodeCodePoint } from "./utf8.js";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const DEEPEST = 64;
/** Characters of a number; none that is written by a program is longer. */
const LONGEST_NUMBER = 400;
const ESCAPES: Readonly<Record<string, number>> = { '"': 34, "\\": 92, "/": 47, b: 8, f: 12, n: 10, r: 13, t: 9 };

export class JsonScanner {
  at = 0;
  /** The last string that {@link scanString} read: units [0, length). */
  units = new Uint16Array(256);
  length = 0;
  private depth = 0;

  constructor(readonly bytes: Uint8Array) {
    if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) this.at = 3;
  }

  fail(expected: string): never {
    const found = this.at < this.bytes.length ? JSON.stringify(String.fromCharCode(this.bytes[this.at]!)) : "the end";
    throw new TokenizerError(
      `tokenizer.json: ${expected} was expected at byte ${this.at}, got ${found}. Is the file whole?`,
    );
  }

  private failDeep(): never {
    throw new TokenizerError(`tokenizer.json: nested more than ${DEEPEST} deep at byte ${this.at}`);
  }

  /** Skip white space and return the byte after it, or 0 at the end. */
  peek(): number {
    const { bytes } = this;
    let byte = bytes[this.at];
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = bytes[++this.at];
    return byte ?? 0;
  }

  expect(character: string): void {
    if (this.peek() !== character.charCodeAt(0)) this.fail(JSON.stringify(character));
    this.at++;
  }

  /** Nothing but white space may follow. */
  end(): void {
    if (this.peek() !== 0 || this.at < this.bytes.length) this.fail("the end");
  }

  /** Read an object: `on` must read the value of each key, which stands in `units`. */
  object(on: (key: string) => void): void {
    this.list("{", "}", () => {
      this.scanString();
      const key = this.text();
      this.expect(":");
      on(key);
    });
  }

  /** Read an array: `on` must read each element. */
  array(on: () => void): void {
    this.list("[", "]", on);
  }

  /** Read an object or an array: `on` must read each element, and what belongs to it. */
  list(open: string, close: string, on: () => void): void {
    if (++this.depth > DEEPEST) this.failDeep();
    this.expect(open);
    if (this.peek() !== close.charCodeAt(0)) while (this.some(on));
    this.expect(close);
    this.depth--;
  }

  /** Read some elements; says whether another must follow. */
  private some(on: () => void): boolean {
    for (let left = AT_ONCE; left > 0; left--) {
      on();
      if (this.peek() !== 0x2c) return false;
      this.at++;
    }
    return true;
  }

  /** The last string read. */
  text(): string {
    return decodeUnits(this.units, 0, this.length);
  }

  /** Read a string into `units`. */
  scanString(): void {
    // No string is longer in units than what is left of the file in bytes; most are short.
    let room = this.units.length;
    for (const start = this.at; ; this.at = start) {
      const end = this.stringTo(this.units, 0);
      if (end >= 0) {
        this.length = end;
        return;
      }
      room *= 4;
      this.units = new Uint16Array(room);
    }
  }

  /** Read a string into `into` from place `used` on, as units or UTF-8; returns its end there, or -1 when there is no room. */
  stringTo(into: Uint16Array | Uint8Array, used: number): number {
    if (this.peek() !== QUOTE) this.fail("a string");
    const { bytes } = this;
    const room = into.length - 4;
    let at = this.at + 1;
    for (;;) {
      if (used > room) return -1;
      const byte = bytes[at]!;
      if (byte === QUOTE) break;
      if (byte < 0x80 && byte >= 0x20 && byte !== BACKSLASH) {
        into[used++] = byte;
        at++;
        continue;
      }
      this.at = at;
      if (byte === undefined || byte < 0x20) this.fail("the end of a string");
      const codePoint = byte === BACKSLASH ? this.escape() : this.multiByte(byte);
      at = this.at;
      if (into instanceof Uint8Array) used = encodeCodePoint(codePoint, into, used);
      else if (codePoint <= 0xffff) into[used++] = codePoint;
      else {
        into[used++] = 0xd7c0 + (codePoint >> 10);
        into[used++] = 0xdc00 + (codePoint & 0x3ff);
      }
    }
    this.at = at + 1;
    return used;
  }

  /** A character of two to four bytes. */
  private multiByte(first: number): number {
    const { bytes, at } = this;
    const count =
      first >= 0xf0 && first < 0xf5 ? 3 : first >= 0xe0 && first < 0xf0 ? 2 : first >= 0xc2 && first < 0xe0 ? 1 : 0;
    if (count === 0) this.fail("UTF-8");
    let codePoint = first & (0x3f >> count);
    for (let i = 1; i <= count; i++) {
      const byte = bytes[at + i]!;
      if ((byte & 0xc0) !== 0x80) this.fail("UTF-8");
      codePoint = (codePoint << 6) | (byte & 0x3f);
    }
    const overlong = codePoint < [0, 0x80, 0x800, 0x10000][count]!;
    if (overlong || codePoint > 0x10ffff || (codePoint >= 0xd800 && codePoint < 0xe000)) this.fail("UTF-8");
    this.at = at + count + 1;
    return codePoint;
  }

  /** A character after a backslash; a surrogate without its other half is read as U+FFFD. */
  private escape(): number {
    const letter = String.fromCharCode(this.bytes[this.at + 1] ?? 0);
    if (letter !== "u") {
      const unit = Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined;
      if (unit === undefined) this.fail("an escape");
      this.at += 2;
      return unit;
    }
    const high = this.hexadecimal();
    if ((high & 0xf800) !== 0xd800) return high;
    if (high >= 0xdc00 || this.bytes[this.at] !== BACKSLASH || this.bytes[this.at + 1] !== 0x75) return 0xfffd;
    const back = this.at;
    const low = this.hexadecimal();
    if ((low & 0xfc00) === 0xdc00) return 0x10000 + ((high & 0x3ff) << 10) + (low & 0x3ff);
    this.at = back;
    return 0xfffd;
  }

  /** The four digits of \uXXXX, which begins here. */
  private hexadecimal(): number {
    let value = 0;
    for (let i = 2; i < 6; i++) {
      const digit = Number.parseInt(String.fromCharCode(this.bytes[this.at + i] ?? 0), 16);
      if (Number.isNaN(digit)) this.fail("four hexadecimal digits");
      value = 16 * value + digit;
    }
    this.at += 6;
    return value;
  }

  /** Read a number. */
  number(): number {
    this.peek();
    const { bytes } = this;
    const start = this.at;
    let at = bytes[start] === 0x2d ? start + 1 : start;
    const digits = at;
    let byte = bytes[at]!;
    let value = 0;
    for (; byte >= 0x30 && byte <= 0x39; byte = bytes[++at]!) value = 10 * value + byte - 0x30;
    const whole = at - digits;
    let decimals = 0;
    if (byte === 0x2e) {
      for (byte = bytes[++at]!; byte >= 0x30 && byte <= 0x39; byte = bytes[++at]!) {
        value = 10 * value + byte - 0x30;
        decimals++;
      }
      if (decimals === 0) return this.longNumber(start);
    }
    const exponent = byte === 0x65 || byte === 0x45;
    if (exponent || whole === 0 || (bytes[digits] === 0x30 && whole > 1) || at - start > LONGEST_NUMBER)
      return this.longNumber(start);
    this.at = at;
    // Up to 2^53 and 10^22 both parts are exact, so one division rounds once: the same as the platform does.
    if (value > 9007199254740991 || decimals > 22) return Number(ascii(bytes, start, at));
    if (decimals > 0) value /= POWERS[decimals]!;
    return digits > start ? -value : value;
  }

  private longNumber(start: number): number {
    let at = start;
    while (at - start < LONGEST_NUMBER && /[-+.eE0-9]/.test(String.fromCharCode(this.bytes[at] ?? 0))) at++;
    const text = ascii(this.bytes, start, at);
    this.at = at;
    if (!/^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/.test(text)) {
      this.at = start;
      this.fail("a number");
    }
    return Number(text);
  }

  /** Read any value as an ordinary object: its end is found here, the platform's parser does the rest. */
  value(): unknown {
    this.peek();
    const start = this.at;
    this.skip();
    let text: string;
    try {
      text = STRICT.decode(this.bytes.subarray(start, this.at));
    } catch {
      this.at = start;
      this.fail("UTF-8");
    }
    try {
      return JSON.parse(text.includes("\\u") ? wellFormed(text) : text) as unknown;
    } catch (cause) {
      throw new TokenizerError(
        `tokenizer.json: the value at byte ${start} cannot be read (${(cause as Error).message}). Is the file whole?`,
        {
          cause,
        },
      );
    }
  }

  /** Go to the end of a value; only its strings and brackets are looked at. */
  private skip(): void {
    let open = 0;
    do {
      const byte = this.peek();
      if (byte === QUOTE) this.skipString();
      else if (byte === 0x7b || byte === 0x5b) {
        this.at++;
        if (this.depth + ++open > DEEPEST) this.failDeep();
      } else if (open > 0 && (byte === 0x7d || byte === 0x5d)) {
        this.at++;
        open--;
      } else if (open > 0 && (byte === 0x2c || byte === 0x3a)) this.at++;
      else this.skipWord();
    } while (open > 0);
  }

  private skipString(): void {
    const { bytes } = this;
    for (;;) {
      const quote = bytes.indexOf(QUOTE, this.at + 1);
      if (quote < 0) {
        this.at = bytes.length;
        this.fail("the end of a string");
      }
      let slashes = quote;
      while (bytes[slashes - 1] === BACKSLASH) slashes--;
      this.at = quote;
      if ((quote - slashes) % 2 === 0) break;
    }
    this.at++;
  }

  /** true, false, null or a number: what can stand in one. */
  private skipWord(): void {
    const { bytes, at } = this;
    while (isWordByte(bytes[this.at] ?? 0)) this.at++;
    if (this.at === at) this.fail("a value");
  }
}

/** A letter, a digit or what else a number may have. */
function isWordByte(byte: number): boolean {
  const letter = (byte | 0x20) - 0x61;
  return (
    (letter >= 0 && letter < 26) || (byte >= 0x30 && byte <= 0x39) || byte === 0x2b || byte === 0x2d || byte === 0x2e
  );
}

function ascii(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode.apply(null, bytes.subarray(start, end) as unknown as number[]);
}

/** JSON whose escapes of half a surrogate pair are U+FFFD, as everywhere in the file. */
function wellFormed(text: string): string {
  return text.replace(ESCAPE, (found) => (HALF.test(found) ? "\\ufffd" : found));
}

const ESCAPE = /\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|u[\da-fA-F]{4}|.)/gs;
const HALF = /^\\u[dD][89a-fA-F]..$/;
const STRICT = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const POWERS = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
