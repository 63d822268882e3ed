import { suite } from "uvu";
import * as assert from "uvu/assert";
import { totalWeight, weightedCrossEntropy } from "../../sdk/heads/class-weights.js";
import { IGNORE } from "../../sdk/tensor/ops/loss.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { backward } from "../../sdk/tensor/tape.js";
import { engines } from "../helpers/engines.js";
import { near } from "../helpers/near.js";
import { numericGradient, parameter } from "../helpers/training.js";

const test = suite("class weights");
const [engine] = engines;

const SCORES = [0.5, -1, 2, 0.1, 0.3, -0.2, 1.5, 1, -0.7, 0.4, 0.9, 0];
const LABELS = Int32Array.of(2, 0, IGNORE, 2);
const WEIGHTS = [3, 1, 0.25];

/** PyTorch's CrossEntropyLoss(weight=WEIGHTS), written out. */
function definition(scores: ArrayLike<number>): number {
  let [sum, total] = [0, 0];
  for (const [row, label] of LABELS.entries()) {
    if (label === IGNORE) continue;
    const own = [0, 1, 2].map((c) => scores[3 * row + c]!);
    const loss = Math.log(own.reduce((z, x) => z + Math.exp(x), 0)) - own[label]!;
    sum += WEIGHTS[label]! * loss;
    total += WEIGHTS[label]!;
  }
  return sum / total;
}

test("loss and gradient are those of PyTorch's definition", () => {
  using _ = new Scope();
  assert.is(totalWeight(LABELS, WEIGHTS), 3.5);
  const scores = parameter(engine!, SCORES, [4, 3]);
  const loss = backward(() => weightedCrossEntropy(scores, LABELS, WEIGHTS, 3.5));
  // A handful of f32 operations on numbers below 4.
  near([loss.item()], [definition(SCORES)], { atol: 1e-6 });
  near(scores.grad!.toArray(), numericGradient(definition, SCORES), { atol: 1e-6 });
});

test("classes of weight 0 are ignored, even if there are no others", () => {
  using _ = new Scope();
  const scores = parameter(engine!, SCORES, [4, 3]);
  const loss = backward(() => weightedCrossEntropy(scores, LABELS, [0, 1, 0], 0));
  assert.is(loss.item(), 0);
  assert.ok([...(scores.grad?.toArray() ?? [])].every((g) => g === 0));
  assert.throws(() => totalWeight(LABELS, [1, 1]), /2 weights for a label of class 2/);
});

test.run();
