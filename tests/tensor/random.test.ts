import { suite } from "uvu";
import * as assert from "uvu/assert";
import { seed, shuffle } from "../../sdk/tensor/random.js";

const test = suite("host random numbers");

const draw = (rng: () => number, count: number) => Array.from({ length: count }, rng);

test("a seed gives the same numbers every time, another seed others", () => {
  assert.equal(draw(seed(1), 20), draw(seed(1), 20));
  assert.ok(draw(seed(1), 20).every((x, i) => x !== draw(seed(2), 20)[i]));
  assert.ok(draw(seed(2 ** 33 + 1), 4)[0] !== draw(seed(1), 4)[0], "all 53 bits count");
  // The first words of Philox 4x32-10 at counter 0 and key 0 (Random123's known answers).
  assert.equal(
    draw(seed(0), 4),
    [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8].map((word) => word / 2 ** 32),
  );
  for (const wrong of [-1, 0.5, Number.NaN]) assert.throws(() => seed(wrong), /seed: expected a whole number/);
});

test("numbers fill [0, 1) evenly, and one says nothing about the next", () => {
  const count = 100_000;
  const values = draw(seed(3), count);
  const bins = new Array<number>(16).fill(0);
  const pairs = new Array<number>(16).fill(0);
  for (const [i, x] of values.entries()) {
    assert.ok(x >= 0 && x < 1);
    bins[Math.floor(16 * x)]!++;
    pairs[4 * Math.floor(4 * x) + Math.floor(4 * (values[i + 1] ?? 0))]!++;
  }
  // Chi-squared with 15 degrees of freedom exceeds 44.3 with a chance of 1e-4.
  for (const counts of [bins, pairs]) {
    const expected = count / 16;
    assert.ok(counts.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0) < 44.3);
  }
});

test("whole numbers below a bound are equally likely", () => {
  const rng = seed(4);
  const counts = new Array<number>(7).fill(0);
  for (let i = 0; i < 70_000; i++) counts[rng.integer(7)]!++;
  // Chi-squared with 6 degrees of freedom exceeds 27.9 with a chance of 1e-4.
  assert.ok(counts.reduce((sum, n) => sum + (n - 10_000) ** 2 / 10_000, 0) < 27.9);
  assert.is(rng.integer(1), 0);
  assert.ok(rng.integer(2 ** 32) < 2 ** 32);
  for (const wrong of [0, -1, 1.5, 2 ** 32 + 1, Number.NaN])
    assert.throws(() => rng.integer(wrong), /integer: the bound/);
});

test("a fork depends on its keys alone, not on earlier draws", () => {
  const [a, b] = [seed(5), seed(5)];
  draw(a, 9);
  assert.equal(draw(a.fork(1, 2), 8), draw(b.fork(1, 2), 8));
  const streams = [b, b.fork(), b.fork(0), b.fork(1), b.fork(0, 0), b.fork(1, 2), b.fork(2, 1), b.fork(2 ** 32 + 1)];
  const firsts = streams.map((rng) => rng());
  assert.is(new Set(firsts).size, streams.length - 1, "only the fork without keys repeats its origin");
});

test("shuffling keeps the elements, in any order equally often", () => {
  const rng = seed(6);
  const counts = new Map<string, number>();
  for (let i = 0; i < 24_000; i++) {
    const order = shuffle(["a", "b", "c", "d"], rng).join("");
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  assert.is(counts.size, 24);
  // Chi-squared with 23 degrees of freedom exceeds 56.6 with a chance of 1e-4.
  assert.ok([...counts.values()].reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0) < 56.6);
});

test.run();
