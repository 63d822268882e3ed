import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  constantSchedule,
  cosineSchedule,
  inverseSquareRootSchedule,
  linearSchedule,
  multipliedLinearSchedule,
  originalLinearSchedule,
  type Schedule,
} from "../../../sdk/train/optim/schedule.js";
import { near } from "../../helpers/near.js";

const test = suite("schedules");

const STEPS = [0, 5, 9, 10, 11, 50, 99, 100, 1000];
/** Values are written to five digits. */
const DIGITS = { atol: 5e-6 };

function at(schedule: Schedule): number[] {
  return STEPS.map(schedule);
}

test("linear: the decay begins where the warm-up ends", () => {
  near(at(linearSchedule(1, 10, 100)), [0, 0.5, 0.9, 1, 0.98889, 0.55556, 0.01111, 0, 0], DIGITS);
  near(at(linearSchedule(1, 0, 100)), [1, 0.95, 0.91, 0.9, 0.89, 0.5, 0.01, 0, 0], DIGITS);
});

test("linear as the original BERT: the rate drops where the warm-up ends", () => {
  near(at(originalLinearSchedule(1, 10, 100)), [0, 0.5, 0.9, 0.9, 0.89, 0.5, 0.01, 0, 0], DIGITS);
});

test("linear as ELECTRA: the warm-up multiplies the decay", () => {
  near(at(multipliedLinearSchedule(1, 10, 100)), [0, 0.475, 0.819, 0.9, 0.89, 0.5, 0.01, 0, 0], DIGITS);
});

test("constant, with and without warm-up", () => {
  assert.ok(at(constantSchedule(2)).every((rate) => rate === 2));
  near(at(constantSchedule(2, 10)), [0, 1, 1.8, 2, 2, 2, 2, 2, 2], DIGITS);
});

test("cosine: from the peak to the lowest rate", () => {
  const middle = (step: number): number => 0.1 + 0.45 * (1 + Math.cos((Math.PI * (step - 10)) / 90));
  near(
    at(cosineSchedule(1, 10, 100, 0.1)),
    [1 / 11, 6 / 11, 10 / 11, 1, middle(11), middle(50), middle(99), 0.1, 0.1],
    DIGITS,
  );
});

test("inverse square root: after four warm-ups the half", () => {
  const schedule = inverseSquareRootSchedule(1, 10);
  near([0, 5, 10, 40, 160, 1000].map(schedule), [0, 0.5, 1, 0.5, 0.25, 0.1], DIGITS);
  assert.is(inverseSquareRootSchedule(1, 0)(0), 1);
});

test("every schedule is finite and never negative", () => {
  const all = [
    linearSchedule(1, 10, 10),
    linearSchedule(1, 0, 0),
    originalLinearSchedule(1, 0, 1),
    multipliedLinearSchedule(1, 3, 3),
    cosineSchedule(1, 0, 1, 0),
    constantSchedule(1),
    inverseSquareRootSchedule(1, 0),
  ];
  for (const schedule of all)
    for (let step = 0; step < 30; step++)
      assert.ok(schedule(step) >= 0 && schedule(step) <= 1, `${schedule(step)} at ${step}`);
});

test.run();
