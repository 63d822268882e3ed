/** The tokens of one text before the template and truncation: a list that grows and is used again and again. */
import { grown } from "./aligned.js";

export class Tokens {
  ids = new Int32Array(256);
  starts = new Int32Array(256);
  ends = new Int32Array(256);
  words = new Int32Array(256);
  length = 0;
  /** White space that added tokens took along, by the token's place: how much on the left, and on the right. */
  readonly taken = new Map<number, readonly [number, number]>();

  clear(): void {
    this.length = 0;
    if (this.taken.size > 0) this.taken.clear();
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

  private widen(size: number): void {
    this.ids = grown(this.ids, new Int32Array(size));
    this.starts = grown(this.starts, new Int32Array(size));
    this.ends = grown(this.ends, new Int32Array(size));
    this.words = grown(this.words, new Int32Array(size));
  }
}
