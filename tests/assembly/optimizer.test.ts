import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Engine } from "../../sdk/engine/engine.js";
import { engines } from "../helpers/engines.js";
import { near } from "../helpers/near.js";
import { wave } from "../helpers/wave.js";

const test = suite("optimizer kernels");

/** Rounding unit of f32. */
const UNIT = 2 ** -24;

interface State {
  readonly w: Float32Array;
  readonly g: Float32Array;
  readonly m: Float32Array;
  readonly v: Float32Array;
}

function state(length: number): State {
  return {
    w: wave(length, 1),
    g: wave(length, 2),
    m: wave(length, 3).map((x) => x / 10),
    v: wave(length, 4).map((x) => x * x),
  };
}

/** Put a state into the engine's memory, run a kernel on it, and read it back. */
function run(
  engine: Engine,
  before: State,
  kernel: (w: number, g: number, m: number, v: number, length: number) => void,
): State {
  const arrays = [before.w, before.g, before.m, before.v];
  const addresses = arrays.map((values) => {
    const address = engine.alloc(values.byteLength);
    new Float32Array(engine.memory.buffer, address, values.length).set(values);
    return address;
  });
  const [w, g, m, v] = addresses as [number, number, number, number];
  kernel(w, g, m, v, before.w.length);
  const [a, b, c, d] = addresses.map((address) =>
    new Float32Array(engine.memory.buffer, address, before.w.length).slice(),
  );
  for (const address of addresses) engine.release(address);
  return { w: a!, g: b!, m: c!, v: d! };
}

const [SCALE, RATE, DECAY, BETA1, BETA2, EPS] = [0.5, 1e-2, 0.1, 0.9, 0.999, 1e-6];
const LENGTHS = [...Array.from({ length: 17 }, (_, i) => i + 1), 1000];

for (const engine of engines) {
  test(`${engine.build}: AdamW agrees with the definition, and clears the gradient`, () => {
    for (const length of LENGTHS) {
      const before = state(length);
      const [step, root] = [RATE / (1 - BETA1 ** 3), Math.sqrt(1 - BETA2 ** 3)];
      const after = run(engine, before, (w, g, m, v, n) =>
        engine.kernels.adamW(w, g, m, v, SCALE, RATE * DECAY, 1 - BETA1, BETA2, 1 - BETA2, step, root, EPS, 0, n),
      );
      const m = Array.from(before.m, (x, i) => BETA1 * x + (1 - BETA1) * SCALE * before.g[i]!);
      const v = Array.from(before.v, (x, i) => BETA2 * x + (1 - BETA2) * (SCALE * before.g[i]!) ** 2);
      const w = Array.from(
        before.w,
        (x, i) => x * (1 - RATE * DECAY) - (step * m[i]!) / (Math.sqrt(v[i]!) / root + EPS),
      );
      near(after.m, m, { atol: 4 * UNIT }, "m");
      near(after.v, v, { rtol: 6 * UNIT }, "v");
      // The update is at most step * 0.2 * root / sqrt(v); where v is small it is large, and so is its rounding.
      near(after.w, w, { atol: 4 * UNIT, rtol: 16 * UNIT }, "w");
      assert.equal([...after.g], Array(length).fill(0));
    }
  });

  test(`${engine.build}: LAMB's direction and step agree with the definition`, () => {
    for (const length of LENGTHS) {
      const before = state(length);
      const after = run(engine, before, (w, g, m, v, n) =>
        engine.kernels.lambDirection(g, w, m, v, SCALE, DECAY, 1 - BETA1, BETA2, 1 - BETA2, EPS, 0, n),
      );
      const m = Array.from(before.m, (x, i) => BETA1 * x + (1 - BETA1) * SCALE * before.g[i]!);
      const v = Array.from(before.v, (x, i) => BETA2 * x + (1 - BETA2) * (SCALE * before.g[i]!) ** 2);
      near(
        after.g,
        m.map((x, i) => x / (Math.sqrt(v[i]!) + EPS) + DECAY * before.w[i]!),
        { atol: 4 * UNIT, rtol: 16 * UNIT },
      );
      assert.equal(after.w, before.w);
      const down = run(engine, before, (w, g, _m, _v, n) => engine.kernels.descend(w, g, 0.25, 0, n));
      near(
        down.w,
        Array.from(before.w, (x, i) => x - 0.25 * before.g[i]!),
        { atol: 2 * UNIT },
      );
      assert.equal([...down.g], Array(length).fill(0));
    }
  });

  test(`${engine.build}: the first step of Adam is the rate, of the original BERT 3.1623 times as much`, () => {
    const zero = {
      w: new Float32Array(5),
      g: Float32Array.of(1, -1, 0.5, -2, 3),
      m: new Float32Array(5),
      v: new Float32Array(5),
    };
    const signs = [1, -1, 1, -1, 1];
    const first = (step: number, root: number) =>
      run(engine, zero, (w, g, m, v, n) =>
        engine.kernels.adamW(w, g, m, v, 1, 0, 1 - BETA1, BETA2, 1 - BETA2, step, root, 0, 0, n),
      ).w;
    near(
      first(RATE / (1 - BETA1), Math.sqrt(1 - BETA2)),
      signs.map((s) => -RATE * s),
      { rtol: 16 * UNIT },
    );
    near(
      first(RATE, 1),
      signs.map((s) => -RATE * 3.16227766 * s),
      { rtol: 64 * UNIT },
    );
  });

  test(`${engine.build}: moments decay to exact zero without a gradient, never to denormals; NaN stays`, () => {
    let s: State = {
      w: wave(8),
      g: new Float32Array(8),
      m: new Float32Array(8).fill(1e-3),
      v: new Float32Array(8).fill(1e-29),
    };
    for (let i = 0; i < 800; i++)
      s = run(engine, s, (w, g, m, v, n) =>
        engine.kernels.adamW(w, g, m, v, 1, 0, 1 - BETA1, 0.99, 0.01, RATE, 1, EPS, 0, n),
      );
    assert.equal([...s.m, ...s.v], Array(16).fill(0));
    const broken = run(engine, { ...s, g: new Float32Array(8).fill(Number.NaN) }, (w, g, m, v, n) =>
      engine.kernels.adamW(w, g, m, v, 1, 0, 1 - BETA1, BETA2, 1 - BETA2, RATE, 1, EPS, 0, n),
    );
    for (const values of [broken.w, broken.m, broken.v]) assert.ok(values.every(Number.isNaN));
  });
}

test.run();
