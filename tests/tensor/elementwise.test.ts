import { suite } from "uvu";
import * as assert from "uvu/assert";
import { add, columns, joinColumns, multiply, scale, subtract } from "../../sdk/tensor/ops/elementwise.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { backward } from "../../sdk/tensor/tape.js";
import { rows, type Tensor, tensor } from "../../sdk/tensor/tensor.js";
import { engines } from "../helpers/engines.js";
import { near } from "../helpers/near.js";
import { parameter, weighed } from "../helpers/training.js";
import { wave } from "../helpers/wave.js";

const test = suite("elementwise");

/** Rounding unit of f32. */
const UNIT = 2 ** -24;

interface Case {
  readonly op: (a: Tensor, b: Tensor) => Tensor;
  readonly value: (a: number, b: number) => number;
  /** derivatives by a and by b */
  readonly slopes: (a: number, b: number) => readonly [number, number];
}

const cases: Readonly<Record<string, Case>> = {
  add: { op: add, value: (a, b) => a + b, slopes: () => [1, 1] },
  subtract: { op: subtract, value: (a, b) => a - b, slopes: () => [1, -1] },
  multiply: { op: multiply, value: (a, b) => a * b, slopes: (a, b) => [b, a] },
  scale: { op: (a) => scale(a, -2.5), value: (a) => -2.5 * a, slopes: () => [-2.5, 0] },
};

for (const engine of engines) {
  for (const [name, { op, value, slopes }] of Object.entries(cases)) {
    test(`${engine.build}: ${name} and its gradients, once, twice, and of one tensor with itself`, () => {
      for (const length of [...Array.from({ length: 17 }, (_, i) => i + 1), 1000]) {
        using _ = new Scope();
        const [x, y, probe] = [wave(length, 1), wave(length, 2), wave(length, 3)];
        const [a, b] = [parameter(engine, x), parameter(engine, y)];
        near(
          op(a, b).data,
          Array.from(x, (v, i) => value(v, y[i]!)),
          { rtol: UNIT, atol: UNIT },
          "value",
        );
        for (let pass = 1; pass <= 2; pass++) {
          backward(() => weighed(op(a, b), probe));
          const want = Array.from(x, (v, i) => slopes(v, y[i]!).map((s) => pass * s * probe[i]!));
          near(
            a.grad!.data,
            want.map(([da]) => da!),
            { rtol: 4 * UNIT },
            "da",
          );
          if (name !== "scale")
            near(
              b.grad!.data,
              want.map(([, db]) => db!),
              { rtol: 4 * UNIT },
              "db",
            );
        }
        const c = parameter(engine, x);
        backward(() => weighed(op(c, c), probe));
        near(
          c.grad!.data,
          Array.from(x, (v, i) => (slopes(v, v)[0] + slopes(v, v)[1]) * probe[i]!),
          { rtol: 4 * UNIT },
          "of itself",
        );
      }
    });
  }

  test(`${engine.build}: a gradient that was handed on is added to like any other`, () => {
    using _ = new Scope();
    const [a, b, c] = [0, 1, 2].map((n) => parameter(engine, wave(6, n))) as [Tensor, Tensor, Tensor];
    const probe = wave(6, 7);
    // a is used by an inner and an outer sum, b by two inner ones.
    backward(() => weighed(add(add(a, b), add(scale(a, 3), subtract(c, b))), probe));
    near(
      a.grad!.data,
      probe.map((p) => 4 * p),
      { rtol: 2 * UNIT },
    );
    assert.equal([...b.grad!.data].map(Math.abs), Array(6).fill(0));
    assert.equal([...c.grad!.data], [...probe]);
  });

  test(`${engine.build}: the gradients of views go to their part of the whole`, () => {
    using _ = new Scope();
    const x = parameter(engine, wave(12, 1), [4, 3]);
    const probe = wave(6, 2);
    backward(() => weighed(add(rows(x, 0, 2), rows(x, 1, 3)), probe));
    const [a, b] = [probe.slice(0, 3), probe.slice(3)];
    near(x.grad!.data, [...a, ...a.map((v, i) => v + b[i]!), ...b, 0, 0, 0], { atol: 2 * UNIT });
  });

  test(`${engine.build}: columns of a matrix, and their gradients`, () => {
    for (const [count, width, first, end] of [
      [3, 2, 0, 1],
      [3, 2, 1, 2],
      [5, 17, 3, 14],
      [2, 8, 0, 8],
    ] as const) {
      using _ = new Scope();
      const values = wave(count * width, 1);
      const x = parameter(engine, values, [count, width]);
      const inside = (_: unknown, at: number) => at % width >= first && at % width < end;
      const y = columns(x, first, end);
      assert.equal(y.shape, [count, end - first]);
      assert.equal([...y.data], [...values].filter(inside));
      const probe = wave(y.size, 5);
      for (let pass = 0; pass < 2; pass++) backward(() => weighed(columns(x, first, end), probe));
      let next = 0;
      assert.equal(
        [...x.grad!.data],
        [...values].map((v, at) => (inside(v, at) ? 2 * probe[next++]! : 0)),
      );
    }
  });

  test(`${engine.build}: matrices side by side, and their gradients`, () => {
    using _ = new Scope();
    const widths = [3, 1, 17];
    const values = widths.map((width, i) => wave(4 * width, i));
    const parts = values.map((data, i) => parameter(engine, data, [4, widths[i]!]));
    const joined = joinColumns(parts);
    assert.equal(joined.shape, [4, 21]);
    const row = (r: number) => widths.flatMap((width, i) => [...values[i]!.slice(r * width, (r + 1) * width)]);
    assert.equal([...joined.data], [0, 1, 2, 3].flatMap(row));
    const probe = wave(84, 9);
    // Twice: gradients add up.
    for (let pass = 0; pass < 2; pass++) backward(() => weighed(joinColumns(parts), probe));
    let first = 0;
    for (const [i, width] of widths.entries()) {
      const want = [0, 1, 2, 3].flatMap((r) => [...probe.slice(21 * r + first, 21 * r + first + width)]);
      assert.equal(
        [...parts[i]!.grad!.data],
        want.map((v) => 2 * v),
      );
      first += width;
    }
    assert.throws(() => joinColumns([]), /nothing to join/);
    assert.throws(() => joinColumns([parts[0]!, parameter(engine, wave(3), [3, 1])]), /part must be \[4,\s?width\]/);
  });
}

test("other shapes throw an error that names them", () => {
  using _ = new Scope();
  const [a, b] = [tensor(engines[0]!, wave(2)), tensor(engines[0]!, wave(3))];
  assert.throws(() => add(a, b), /add: b must be \[2\], got \[3\]. It has the shape of a; nothing is broadcast./);
  assert.throws(() => columns(tensor(engines[0]!, wave(6), [2, 3]), 2, 4), /\[2, 4\) is not within the 3 columns/);
});

test.run();
