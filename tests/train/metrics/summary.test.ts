/** Expected intervals are scipy.stats.t.interval(0.95, n - 1, mean, sd / √n). */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { summarize } from "../../../sdk/train/metrics/summary.js";
import { near } from "../../helpers/near.js";

const test = suite("summary");

test("three seeds", () => {
  const { n, mean, standardDeviation, interval } = summarize([0.8, 0.82, 0.84]);
  assert.is(n, 3);
  near([mean, standardDeviation], [0.82, 0.02], { atol: 1e-12 });
  // The table has three decimals of t: 0.0005 · 0.02 / √3.
  near(interval, [0.7703172, 0.8696828], { atol: 6e-6 });
});

test("beyond the table the interval agrees with Student's t to 0.003 standard errors", () => {
  const values = Array.from({ length: 61 }, (_, i) => i);
  const { mean, standardDeviation, interval } = summarize(values);
  const reach = (interval[1] - mean) / (standardDeviation / Math.sqrt(61));
  near([reach], [2.0002978], { atol: 3e-3 });
});

test("one value has no deviation and an interval that excludes nothing", () => {
  assert.equal(summarize([0.7]), {
    n: 1,
    mean: 0.7,
    standardDeviation: 0,
    interval: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
  });
  assert.throws(() => summarize([]), /no values/);
});

test.run();
