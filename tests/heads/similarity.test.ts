import { suite } from "uvu";
import * as assert from "uvu/assert";
import { cosine, nearest, similarityOf } from "../../sdk/heads/similarity.js";
import { near } from "../helpers/near.js";

const test = suite("similarity");

test("cosine, dot product and distances", () => {
  near([cosine([3, 0], [3, 3])], [Math.SQRT1_2], { rtol: 1e-15 });
  assert.is(cosine([0, 0], [1, 2]), 0);
  assert.is(cosine([1, 2], [-1, -2]), -1);
  assert.throws(() => cosine([1], [1, 2]), /vectors of 1 and of 2 numbers/);
  assert.is(similarityOf("dot")([1, 2], [3, 4]), 11);
  assert.is(similarityOf("euclidean")([1, 2], [4, 6]), -5);
  assert.is(similarityOf("manhattan")([1, 2], [4, 6]), -7);
  assert.is(similarityOf("euclidean")([1, 2], [1, 2]), 0);
});

test("the nearest come first, ties in order, by the chosen measure", () => {
  const candidates = [
    [0, 1],
    [2, 2],
    [5, 0],
    [1, 0],
  ];
  const order = (...rest: [] | ["dot" | "euclidean"]) =>
    nearest([1, 0], candidates, 3, ...rest).map(({ index }) => index);
  assert.equal(order(), [2, 3, 1]);
  assert.equal(order("dot"), [2, 1, 3]);
  assert.equal(order("euclidean"), [3, 0, 1]);
  assert.equal(nearest([1, 0], [], 3), []);
});

test.run();
