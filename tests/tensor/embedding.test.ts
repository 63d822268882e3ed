import { suite } from "uvu";
import * as assert from "uvu/assert";
import { embedding, embeddingSum, gatherRows } from "../../sdk/tensor/ops/embedding.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { backward } from "../../sdk/tensor/tape.js";
import { tensor } from "../../sdk/tensor/tensor.js";
import { engines } from "../helpers/engines.js";
import { near } from "../helpers/near.js";
import { parameter, weighed } from "../helpers/training.js";
import { wave } from "../helpers/wave.js";

const test = suite("embedding");

/** Rounding unit of f32. */
const UNIT = 2 ** -24;

for (const engine of engines) {
  test(`${engine.build}: rows of three tables add up, and so do their gradients`, () => {
    for (const width of [...Array.from({ length: 17 }, (_, i) => i + 1), 384]) {
      using _ = new Scope();
      const rows = 40;
      const sizes = [50, 11, 2];
      const values = sizes.map((entries, n) => wave(entries * width, n));
      const ids = sizes.map((entries, n) => Int32Array.from({ length: rows }, (_, i) => (i * (7 + n) + n) % entries));
      const tables = values.map((v, n) => parameter(engine, v, [sizes[n]!, width]));
      const probe = wave(rows * width, 9);
      const lookUp = () => embeddingSum(tables.map((t, n) => [t, ids[n]!] as const));
      const got = lookUp().toArray();
      const want = Float64Array.from(got, (_, at) => {
        const [row, column] = [Math.floor(at / width), at % width];
        return values.reduce((sum, v, n) => sum + v[ids[n]![row]! * width + column]!, 0);
      });
      near(got, want, { atol: 4 * UNIT }, "sum");
      for (let pass = 0; pass < 2; pass++) backward(() => weighed(lookUp(), probe));
      for (const [n, t] of tables.entries()) {
        const gradient = new Float64Array(t.size);
        for (let row = 0; row < rows; row++)
          for (let i = 0; i < width; i++) gradient[ids[n]![row]! * width + i]! += 2 * probe[row * width + i]!;
        // Up to 40 numbers below 1, twice.
        near(t.grad!.data, gradient, { atol: 40 * 80 * UNIT }, `gradient of table ${n}`);
      }
    }
  });

  test(`${engine.build}: rows that are wanted, some twice, some not at all`, () => {
    using _ = new Scope();
    const x = parameter(engine, [1, 2, 3, 4, 5, 6], [3, 2]);
    const index = Int32Array.of(2, 0, 2);
    assert.equal([...gatherRows(x, index).data], [5, 6, 1, 2, 5, 6]);
    backward(() => weighed(gatherRows(x, index), Float32Array.of(1, 2, 3, 4, 10, 20)));
    assert.equal([...x.grad!.data], [3, 4, 0, 0, 11, 22]);
    assert.equal([...gatherRows(x, new Int32Array(0)).data], []);
  });

  test(`${engine.build}: memory is flat`, () => {
    const live = [1, 2, 3].map(() => {
      {
        using _ = new Scope();
        backward(() => weighed(embedding(parameter(engine, wave(60), [6, 10]), Int32Array.of(1, 2)), wave(20)));
      }
      return engine.liveBytes;
    });
    assert.equal(live, [0, 0, 0]);
  });
}

test("an id outside the table throws an error that names it", () => {
  using _ = new Scope();
  const table = tensor(engines[0]!, wave(6), [3, 2]);
  assert.throws(() => embedding(table, Int32Array.of(0, 3)), /embedding: .*3.*\[0, 3\)/);
  assert.throws(() => gatherRows(table, Int32Array.of(-1)), /-1/);
});

test.run();
