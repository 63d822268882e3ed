import { suite } from "uvu";
import * as assert from "uvu/assert";
import { dropout } from "../../sdk/tensor/ops/dropout.js";
import { add } from "../../sdk/tensor/ops/elementwise.js";
import { philox } from "../../sdk/tensor/random.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { backward } from "../../sdk/tensor/tape.js";
import { type Tensor, tensor } from "../../sdk/tensor/tensor.js";
import { engines } from "../helpers/engines.js";
import { parameter, weighed } from "../helpers/training.js";
import { wave } from "../helpers/wave.js";

const test = suite("dropout");

const key = { seed: 11, step: 4 };

for (const engine of engines) {
  test(`${engine.build}: elements go by their random word, forward and backward, for any length`, () => {
    for (const length of [...Array(150).keys()].map((n) => n + 1)) {
      using _ = new Scope();
      const values = wave(length, 1);
      const probe = wave(length, 2);
      const x = parameter(engine, values);
      let y: Tensor | undefined;
      for (let pass = 0; pass < 2; pass++) backward(() => weighed((y = dropout(x, 0.3)), probe), key);
      const threshold = Math.round(0.3 * 2 ** 16);
      const keep = Math.fround(2 ** 16 / (2 ** 16 - threshold));
      // Two elements to a word of the eight that a block of Philox decides on, the lower half first.
      const bits = (i: number) =>
        (philox([i >> 3, key.step, 0, 0], [key.seed, 0])[(i >> 1) & 3]! >>> (16 * (i & 1))) & 0xffff;
      const kept = Array.from(values, (_, i) => bits(i) >= threshold);
      assert.equal(
        [...y!.data],
        Array.from(values, (v, i) => (kept[i] ? Math.fround(v * keep) : 0)),
      );
      assert.equal(
        [...x.grad!.data],
        Array.from(probe, (v, i) => (kept[i] ? Math.fround(2 * Math.fround(v * keep)) : 0)),
      );
    }
  });

  test(`${engine.build}: the share that goes, and two sites of one pass, are independent`, () => {
    using _ = new Scope();
    const length = 100_000;
    const x = parameter(engine, new Float32Array(length).fill(1));
    const kept: Float32Array[] = [];
    backward(() => {
      const [a, b] = [dropout(x, 0.1), dropout(x, 0.1)];
      kept.push(a.toArray(), b.toArray());
      return weighed(add(a, b), wave(length));
    }, key);
    const gone = (values: Float32Array) => values.filter((v) => v === 0).length / length;
    const both = kept[0]!.filter((v, i) => v === 0 && kept[1]![i] === 0).length / length;
    // Four standard deviations of a share of 0.1 and of 0.01.
    for (const values of kept) assert.ok(Math.abs(gone(values) - 0.1) < 4 * Math.sqrt(0.09 / length));
    assert.ok(Math.abs(both - 0.01) < 4 * Math.sqrt(0.0099 / length));
  });

  test(`${engine.build}: without a tape with randomness nothing is dropped`, () => {
    using _ = new Scope();
    const x = parameter(engine, wave(10));
    assert.is(dropout(x, 0.5), x);
    backward(() => {
      assert.is(dropout(x, 0.5), x);
      return weighed(x, wave(10));
    });
    assert.is(dropout(x, 0), x);
  });
}

test("a share that is none is refused", () => {
  using _ = new Scope();
  const x = tensor(engines[0]!, [1]);
  for (const p of [-0.1, 1, Number.NaN])
    assert.throws(() => dropout(x, p), /dropout: p must be a share from 0 up to but not 1/);
});

test.run();
