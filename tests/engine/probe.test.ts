/** Probes: the fastest of several ways, on clocks that advance and on clocks that do not. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { fastest } from "../../sdk/engine/probe.js";

const test = suite("probes");

/** Work on a clock of the test's own: a way of `cost` milliseconds moves it by as much. */
function onClock<T>(run: (way: (cost: number) => () => void) => T, moves = 1): T {
  const { now } = performance;
  let time = 1000;
  performance.now = () => time;
  try {
    return run((cost) => () => {
      time += moves * cost;
    });
  } finally {
    performance.now = now;
  }
}

test("the fastest candidate is chosen, at any position", () => {
  for (const costs of [
    [0.01, 0.02, 0.03],
    [0.03, 0.01, 0.02],
    [0.02, 0.03, 0.01],
  ])
    assert.is(
      onClock((way) => fastest(costs.map(way))),
      costs.indexOf(0.01),
    );
});

test("if the clock does not advance while code runs, the first candidate is taken, and the probe ends", () => {
  assert.is(
    onClock((way) => fastest([way(0.03), way(0.01)]), 0),
    0,
  );
});

test.run();
