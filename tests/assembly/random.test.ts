import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Engine } from "../../sdk/engine/engine.js";
import { fillNormal, fillTruncatedNormal, fillUniform } from "../../sdk/tensor/ops/random.js";
import { philox } from "../../sdk/tensor/random.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { empty, type Tensor } from "../../sdk/tensor/tensor.js";
import { engines } from "../helpers/engines.js";
import { normalBelow } from "../helpers/special.js";

const test = suite("random numbers");

/** Known answers of Philox 4x32-10, from kat_vectors of Random123 (Salmon et al. 2011): counter, key, result. */
const KNOWN = [
  [
    [0, 0, 0, 0],
    [0, 0],
    [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  ],
  [Array(4).fill(0xffffffff), Array(2).fill(0xffffffff), [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]],
  [
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ],
] as const;

function words(engine: Engine, count: number, write: (address: number) => void): number[] {
  const address = engine.alloc(4 * count);
  write(address);
  const got = [...new Uint32Array(engine.memory.buffer, address, count)];
  engine.release(address);
  return got;
}

/** The largest distance between the observed and the expected distribution function (Kolmogorov & Smirnov). */
function distance(values: Float32Array, below: (x: number) => number): number {
  const sorted = values.slice().sort();
  return sorted.reduce((most, x, i) => {
    const expected = below(x);
    return Math.max(most, Math.abs(expected - i / sorted.length), Math.abs(expected - (i + 1) / sorted.length));
  }, 0);
}

function filled(engine: Engine, count: number, fill: (t: Tensor) => void): Float32Array {
  using _ = new Scope();
  const t = empty(engine, [count]);
  fill(t);
  return t.toArray();
}

const key = { seed: 7, stream: 3 };
const COUNT = 200_000;
/** A true distribution is farther off with a chance of 2 exp(-2 * 2.2²) = 1e-4; the seeds are fixed. */
const FAR = 2.2 / Math.sqrt(COUNT);

for (const engine of engines) {
  test(`${engine.build}: known answers of Philox`, () => {
    for (const [[c0, c1, c2, c3], [k0, k1], want] of KNOWN) {
      const got = words(engine, 4, (to) => engine.kernels.philoxBlock(to, c0, c1, c2, c3, k0, k1));
      assert.equal(got, want);
      assert.equal(philox([c0, c1, c2, c3], [k0, k1]), want, "the host's");
    }
  });

  test(`${engine.build}: sixteen words at a time equal the words one by one, for any range`, () => {
    const [seed, step, stream] = [0xdeadbeef, 0x87654321, 5];
    for (const count of [...Array(35).keys()].map((n) => n + 1)) {
      const got = words(engine, count, (to) => engine.kernels.randomBits(to, seed, step, stream, 0, count));
      const want = got.map((_, i) => philox([i >> 2, step, stream, 0], [seed, 0])[i & 3]);
      assert.equal(got, want);
    }
  });

  test(`${engine.build}: uniform, normal and truncated normal values are distributed so`, () => {
    const uniform = filled(engine, COUNT, (t) => fillUniform(t, -1, 3, key));
    assert.ok(uniform.every((x) => x >= -1 && x < 3));
    assert.ok(distance(uniform, (x) => (x + 1) / 4) < FAR);
    const normal = filled(engine, COUNT, (t) => fillNormal(t, 0.02, key));
    assert.ok(distance(normal, (x) => normalBelow(x / 0.02)) < FAR);
    const truncated = filled(engine, COUNT, (t) => fillTruncatedNormal(t, 0.5, key));
    assert.ok(truncated.every((x) => Math.abs(x) <= 1));
    const [low, range] = [normalBelow(-2), normalBelow(2) - normalBelow(-2)];
    assert.ok(distance(truncated, (x) => (normalBelow(2 * x) - low) / range) < FAR);
  });

  test(`${engine.build}: a normal value is the quantile of its random word`, () => {
    const count = 20_000;
    const z = filled(engine, count, (t) => fillNormal(t, 1, key));
    const cut = filled(engine, count, (t) => fillTruncatedNormal(t, 1, key));
    for (let i = 0; i < count; i++) {
      const word = philox([i >> 2, 0, key.stream, 1], [key.seed, 0])[i & 3]! | 0;
      const chance = (1 + (2 * word + 1) / 2 ** 32) / 2;
      // An error of 4e-7 of z, as the fit is good for, moves the chance by that times z and the density, at most 0.25.
      assert.ok(Math.abs(normalBelow(z[i]!) - chance) < 1.5e-7, `element ${i}`);
      const inside = normalBelow(-2) + chance * (normalBelow(2) - normalBelow(-2));
      assert.ok(Math.abs(normalBelow(cut[i]!) - inside) < 1.5e-7, `element ${i}, truncated`);
    }
  });

  test(`${engine.build}: other seeds and streams give other values, the same key the same, whatever the length`, () => {
    const draw = (seed: number, stream: number, count = 100) =>
      filled(engine, count, (t) => fillNormal(t, 1, { seed, stream }));
    const first = draw(1, 1);
    assert.equal(draw(1, 1), first);
    for (const [seed, stream] of [
      [2, 1],
      [1, 2],
      [0, 0],
    ] as const) {
      assert.ok(draw(seed, stream).filter((x, i) => x === first[i]).length < 2);
    }
    for (let count = 1; count <= 17; count++) assert.equal(draw(1, 1, count), first.slice(0, count));
  });
}

test.run();
