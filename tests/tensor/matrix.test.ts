import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Engine } from "../../sdk/engine/engine.js";
import { DisposedError } from "../../sdk/engine/errors.js";
import { Matrix, matrix, type Orientation } from "../../sdk/tensor/matrix.js";
import { affine } from "../../sdk/tensor/ops/affine.js";
import { embedding } from "../../sdk/tensor/ops/embedding.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { backward } from "../../sdk/tensor/tape.js";
import { tensor } from "../../sdk/tensor/tensor.js";
import { engines } from "../helpers/engines.js";
import { weighed } from "../helpers/training.js";
import { wave } from "../helpers/wave.js";

const test = suite("matrix");

const SHAPES = [
  [1, 1],
  [16, 16],
  [17, 5],
  [5, 17],
  [32, 64],
  [50, 33],
] as const;
const ORIENTATIONS: readonly Orientation[] = ["out-inner", "inner-out"];

/** x Wᵀ of a row of waves, as numbers that stay. */
function product(engine: Engine, w: Matrix): Float32Array {
  using _ = new Scope();
  return affine(tensor(engine, wave(w.inner, 3), [1, w.inner]), w, null).toArray();
}

for (const engine of engines) {
  test(`${engine.build}: values are the same whatever layout they went through`, () => {
    const before = engine.liveBytes;
    for (const orientation of ORIENTATIONS) {
      for (const shape of SHAPES) {
        using _ = new Scope();
        const values = wave(shape[0] * shape[1], 1);
        const plain = matrix(engine, values, shape, orientation);
        const want = product(engine, matrix(engine, values, shape, orientation));
        assert.equal(plain.toArray(), values, "by row");
        assert.equal(product(engine, plain), want);
        assert.equal(plain.toArray(), values, "from panels");
        const filled = new Matrix(engine, shape, orientation, "panels");
        filled.assign(values);
        assert.equal(filled.toArray(), values, "written into panels");
        assert.equal(product(engine, filled), want);
        filled.traced = true;
        // Training asks for panels of the other product, and writes by row.
        const x = tensor(engine, wave(filled.inner, 3), [1, filled.inner]);
        x.storage.traced = true;
        backward(() => weighed(affine(x, filled, null), wave(filled.out, 4)));
        filled.overwrite(() => {});
        assert.equal(filled.toArray(), values, "by row again");
        assert.equal(product(engine, filled), want);
      }
    }
    assert.is(engine.liveBytes, before);
  });

  test(`${engine.build}: chunks of whole panels may arrive one by one, in either layout`, () => {
    for (const orientation of ORIENTATIONS) {
      for (const layout of ["rows", "panels"] as const) {
        using _ = new Scope();
        const [rows, width] = [50, 33];
        const values = wave(rows * width, 2);
        const w = new Matrix(engine, [rows, width], orientation, layout);
        for (const [begin, end] of [[0, 16], [16, 48], [48, 50]] as const) // biome-ignore format: a list
          w.receive(values.subarray(begin * width, end * width), begin * width);
        assert.equal(w.toArray(), values, `${orientation}, ${layout}`);
        assert.equal(product(engine, w), product(engine, matrix(engine, values, [rows, width], orientation)));
        for (const [count, first] of [[width, 0], [16 * width, width], [16 * width - 1, 0], [32 * width, 32 * width]]) // biome-ignore format: a list
          assert.throws(() => w.receive(new Float32Array(count!), first!), /receive: expected a multiple/);
      }
    }
  });

  test(`${engine.build}: every way of writing is seen by the next product, and by the next gradient`, () => {
    const shape = [20, 24] as const;
    const other = wave(480, 7);
    const ways: Record<string, (w: Matrix) => void> = {
      assign: (w) => w.assign(other),
      receive: (w) => w.receive(other, 0),
      "in part": (w) => {
        w.receive(other.subarray(0, 16 * 24), 0);
        w.receive(other.subarray(16 * 24), 16 * 24);
      },
      overwrite: (w) => w.overwrite((rows) => void new Float32Array(engine.memory.buffer, rows, 480).set(other)),
      "a view of the engine's memory": (w) => w.assign(tensor(engine, other).data),
    };
    for (const orientation of ORIENTATIONS) {
      for (const [way, write] of Object.entries(ways)) {
        for (const trained of [false, true]) {
          using _ = new Scope();
          const w = matrix(engine, wave(480, 1), shape, orientation);
          w.traced = trained;
          const run = () => {
            const x = tensor(engine, wave(w.inner, 3), [1, w.inner]);
            x.storage.traced = true;
            w.grad?.data.fill(0);
            backward(() => weighed(affine(x, w, null), wave(w.out, 5)));
            return [product(engine, w), x.grad!.toArray(), w.grad?.toArray()];
          };
          const old = run();
          write(w);
          const got = run();
          const fresh = matrix(engine, other, shape, orientation);
          fresh.traced = trained;
          const x = tensor(engine, wave(w.inner, 3), [1, w.inner]);
          x.storage.traced = true;
          backward(() => weighed(affine(x, fresh, null), wave(w.out, 5)));
          assert.equal(got.slice(0, 2), [product(engine, fresh), x.grad!.toArray()], `${way}, ${orientation}`);
          assert.not.equal(got[0], old[0]);
        }
      }
    }
  });

  test(`${engine.build}: reads return copies: writing to them changes nothing`, () => {
    using _ = new Scope();
    const w = matrix(engine, wave(480, 1), [20, 24]);
    const want = product(engine, w);
    w.toArray().fill(9);
    assert.equal(product(engine, w), want);
    assert.is("data" in w, false, "there is no view of a weight's values");
  });

  test(`${engine.build}: inference keeps a weight once; training has more, and settling takes it back`, () => {
    const before = engine.liveBytes;
    {
      using _ = new Scope();
      const bytes = 64 * 48 * 4;
      const w = matrix(engine, wave(64 * 48, 1), [64, 48]);
      w.traced = true;
      assert.is(engine.liveBytes - before, bytes);
      const want = product(engine, w);
      assert.is(engine.liveBytes - before, bytes, "packed, and no longer by row");
      {
        using _ = new Scope();
        const x = tensor(engine, wave(48, 3), [1, 48]);
        x.storage.traced = true;
        backward(() => weighed(affine(x, w, null), wave(64, 5)));
      }
      // Panels of both products and the gradient; an optimizer would have it by row, too.
      assert.is(engine.liveBytes - before, 3 * bytes);
      w.overwrite(() => {});
      assert.is(engine.liveBytes - before, 4 * bytes);
      w.settle();
      assert.is(engine.liveBytes - before, bytes);
      assert.equal(product(engine, w), want);
      assert.equal(w.toArray(), wave(64 * 48, 1));
    }
    assert.is(engine.liveBytes, before);
  });

  test(`${engine.build}: entries of a table are the same from rows and from panels`, () => {
    for (const [entries, width] of [
      [40, 24],
      [33, 5],
    ] as const) {
      // biome-ignore format: a list
      using _ = new Scope();
      const values = wave(entries * width, 1);
      const index = Int32Array.of(0, entries - 1, 17, 17, 15, 16);
      const table = matrix(engine, values, [entries, width]);
      const want = Float32Array.from({ length: index.length * width }, (_, i) => values[index[Math.floor(i / width)]! * width + (i % width)]!); // biome-ignore format: one line
      assert.equal(embedding(table, index).toArray(), want, "by row");
      product(engine, table);
      assert.equal(table.entries().layout, "panels");
      assert.equal(embedding(table, index).toArray(), want, "from panels");
    }
  });

  test(`${engine.build}: a matrix that was freed, or never written, throws an error`, () => {
    using _ = new Scope();
    const w = matrix(engine, wave(6), [2, 3]);
    w[Symbol.dispose]();
    w[Symbol.dispose]();
    assert.throws(() => w.toArray(), (error: unknown) => error instanceof DisposedError); // biome-ignore format: one line
    assert.throws(() => product(engine, w), (error: unknown) => error instanceof DisposedError); // biome-ignore format: one line
    const empty = new Matrix(engine, [2, 3]);
    assert.throws(() => empty.toArray(), /read before anything was written/);
    assert.throws(() => matrix(engine, wave(5), [2, 3]), /assign: shape \[2,3\] has 6 elements, got 5 values/);
  });
}

test.run();
