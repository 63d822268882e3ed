/** The tokens of one text before template and truncation, in a reusable growing list. */
import { grown } from "../text/buffers.js";

export class Tokens {
  ids = new Int32Array(256);
  starts = new Int32Array(256);
  ends = new Int32Array(256);
  words = new Int32Array(256);
  length = 0;
  /** By token: white space at the start and end of an added token. */
  readonly white = new Map<number, readonly [number, number]>();
  /** The text, or the given words, that the offsets refer to. */
  text: string | readonly string[] = "";

  clear(text: string | readonly string[]): void {
    this.text = text;
    this.length = 0;
    if (this.white.size > 0) this.white.clear();
  }

  push(id: number, start: number, end: number, word: number): void {
    const at = this.length++;
    if (at === this.ids.length) this.widen(2 * at);
    this.ids[at] = id;
    this.starts[at] = start;
    this.ends[at] = end;
    this.words[at] = word;
  }

  /** Make room for `count` more tokens. */
  reserve(count: number): void {
    if (this.length + count > this.ids.length) this.widen(Math.max(this.length + count, 2 * this.ids.length));
  }

  /** Drop the words before those that hold the last `most` tokens. */
  keepLast(most: number): void {
    let from = this.length - most;
    if (from <= 0) return;
    while (from > 0 && this.words[from - 1] === this.words[from]) from--;
    const first = this.words[from]!;
    for (const row of [this.ids, this.starts, this.ends, this.words]) row.copyWithin(0, from, this.length);
    this.length -= from;
    for (let i = 0; i < this.length; i++) this.words[i]! -= first;
    const white = [...this.white];
    this.white.clear();
    for (const [at, ends] of white) if (at >= from) this.white.set(at - from, ends);
  }

  private widen(size: number): void {
    this.ids = grown(this.ids, new Int32Array(size));
    this.starts = grown(this.starts, new Int32Array(size));
    this.ends = grown(this.ends, new Int32Array(size));
    this.words = grown(this.words, new Int32Array(size));
  }
}
