import { suite } from "uvu";
import * as assert from "uvu/assert";
import { macroF1 } from "../../../sdk/train/metrics/classification.js";
import { classFigures, confusionMatrix } from "../../../sdk/train/metrics/confusion.js";
import { near } from "../../helpers/near.js";

const test = suite("confusion");

const gold = [0, 0, 0, 1, 1, 2];
const predicted = [0, 0, 1, 1, 0, 1];

test("rows are the right classes, columns the predicted ones", () => {
  assert.equal(confusionMatrix(predicted, gold, 3), [
    [2, 1, 0],
    [1, 1, 0],
    [0, 1, 0],
  ]);
});

test("precision, recall and F1 of each class; 0 for one that is never predicted", () => {
  const figures = classFigures(confusionMatrix(predicted, gold, 3));
  near(
    figures.flatMap(({ precision, recall, f1, support }) => [precision, recall, f1, support]),
    [2 / 3, 2 / 3, 2 / 3, 3, 1 / 3, 1 / 2, 2 / 5, 2, 0, 0, 0, 1],
    // One division of small whole numbers.
    { atol: 1e-15 },
  );
  const mean = figures.reduce((sum, { f1 }) => sum + f1 / 3, 0);
  near([mean], [macroF1(predicted, gold, 3)], { atol: 1e-15 });
});

test("a value that is not a class is refused", () => {
  assert.throws(
    () => confusionMatrix([3], [0], 3),
    /item 0 has gold 0 and prediction 3; both must be classes from 0 to 2/,
  );
  assert.throws(() => confusionMatrix([0, 1], [0], 3), /2 predictions for 1/);
});

test.run();
