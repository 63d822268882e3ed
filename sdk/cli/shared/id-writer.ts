/**
 * Encodings as lines of JSON, digit by digit into one buffer: a gigabyte of text gives several of numbers, and making a
 * string of each line takes longer than tokenizing it.
 */
import type { Encoding } from "cloze/tokenizer";
import { writeBytes } from "./output.js";

const COMMA = 0x2c;
const OPEN = 0x5b;
const CLOSE = 0x5d;
/** Bytes after which lines are handed on. */
const FULL = 1 << 16;
/** Milliseconds after which buffered answers are written, for a sender that waits for each line. */
const LATEST = 20;
/** Bytes of the longest whole number, with its punctuation. */
const WIDEST = 16;

const encoder = new TextEncoder();
const IDS = encoder.encode('{"ids":[');
const OFFSETS = encoder.encode('],"offsets":[');
const WORDS = encoder.encode('],"words":[');
const END = encoder.encode("]}\n");
const NULL = encoder.encode("null");
const NO_ANSWER = encoder.encode("null\n");

export class TokenLines {
  private bytes = new Uint8Array(2 * FULL);
  private length = 0;
  private timer: NodeJS.Timeout | undefined;

  /** @param offsets two numbers a token */
  async write({ ids, words }: Encoding, offsets: Int32Array): Promise<void> {
    this.reserve(WIDEST * (4 * ids.length + 8));
    this.copy(IDS);
    for (let i = 0; i < ids.length; i++) {
      if (i > 0) this.bytes[this.length++] = COMMA;
      this.number(ids[i]!);
    }
    this.copy(OFFSETS);
    for (let i = 0; i < ids.length; i++) {
      if (i > 0) this.bytes[this.length++] = COMMA;
      this.bytes[this.length++] = OPEN;
      this.number(offsets[2 * i]!);
      this.bytes[this.length++] = COMMA;
      this.number(offsets[2 * i + 1]!);
      this.bytes[this.length++] = CLOSE;
    }
    this.copy(WORDS);
    for (let i = 0; i < words.length; i++) {
      if (i > 0) this.bytes[this.length++] = COMMA;
      if (words[i]! < 0) this.copy(NULL);
      else this.number(words[i]!);
    }
    this.copy(END);
    await this.handOn();
  }

  /** The line of an input line that has no tokens to show. */
  async writeNone(): Promise<void> {
    this.reserve(NO_ANSWER.length);
    this.copy(NO_ANSWER);
    await this.handOn();
  }

  private async handOn(): Promise<void> {
    if (this.length >= FULL) await this.flush();
    else this.timer ??= setTimeout(() => void this.flush(), LATEST);
  }

  /** Write the buffered lines, waiting for a slower reader. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.length === 0) return;
    const lines = this.bytes.slice(0, this.length);
    this.length = 0;
    await writeBytes(lines);
  }

  private reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const wider = new Uint8Array(2 * (this.length + more));
    wider.set(this.bytes.subarray(0, this.length));
    this.bytes = wider;
  }

  private copy(text: Uint8Array): void {
    for (let i = 0; i < text.length; i++) this.bytes[this.length++] = text[i]!;
  }

  /** A whole number from 0 on. */
  private number(value: number): void {
    const { bytes } = this;
    let digits = 1;
    for (let limit = 10; value >= limit; limit *= 10) digits++;
    this.length += digits;
    let at = this.length;
    let left = value;
    do {
      const tens = (left / 10) | 0;
      bytes[--at] = 0x30 + left - 10 * tens;
      left = tens;
    } while (left > 0);
  }
}
