/** Corruption that is drawn again until the model can read it. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Sample, seed } from "../../sdk/data.js";
import { fittingObjective } from "../../sdk/objectives/fitting.js";
import { sequenceToSequence } from "../../sdk/objectives/sequence-to-sequence.js";

const text: Sample = {
  ids: Int32Array.of(1, 2, 3),
  segments: new Uint8Array(3),
  special: new Uint8Array(3),
  words: Int32Array.of(0, 1, 2),
  labels: {},
};

/** Makes the text longer by as many tokens, one number a draw. */
function lengthening(added: readonly number[]) {
  const draws: number[] = [];
  const objective = sequenceToSequence("test", (sample, rng) => {
    draws.push(rng());
    return { ...sample, ids: new Int32Array(sample.ids.length + added[Math.min(draws.length, added.length) - 1]!) };
  });
  return { objective, draws };
}

test("a corruption that fits is the first draw of the objective itself", () => {
  const { objective, draws } = lengthening([1]);
  assert.is(fittingObjective(objective, 4).corrupt(text, seed(7)).ids.length, 4);
  assert.equal(draws, [seed(7)()]);
});

test("one that is too long is drawn again with other numbers, until it fits", () => {
  const { objective, draws } = lengthening([3, 2, 0]);
  assert.is(fittingObjective(objective, 4).corrupt(text, seed(7)).ids.length, 3);
  assert.is(new Set(draws).size, 3);
});

test("one that never fits is an error that names the limit", () => {
  const { objective, draws } = lengthening([2]);
  const never = () => fittingObjective(objective, 4, "--max-length").corrupt(text, seed(7));
  assert.throws(never, /--max-length 4: a text of 3 tokens is longer once it is corrupted/);
  assert.is(draws.length, 100);
});

test.run();
