import { suite } from "uvu";
import * as assert from "uvu/assert";
import { calibration } from "../../../sdk/train/metrics/calibration.js";
import { near } from "../../helpers/near.js";

const test = suite("calibration");
// Sums of a few doubles below 1.
const bound = { atol: 1e-12 };

test("the expected error is the gap of each bin, weighted by its share", () => {
  // Bins of a quarter: (0.5, 0.75] has 0.6 and 0.7 with one right of two, (0.75, 1] has 0.8, 0.9 and 1 with two of three.
  const { expectedError, maximumError, overconfidence, bins } = calibration([0.6, 0.7, 0.8, 0.9, 1], [1, 0, 1, 1, 0], {
    bins: 4,
  });
  const [third, last] = [0.65 - 1 / 2, 0.9 - 2 / 3];
  near([expectedError], [(2 * third + 3 * last) / 5], bound);
  near([maximumError], [last], bound);
  near([overconfidence], [0.8 - 3 / 5], bound);
  assert.equal(
    bins.map(({ from, to, count }) => [from, to, count]),
    [
      [0, 0.25, 0],
      [0.25, 0.5, 0],
      [0.5, 0.75, 2],
      [0.75, 1, 3],
    ],
  );
  assert.ok(Number.isNaN(bins[0]!.accuracy), "an empty bin has no accuracy");
});

test("a border belongs to the bin below it, and 0 to the first", () => {
  const { bins } = calibration([0, 0.5, 0.5, 1], [0, 1, 0, 1], { bins: 2 });
  assert.equal(
    bins.map(({ count }) => count),
    [3, 1],
  );
});

test("sure and always right is perfect; sure and always wrong is as bad as can be", () => {
  assert.is(calibration([1, 1], [1, 1]).expectedError, 0);
  assert.is(calibration([1, 1], [0, 0]).expectedError, 1);
  assert.is(calibration([0.5, 0.5], [1, 1]).overconfidence, -0.5);
});

test("values that are not probabilities, and empty lists, are refused", () => {
  assert.throws(() => calibration([1.1], [1]), /confidences\[0\] must be from 0 to 1, got 1\.1/);
  assert.throws(() => calibration([0.5], [1, 0]), /1 confidences for 2 predictions/);
  assert.throws(() => calibration([], []), /nothing to score/);
});

test.run();
