/** Expected numbers are seqeval 1.2.2's, in its default mode and in strict mode with IOB2. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { entitiesOf, entityF1 } from "../../../sdk/train/metrics/entities.js";
import { near } from "../../helpers/near.js";

const test = suite("entities");
const gold = [
  ["B-PER", "I-PER", "O", "B-LOC"],
  ["O", "B-ORG", "I-ORG", "I-ORG", "O", "B-LOC"],
  ["I-PER", "O", "B-MISC", "I-LOC"],
];
const predicted = [
  ["B-PER", "I-PER", "O", "I-LOC"],
  ["O", "B-ORG", "I-ORG", "O", "O", "B-LOC"],
  ["I-PER", "O", "B-MISC", "I-MISC"],
];
const bound = { atol: 1e-12 };

test("lenient reading agrees with seqeval's default", () => {
  const { precision, recall, f1 } = entityF1(predicted, gold);
  near([precision, recall, f1], [0.6666666666666666, 0.5714285714285714, 0.6153846153846153], bound);
});

test("strict reading agrees with seqeval's IOB2", () => {
  const { precision, recall, f1 } = entityF1(predicted, gold, "strict");
  near([precision, recall, f1], [0.5, 0.4, 0.4444444444444445], bound);
});

test("I-X after another type begins an entity only in the lenient reading", () => {
  assert.equal(entitiesOf(["B-A", "I-B"]), [
    { type: "A", begin: 0, end: 1 },
    { type: "B", begin: 1, end: 2 },
  ]);
  assert.equal(entitiesOf(["B-A", "I-B"], "strict"), [{ type: "A", begin: 0, end: 1 }]);
});

test.run();
