/** Expected numbers are scipy.stats.pearsonr and spearmanr on the same lists. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { pearson, ranks, spearman } from "../../../sdk/train/metrics/correlation.js";
import { near } from "../../helpers/near.js";

const test = suite("correlation");
const x = [2.5, 1.0, 2.0, 1.5, 2.0, 1.0, 2.0, 0.0, 1.5, 1.5, 1.0, 1.5, 2.0, 1.0, 1.5];
const y = [2.17, 2.25, 3.01, 2.35, 2.35, 2.08, 2.69, -1.21, 0.22, 1.42, 2.58, 1.36, 3.08, 1.22, 1.54];

test("Pearson and Spearman with ties agree with SciPy", () => {
  near([pearson(x, y), spearman(x, y)], [0.6614920304370191, 0.5406683948564428], { atol: 1e-12 });
});

test("equal values share the average of their ranks", () => {
  assert.equal([...ranks([3, 1, 3, 2])], [3.5, 1, 3.5, 2]);
});

test("a side that does not vary has no correlation", () => {
  assert.is(pearson([1, 1, 1], [1, 2, 3]), 0);
});

test.run();
