/** Expected numbers are scikit-learn 1.x's accuracy_score, f1_score and matthews_corrcoef on the same lists. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { accuracy, binaryF1, macroF1, matthews, microF1 } from "../../../sdk/train/metrics/classification.js";
import { near } from "../../helpers/near.js";

const test = suite("classification metrics");
// Sums of at most 40 doubles: a few units in the last place.
const bound = { atol: 1e-12 };

const gold = [
  1, 1, 2, 3, 0, 0, 3, 2, 1, 1, 3, 3, 3, 1, 1, 1, 3, 0, 0, 1, 0, 2, 0, 2, 3, 3, 3, 3, 3, 1, 2, 0, 0, 1, 3, 1, 2, 3, 2,
  3,
];
const predicted = [
  1, 1, 2, 3, 0, 0, 1, 2, 0, 1, 2, 3, 3, 3, 1, 3, 0, 0, 0, 1, 0, 2, 0, 2, 2, 3, 2, 3, 3, 1, 3, 0, 0, 2, 3, 3, 2, 3, 0,
  2,
];

test("four classes agree with scikit-learn", () => {
  near([accuracy(predicted, gold)], [0.675], bound);
  near([macroF1(predicted, gold, 4)], [0.678097959831706], bound);
  near([microF1(predicted, gold, 4)], [0.675], bound);
  near([matthews(predicted, gold, 4)], [0.574716139357744], bound);
});

test("two classes agree with scikit-learn", () => {
  const truth = [1, 0, 1, 1, 1, 1, 1, 0, 1, 1, 0, 1, 0, 0, 1, 1, 1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1, 0, 1];
  const guess = [1, 1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 1, 0, 0, 1, 1, 1, 1, 0, 1, 0, 1, 1, 1, 0, 1, 1, 1, 1, 1];
  near([binaryF1(guess, truth)], [0.7619047619047619], bound);
  near([matthews(guess, truth, 2)], [0.20634920634920634], bound);
});

test("a class that is never predicted has F1 0, and a constant guess has MCC 0", () => {
  near([macroF1([0, 0, 0, 0], [0, 0, 1, 1], 2)], [1 / 3], bound);
  assert.is(matthews([0, 0, 0, 0], [0, 0, 1, 1], 2), 0);
});

test("nothing to score is an error, not a number", () => {
  assert.throws(() => accuracy([], []), /nothing to score/);
  assert.throws(() => accuracy([1], [1, 2]), /1 predictions for 2/);
});

test.run();
