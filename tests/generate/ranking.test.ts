/** The best of a vocabulary against sorting all of it. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { bestFirst, kthHighest } from "../../sdk/generate/ranking.js";
import { topKRule, topPRule } from "../../sdk/generate/sampling-rules.js";
import { highest, softmax } from "../../sdk/heads/probabilities.js";
import { wave } from "../helpers/wave.js";

const test = suite("ranking");

/** Values without ties, with many, all alike, in order, in reverse, with excluded ones. */
const CASES: readonly Float32Array[] = [
  wave(1000, 1),
  wave(1000, 2).map((x) => Math.round(4 * x)),
  new Float32Array(50).fill(0.25),
  wave(257, 3).sort(),
  wave(257, 3).sort().reverse(),
  wave(300, 4).map((x, i) => (i % 3 ? Number.NEGATIVE_INFINITY : x)),
  Float32Array.of(7),
];

const sortedIndices = (values: Float32Array): number[] =>
  Array.from(values, (_, i) => i).sort((a, b) => values[b]! - values[a]! || a - b);

test("the k-th highest is where sorting puts it", () => {
  for (const scores of CASES) {
    const sorted = scores.slice().sort();
    for (const k of [1, 2, 3, 10, 49, 50, 256, scores.length].filter((one) => one <= scores.length))
      assert.is(kthHighest(scores, k), sorted[scores.length - k], `${k} of ${scores.length}`);
  }
});

test("best first: sorted, ties in order, positive scores only", () => {
  for (const scores of CASES) {
    const want = sortedIndices(scores).filter((i) => scores[i]! > 0);
    assert.equal([...bestFirst(scores)], want);
  }
});

test("the top k are those of sorting", () => {
  for (const scores of CASES)
    for (const count of [0, 1, 8, 60])
      assert.equal(
        highest(scores, count),
        Array.from(scores, (_, i) => i)
          .sort((a, b) => (scores[b]! > scores[a]! ? 1 : scores[b]! < scores[a]! ? -1 : a - b))
          .slice(0, count),
      );
});

test("top-k and top-p keep the same tokens as by sorting", () => {
  const share = (scores: Float32Array) => new Float32Array(softmax(scores));
  for (const scores of CASES) {
    for (const p of [0.1, 0.5, 0.9, 0.99999999, 1]) {
      const got = scores.slice();
      topPRule(p, share)(got, []);
      const want = scores.slice();
      let sum = 0;
      for (const i of sortedIndices(share(scores))) {
        if (sum >= p) want[i] = Number.NEGATIVE_INFINITY;
        sum += share(scores)[i]!;
      }
      assert.equal(got, want, `top-p ${p} of ${scores.length}`);
    }
    const k = Math.min(10, scores.length);
    const got = scores.slice();
    topKRule(k)(got, []);
    const least = scores.slice().sort()[scores.length - k]!;
    assert.equal(
      got,
      scores.map((x) => (x < least ? Number.NEGATIVE_INFINITY : x)),
      `top-k of ${scores.length}`,
    );
  }
});

test.run();
