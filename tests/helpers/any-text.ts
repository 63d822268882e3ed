/** Properties of a tokenizer that hold for any text: no exception, offsets inside the text and in order, linear time. */
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { seed } from "../../sdk/tensor/random.js";
import type { Tokenizer } from "../../sdk/tokenizer/index.js";
import { processorTime } from "./processor-time.js";

function check(tokenizer: Tokenizer, text: string): void {
  const { ids, offsets, words } = tokenizer.encode(text, undefined, { special: false });
  let start = 0;
  let word = 0;
  for (let i = 0; i < ids.length; i++) {
    const [from, to] = [offsets[2 * i]!, offsets[2 * i + 1]!];
    const right =
      ids[i]! >= 0 && ids[i]! < tokenizer.size && from >= start && to >= from && to <= text.length && words[i]! >= word;
    if (!right)
      assert.unreachable(`token ${i} of ${JSON.stringify(text.slice(0, 60))}: [${from}, ${to}) word ${words[i]}`);
    start = from;
    word = words[i]!;
  }
}

/** Add the tests of these properties to a suite. */
export function testAnyText(test: Test, tokenizer: Tokenizer): void {
  test("every code point, alone and beside letters", () => {
    for (let c = 0; c < 0x110000; c++) {
      const character = String.fromCodePoint(c);
      check(tokenizer, character);
      if (c < 0x30000 || c % 16 === 0) check(tokenizer, `a${character}b`);
    }
  });

  test("random strings", () => {
    const random = seed(1);
    const ranges = [0x80, 0x300, 0x370, 0x800, 0x3100, 0x10000, 0x20000, 0x110000];
    for (let i = 0; i < 20_000; i++) {
      let text = "";
      for (let length = random.integer(20); length > 0; length--)
        text += String.fromCodePoint(random.integer(ranges[random.integer(ranges.length)]!));
      check(tokenizer, text);
    }
  });

  test("the time to encode is linear in the length", () => {
    const hostile: [string, (n: number) => string][] = [
      ["no spaces", (n) => "a".repeat(n)],
      ["only spaces", (n) => " ".repeat(n)],
      ["marks", (n) => `a${"\u0301\u0323".repeat(n / 2)}`],
      ["apostrophes", (n) => "'".repeat(n)],
      ["brackets", (n) => "[".repeat(n)],
    ];
    for (const [name, make] of hostile) {
      const time = (n: number): number => {
        const text = make(n);
        const begin = processorTime();
        tokenizer.encode(text);
        return processorTime() - begin;
      };
      time(20_000);
      const short = Math.max(2, Math.min(time(20_000), time(20_000)));
      const most = 20 * short * 8;
      // One try may be slowed by a garbage collection; growth that is too fast slows all of them.
      let long = time(400_000);
      for (let tries = 0; tries < 3 && long >= most; tries++) long = Math.min(long, time(400_000));
      assert.ok(long < most, `${name}: 20,000 take ${short.toFixed(1)} ms, 400,000 take ${long.toFixed(1)} ms`);
    }
  });
}
