/**
 * A JSON reader over UTF-8 bytes that lets callers read large parts without creating objects: a vocabulary of 250,000
 * pieces goes directly into its tables. Input is untrusted: depth is bounded and every byte is checked.
 */

import { shown } from "../../errors.js";
import { TokenizerError } from "../errors.js";
import { decodeUnits } from "../text/buffers.js";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const DEEPEST = 64;
const ESCAPES: Readonly<Record<string, number>> = { '"': 34, "\\": 92, "/": 47, b: 8, f: 12, n: 10, r: 13, t: 9 };

export class JsonScanner {
  at = 0;
  /** The last string that {@link scanString} read: units [0, length). */
  units = new Uint16Array(256);
  length = 0;
  private depth = 0;

  readonly bytes: Uint8Array;

  constructor(file: Uint8Array) {
    // Node's Buffer is a subclass whose methods are slower.
    const bytes = new Uint8Array(file.buffer, file.byteOffset, file.byteLength);
    this.bytes = bytes;
    if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) this.at = 3;
  }

  fail(expected: string): never {
    const found = this.at < this.bytes.length ? shown(String.fromCharCode(this.bytes[this.at]!)) : "the end";
    throw new TokenizerError(
      `tokenizer.json: ${expected} was expected at byte ${this.at}, got ${found}. Is the file whole?`,
    );
  }

  private failDeep(): never {
    throw new TokenizerError(`tokenizer.json: nested more than ${DEEPEST} deep at byte ${this.at}`);
  }

  /** Skip white space and return the byte after it, or 0 at the end. */
  peek(): number {
    this.at = skipSpace(this.bytes, this.at);
    return this.bytes[this.at] ?? 0;
  }

  expect(character: string): void {
    if (this.peek() !== character.charCodeAt(0)) this.fail(shown(character));
    this.at++;
  }

  /** Nothing but white space may follow. */
  end(): void {
    if (this.peek() !== 0 || this.at < this.bytes.length) this.fail("the end");
  }

  /** Read an object: `on` must read the value of each key, left in `units`. */
  object(on: (key: string) => void): void {
    this.list("{", "}", () => {
      this.scanString();
      const key = this.text();
      this.expect(":");
      on(key);
    });
  }

  /** Read an object or an array: `on` must read each whole element. */
  list(open: string, close: string, on: () => void): void {
    if (++this.depth > DEEPEST) this.failDeep();
    this.expect(open);
    if (this.peek() !== close.charCodeAt(0))
      for (;;) {
        on();
        if (this.peek() !== 0x2c) break;
        this.at++;
      }
    this.expect(close);
    this.depth--;
  }

  /** The last string read. */
  text(): string {
    return decodeUnits(this.units, 0, this.length);
  }

  /** Read a string into `units`. */
  scanString(): void {
    // A string has at most as many units as there are bytes left; most are short.
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

  /** Read a string into `into` from `used` on; returns the unit after it, or -1 when there is no room. */
  stringTo(into: Uint16Array, used: number): number {
    if (this.peek() !== QUOTE) this.fail("a string");
    const { bytes } = this;
    const room = into.length - 4;
    for (let at = this.at + 1; used <= room; ) {
      const byte = bytes[at]!;
      if (byte < 0x80 && byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH) {
        into[used++] = byte;
        at++;
        continue;
      }
      if (byte === QUOTE) {
        this.at = at + 1;
        return used;
      }
      const unit = shortCharacter(byte, bytes[at + 1]!, bytes[at + 2]!);
      if (unit !== 0) {
        into[used++] = unit;
        at += unit < 0x800 ? 2 : 3;
        continue;
      }
      this.at = at;
      if (byte === undefined || byte < 0x20) this.fail("the end of a string");
      const codePoint = byte === BACKSLASH ? this.escape() : this.longCharacter(byte);
      at = this.at;
      if (codePoint > 0xffff) {
        into[used++] = 0xd7c0 + (codePoint >> 10);
        into[used++] = 0xdc00 + (codePoint & 0x3ff);
      } else into[used++] = codePoint;
    }
    return -1;
  }

  /** A character of four bytes. */
  private longCharacter(first: number): number {
    const { bytes, at } = this;
    let codePoint = first & 0x07;
    for (let i = 1; i < 4; i++) {
      const byte = bytes[at + i]!;
      if ((byte & 0xc0) !== 0x80) this.fail("UTF-8");
      codePoint = (codePoint << 6) | (byte & 0x3f);
    }
    if ((first & 0xf8) !== 0xf0 || codePoint < 0x10000 || codePoint > 0x10ffff) this.fail("UTF-8");
    this.at = at + 4;
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
      if (Number.isNaN(digit)) this.fail("\\uXXXX");
      value = 16 * value + digit;
    }
    this.at += 6;
    return value;
  }

  /** Read a number. */
  number(): number {
    const negative = this.peek() === MINUS;
    const { bytes, at: start } = this;
    const digits = negative ? start + 1 : start;
    let at = digits;
    // The first nine significant digits, and the others: small integers, for which engines allocate no memory.
    let head = 0;
    let tail = 0;
    let count = 0;
    let point = -1;
    for (; ; at++) {
      const digit = bytes[at]! - ZERO;
      if (digit >= 0 && digit <= 9) {
        if (count < 9) head = 10 * head + digit;
        else tail = 10 * tail + digit;
        if (head > 0) count++;
      } else if (digit === POINT - ZERO && point < 0) point = at;
      else break;
    }
    const whole = (point < 0 ? at : point) - digits;
    const decimals = point < 0 ? 0 : at - point - 1;
    if (
      whole === 0 ||
      (bytes[digits] === ZERO && whole > 1) ||
      point === at - 1 ||
      decimals > 22 ||
      count > 18 ||
      (bytes[at]! | 0x20) === 0x65
    )
      return this.longNumber(start);
    const power = POWERS[decimals]!;
    const value = count > 9 ? quotient(head * POWERS[count - 9]!, tail, power) : head / power;
    if (Number.isNaN(value)) return this.longNumber(start);
    this.at = at;
    return negative ? -value : value;
  }

  /** A number with an exponent or with more digits. */
  private longNumber(start: number): number {
    this.at = start;
    this.skipWord("a number");
    const text = STRICT.decode(this.bytes.subarray(start, this.at));
    if (/^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/.test(text)) return Number(text);
    this.at = start;
    this.fail("a number");
  }

  /** Read any value as an ordinary object: find its end, then use the platform's parser. */
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
      // parseJson would give line and column, but would be a tenth of a bundle that reads tokenizers.
      throw new TokenizerError(`tokenizer.json: the value at byte ${start} is not valid JSON. Is the file whole?`, {
        cause,
      });
    }
  }

  /** Skip to the end of a value, checking only strings and brackets. */
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
      else this.skipWord("a value");
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

  /** true, false, null or a number. */
  private skipWord(expected: string): void {
    const { bytes, at } = this;
    while (isWordByte(bytes[this.at] ?? 0)) this.at++;
    if (this.at === at) this.fail(expected);
  }
}

