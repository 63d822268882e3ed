/** The memory for words: it answers as the model does, however often it has to forget. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { seed } from "../../../sdk/tensor/random.js";
import { PIECE, WordCache } from "../../../sdk/tokenizer/models/word-cache.js";
import type { Model, Pieces } from "../../../sdk/tokenizer/steps.js";

const test = suite("word cache");

/** Every unit is a piece, but a word of zeros has none; counts how often it is asked. */
class Units {
  asked = 0;
  encode(units: Uint16Array, start: number, end: number, out: Pieces): void {
    this.asked++;
    for (let i = start; i < end; i++) if (units[i] !== 0) out.push(units[i]!, i - start, i - start + 1);
  }
}

const wordOf = (number: number, length: number): Uint16Array =>
  Uint16Array.from({ length }, (_, i) => (number === 0 ? 0 : (number * 31 + i) % 60_013));

test("answers as the model does", () => {
  for (const capacity of [1, 2, 8, 1 << 11]) {
    const random = seed(capacity);
    const cache = new WordCache(new Units() as unknown as Model, capacity);
    for (let step = 0; step < 40_000; step++) {
      const number = random.integer(random.integer(10) === 0 ? 20_000 : 1 + 2 * capacity);
      const word = wordOf(number, 1 + (number % 60));
      const text = Uint16Array.from([7, ...word, 9]);
      const count = cache.look(text, 1, 1 + word.length);
      const { found, at } = cache;
      const pieces = Array.from({ length: count }, (_, i) => found[at + PIECE * i]!);
      const expected = [...word].filter((unit) => unit !== 0);
      if (pieces.join() !== expected.join()) assert.equal(pieces, expected, `capacity ${capacity}, step ${step}`);
    }
  }
});

test("knows the words that it was asked for last, and no more than it may", () => {
  const model = new Units();
  const cache = new WordCache(model as unknown as Model, 64);
  const look = (number: number): number => cache.look(wordOf(number, 5), 0, 5);
  for (let number = 1; number <= 1000; number++) {
    look(number);
    for (let back = 0; back < Math.min(number, 32); back++) look(number - back);
  }
  assert.is(model.asked, 1000, "32 words are always known");
  for (let number = 1; number <= 900; number++) look(number);
  assert.is(model.asked, 1900, "words of long ago are forgotten");
});

test.run();
