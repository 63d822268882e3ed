/** Computations in steps: at once, in turns, several at a time, stopped in the middle. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Engine } from "../../sdk/engine/engine.js";
import { add } from "../../sdk/tensor/ops/elementwise.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { atOnce, eachByItsSteps, eachInSteps, type Progress, type Steps } from "../../sdk/tensor/steps.js";
import { backward } from "../../sdk/tensor/tape.js";
import { tensor } from "../../sdk/tensor/tensor.js";
import { inTurns, Pace, type TurnHost, turns, yieldTurn } from "../../sdk/tensor/turns.js";

const test = suite("turns");
const engine = await Engine.create();

/** A clock that moves by `step` milliseconds when it is read, and counts turns. */
function counting(step: number): TurnHost & { given: number } {
  let time = 0;
  return {
    given: 0,
    now: () => (time += step),
    yieldTurn() {
      this.given++;
      return new Promise((resolve) => setImmediate(resolve));
    },
  };
}

/** Adds 1 to `from`, `times` times, with a scope open all the while that owns every sum. */
function* sum(from: number, times: number): Steps<number> {
  using _ = new Scope();
  let x = tensor(engine, [from]);
  for (let i = 0; i < times; i++) {
    x = add(x, tensor(engine, [1]));
    yield { done: i + 1, total: times };
  }
  return x.data[0]!;
}

test("steps give the same at once and in turns", async () => {
  assert.is(atOnce(sum(5, 30)), 35);
  assert.is(await inTurns(sum(5, 30)), 35);
  assert.is(engine.liveBytes, 0);
});

test("a turn ends after 8 ms, and after 64 steps where the clock does not move", async () => {
  // The clock is read after each step and at the beginning of each turn: 3 ms each.
  const moving = counting(3);
  await inTurns(sum(0, 30), {}, moving);
  assert.is(moving.given, 10);
  const still = counting(0);
  await inTurns(sum(0, 640), {}, still);
  assert.is(still.given, 10);
});

test("computations that alternate keep their scopes apart, and leave the caller's alone", async () => {
  let early: Promise<number>;
  {
    using scope = new Scope();
    early = inTurns(sum(0, 100), {}, counting(9));
    tensor(engine, [1]);
    assert.is(Scope.current, scope);
  }
  assert.is(await early, 100);
  const all = [0, 1, 2, 3].map((from) => inTurns(sum(from, 40 + from), {}, counting(9)));
  assert.equal(await Promise.all(all), [40, 42, 44, 46]);
  assert.is(Scope.current, null);
});

test("a computation that begins within a backward pass is not on its tape", async () => {
  let inside: Promise<number> | undefined;
  const w = tensor(engine, [2]);
  w.storage.traced = true;
  {
    using _ = new Scope();
    backward(() => {
      inside = inTurns(sum(0, 3), {}, counting(9));
      return add(w, w);
    });
    assert.is(w.grad!.data[0], 2);
  }
  assert.is(await inside, 3);
  w.storage[Symbol.dispose]();
  assert.is(engine.liveBytes, 0);
});

test("an aborted computation gives everything back and is rejected with the signal's reason", async () => {
  for (const [done, reason] of [
    [0, new Error("before it began")],
    [7, "any reason"],
  ] as const) {
    const controller = new AbortController();
    if (done === 0) controller.abort(reason);
    const seen: Progress[] = [];
    const onProgress = (progress: Progress): void => {
      seen.push(progress);
      if (progress.done === done) controller.abort(reason);
    };
    const caught = await inTurns(sum(0, 20), { signal: controller.signal, onProgress }).catch((error) => error);
    assert.is(caught, reason);
    assert.is(seen.length, done);
    assert.is(engine.liveBytes, 0);
    assert.is(Scope.current, null);
  }
});

test("an error of a step, and one of onProgress, reject and give everything back", async () => {
  function* failing(): Steps<number> {
    using _ = new Scope();
    tensor(engine, [1]);
    yield;
    throw new RangeError("in a step");
  }
  assert.is(await inTurns(failing()).catch((error) => (error as Error).message), "in a step");
  const onProgress = (): void => {
    throw new RangeError("in onProgress");
  };
  assert.is(await inTurns(sum(0, 3), { onProgress }).catch((error) => (error as Error).message), "in onProgress");
  assert.is(engine.liveBytes, 0);
});

test("whoever leaves the loop over reports closes the computation", async () => {
  for await (const { done } of turns(sum(0, 10))) if (done === 3) break;
  assert.is(engine.liveBytes, 0);
});

test("timers run between turns", async () => {
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  let given = 0;
  const counted = (): Promise<void> => {
    given++;
    return yieldTurn();
  };
  const busy = eachInSteps(Array.from({ length: 40 }), () => {
    const end = performance.now() + 3;
    while (performance.now() < end);
  });
  await inTurns(busy, {}, { now: () => performance.now(), yieldTurn: counted });
  clearInterval(timer);
  // Every turn is longer than the interval, so the timer is due in each; the first comes due while the first turn runs.
  assert.ok(given >= 10, `${given} turns`);
  assert.ok(ticks >= given - 1, `${ticks} ticks in ${given} turns`);
});

test("an edge runtime in which setImmediate and channels throw gives way by timers", async () => {
  const refuse = (): never => {
    throw new Error("not supported in the Edge Runtime");
  };
  const edge = { EdgeRuntime: "edge-runtime", setImmediate: refuse, MessageChannel: refuse };
  const before = Object.getOwnPropertyDescriptors(globalThis) as Record<string, PropertyDescriptor>;
  for (const [name, value] of Object.entries(edge))
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  try {
    await yieldTurn();
  } finally {
    for (const name of Object.keys(edge))
      if (before[name]) Object.defineProperty(globalThis, name, before[name]);
      else Reflect.deleteProperty(globalThis, name);
  }
});

test("progress of nested steps counts the outer items", () => {
  const reports: (Progress | undefined)[] = [];
  const steps = eachByItsSteps([1, 2], (n) => sum(0, n));
  for (const report of { [Symbol.iterator]: () => steps }) reports.push(report);
  assert.equal(reports.filter(Boolean), [
    { done: 1, total: 2 },
    { done: 2, total: 2 },
  ]);
});

test("pace: gives way when its time is over, and stops when it is told to", async () => {
  const host = counting(3);
  const controller = new AbortController();
  const pace = new Pace(controller.signal, host);
  for (let i = 0; i < 8; i++) await pace.step();
  assert.is(host.given, 2);
  controller.abort(new Error("enough"));
  assert.is(await pace.step().catch((error) => (error as Error).message), "enough");
});

test.run();