/** Offset of the first byte from `at` on that is not white space. */
export function skipSpace(bytes: Uint8Array, at: number): number {
  let byte = bytes[at];
  while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = bytes[++at];
  return at;
}

/** The character of two or three bytes with these first bytes; 0 if they are invalid. Without branches: see plain-entries.ts. */
export function shortCharacter(first: number, second: number, third: number): number {
  const two = first < 0xe0;
  const tail = second ^ 0x80;
  const tails = tail | (third ^ 0x80);
  const ofTwo = ((first ^ 0xc0) << 6) | tail;
  const ofThree = ((first ^ 0xe0) << 12) | (tail << 6) | (third ^ 0x80);
  const unit = two ? ofTwo : ofThree;
  const valid = (two ? tail : tails) < 0x40 && unit >= (two ? 0x80 : 0x800) && unit < (two ? 0x800 : 0x10000);
  return valid && (unit & 0xf800) !== 0xd800 ? unit : 0;
}

/**
 * (high + low) / power, rounded to the nearest double, for exact arguments with low < high * 1e-8; NaN when the quotient is
 * too close to the midpoint of two doubles. A quotient rounded to 24 bits times either half of the power is exact, so the
 * remainder that corrects it has an error below 2^-73 of the quotient (compare Dekker 1971). Scores of SentencePiece models
 * are 32-bit numbers and often have 17 digits, for which the platform's parser takes a third of a microsecond each.
 */
function quotient(high: number, low: number, power: number): number {
  const near = Math.fround(high / power);
  const upper = Math.fround(power);
  const rest = (high - near * upper + (low - near * (power - upper))) / power;
  const doubt = near * 2 ** -72;
  return near + (rest - doubt) === near + (rest + doubt) ? near + rest : Number.NaN;
}

/** A letter, a digit or another character of a number. */
function isWordByte(byte: number): boolean {
  return /[-+.\w]/.test(String.fromCharCode(byte));
}

/** JSON with escapes of unpaired surrogates replaced by U+FFFD, as elsewhere in the file. */
function wellFormed(text: string): string {
  return text.replace(ESCAPE, (found, half) => (half ? "\\ufffd" : found));
}

const ESCAPE = /\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|(u[dD][89a-fA-F][\da-fA-F]{2})|.)/gs;
const STRICT = /* @__PURE__ */ new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** 10^i, all exact. */
const POWERS: readonly number[] = /* @__PURE__ */ Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
