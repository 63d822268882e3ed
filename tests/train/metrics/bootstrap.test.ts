/** The paired bootstrap against the formula that it approaches, and against the truth it should cover. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { seed } from "../../../sdk/tensor/random.js";
import { pairedBootstrap } from "../../../sdk/train/metrics/bootstrap.js";
import { near } from "../../helpers/near.js";

const test = suite("paired bootstrap");

/** n items, right with the given probability; `shared` of them have the same outcome for every system. */
function outcomes(n: number, right: number, shared: number, rng: ReturnType<typeof seed>): [number[], number[]] {
  const common = Array.from({ length: n }, () => (rng() < right ? 1 : 0));
  const system = () => common.map((score) => (rng() < shared ? score : rng() < right ? 1 : 0));
  return [system(), system()];
}

test("the standard error approaches that of a mean of paired differences", () => {
  const [first, second] = outcomes(400, 0.6, 0.5, seed(1));
  const differences = first.map((score, i) => score - second[i]!);
  const mean = differences.reduce((sum, d) => sum + d, 0) / 400;
  const expected = Math.sqrt(differences.reduce((sum, d) => sum + (d - mean) ** 2, 0) / 400 / 400);
  const found = pairedBootstrap(first, second);
  near([found.difference], [mean], { atol: 1e-12 });
  // A standard deviation over R resamples has a relative standard error of 1 / sqrt(2 R) = 2.2 %; four of them.
  near([found.standardError], [expected], { rtol: 0.09, atol: 0 });
  // The ends of a 95 % interval are 1.96 standard errors away; a quantile of 1000 varies by about 0.09 of them.
  near(found.interval, [mean - 1.96 * expected, mean + 1.96 * expected], { atol: 0.36 * expected });
});

test("items that both systems find easy take nothing from the comparison", () => {
  const easy = new Array(500).fill(1);
  const { difference, standardError } = pairedBootstrap(
    [...easy, 1, 1, 1, 1, 1, 1, 1, 1],
    [...easy, 0, 0, 0, 0, 0, 0, 0, 0],
  );
  near([difference], [8 / 508], { atol: 1e-12 });
  // Two separate errors of shares near 1 would give 0.0055; the pairs say sqrt(8) / 508.
  assert.ok(difference > 2 * standardError, String(standardError));
});

test("exchanging the systems mirrors the result", () => {
  const [first, second] = outcomes(60, 0.5, 0.3, seed(2));
  const [one, other] = [pairedBootstrap(first, second), pairedBootstrap(second, first)];
  near([one.difference, one.standardError], [-other.difference, other.standardError], { atol: 1e-12 });
  near(one.interval, [-other.interval[1], -other.interval[0]], { atol: 1e-12 });
});

test("items weigh as much as their sizes", () => {
  const { difference } = pairedBootstrap([1, 0.5], [0, 0.5], { sizes: [3, 1] });
  assert.is(difference, 0.75);
  // A weight of two is the same as the item twice, as far as the difference goes.
  near(
    [pairedBootstrap([1, 0, 0.2], [0, 0.4, 0.1], { sizes: [2, 1, 1] }).difference],
    [pairedBootstrap([1, 1, 0, 0.2], [0, 0, 0.4, 0.1]).difference],
    { atol: 1e-12 },
  );
});

test("equal systems: no difference, no error, no win", () => {
  const scores = [1, 0, 1, 1];
  assert.equal(pairedBootstrap(scores, scores), { difference: 0, standardError: 0, interval: [0, 0], wins: 0 });
  assert.is(pairedBootstrap([1, 1, 1], [0, 0, 0]).wins, 1);
});

test("the interval covers the true difference about as often as it says", () => {
  // Both systems are right with the same probability, so the true difference is 0.
  const runs = 200;
  const rng = seed(3);
  let covered = 0;
  for (let run = 0; run < runs; run++) {
    const [first, second] = outcomes(80, 0.7, 0.4, rng.fork(run));
    const [lower, upper] = pairedBootstrap(first, second, { resamples: 200, seed: run }).interval;
    if (lower <= 0 && upper >= 0) covered++;
  }
  // Binomial: 0.95 with a standard deviation of 0.0154 over 200 runs; five of them.
  assert.ok(Math.abs(covered / runs - 0.95) < 0.077, String(covered / runs));
});

test("the seed alone decides the draws", () => {
  const [first, second] = outcomes(40, 0.5, 0.2, seed(4));
  assert.equal(pairedBootstrap(first, second, { seed: 5 }), pairedBootstrap(first, second, { seed: 5 }));
  assert.not.equal(pairedBootstrap(first, second, { seed: 5 }), pairedBootstrap(first, second, { seed: 6 }));
});

test("lists that do not belong together are refused", () => {
  assert.throws(() => pairedBootstrap([1, 0], [1]), /2 scores of the first system, 1 of the second/);
  assert.throws(() => pairedBootstrap([1], [1]), /at least two items are needed, got 1/);
  assert.throws(() => pairedBootstrap([1, 0], [1, 1], { sizes: [1] }), /1 sizes for 2 items/);
  assert.throws(() => pairedBootstrap([1, 0], [1, 1], { sizes: [1, 0] }), /sizes\[1\] must be above 0, got 0/);
  assert.throws(() => pairedBootstrap([1, 0], [1, 1], { level: 2 }), /level must be a number from 0 to 1, got 2/);
});

test.run();
