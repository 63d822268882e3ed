/** Logits processors, each on a row of a few scores. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  badWordsRule,
  biasRule,
  forcedRule,
  lengthDecayRule,
  noRepeatRule,
  notBeforeRule,
  renormalizeRule,
  repetitionRule,
} from "../../sdk/generate/rules.js";
import { temperatureRule, topKRule, topPRule } from "../../sdk/generate/sampling-rules.js";
import { softmax } from "../../sdk/heads/probabilities.js";
import { ArgumentError } from "../../sdk/options.js";

const test = suite("rules");

const apply = (
  rule: (scores: Float32Array, written: readonly number[]) => void,
  scores: readonly number[],
  written: readonly number[] = [],
) => {
  const row = Float32Array.from(scores);
  rule(row, written);
  return Array.from(row, (x) => Math.round(x * 1000) / 1000);
};
const NO = Number.NEGATIVE_INFINITY;

test("rules", () => {
  assert.equal(apply(temperatureRule(0.5), [1, -2]), [2, -4]);
  assert.equal(apply(topKRule(2), [1, 3, 2, 3]), [NO, 3, NO, 3]);
  assert.equal(apply(topKRule(9), [1, 3]), [1, 3]);
  const shares = [0.5, 0.3, 0.15, 0.05].map((p) => Math.fround(Math.log(p)));
  const p = (row: Float32Array) => Float32Array.from(softmax(row));
  assert.equal(
    apply(topPRule(0.7, p), shares).map((x) => x === NO),
    [false, false, true, true],
  );
  assert.equal(
    apply(topPRule(0.01, p), shares).map((x) => x === NO),
    [false, true, true, true],
  );
  assert.equal(apply(repetitionRule(2), [4, -4, 4], [0, 1, 1]), [2, -8, 4]);
  assert.equal(apply(noRepeatRule(2), [0, 0, 0], [1, 2, 1]), [0, 0, NO]);
  assert.equal(apply(noRepeatRule(2), [0, 0, 0], [1, 2]), [0, 0, 0]);
  assert.equal(apply(noRepeatRule(1), [0, 0, 0], [1]), [0, NO, 0]);
  assert.equal(apply(badWordsRule([[2], [0, 1]]), [0, 0, 0], [1, 0]), [0, NO, NO]);
  assert.equal(apply(forcedRule(1, 2), [5, 5, 5], [0, 0]), [NO, 0, NO]);
  assert.equal(apply(forcedRule(1, 2), [5, 5, 5], [0]), [5, 5, 5]);
  assert.equal(apply(notBeforeRule([1], 3), [5, 5, 5], [0, 0]), [5, NO, 5]);
  assert.equal(
    apply(
      biasRule([
        [[2], 3],
        [[0, 1], -2],
        [[1, 1], 9],
      ]),
      [0, 0, 0],
      [1, 0],
    ),
    [0, -2, 3],
  );
  assert.equal(apply(lengthDecayRule([0, 1, 2], 1, 1.5), [4, -4, NO], [0, 0, 0]), [9, 1, NO]);
  assert.equal(apply(lengthDecayRule([0], 3, 1.5), [4, -4], [0, 0, 0]), [4, -4]);
  assert.equal(apply(renormalizeRule(), [1, 1, 1, NO]), [-1.099, -1.099, -1.099, NO]);
  for (const broken of [
    () => temperatureRule(0),
    () => topKRule(0),
    () => topPRule(1.5, p),
    () => repetitionRule(0),
    () => noRepeatRule(0),
    () => apply(forcedRule(3, 1), [5, 5, 5], [0]),
  ])
    assert.throws(broken, (error: unknown) => error instanceof ArgumentError);
});

test.run();
