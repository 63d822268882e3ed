import { suite } from "uvu";
import * as assert from "uvu/assert";
import { normalizeRows, segmentMax, segmentMean, sumOfSquares } from "../../sdk/tensor/ops/reduce.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { backward } from "../../sdk/tensor/tape.js";
import { type Tensor, tensor } from "../../sdk/tensor/tensor.js";
import { engines } from "../helpers/engines.js";
import { near } from "../helpers/near.js";
import { numericGradient, parameter, weighed } from "../helpers/training.js";
import { wave } from "../helpers/wave.js";

const test = suite("reductions");

/** Rounding unit of f32. */
const UNIT = 2 ** -24;

/** Sequences of 1, 2, 5 and 9 tokens. */
const starts = Int32Array.of(0, 1, 3, 8, 17);
const TOKENS = 17;
const WIDTHS = [...Array.from({ length: 17 }, (_, i) => i + 1), 384];

/** For each sequence and column: a function of its values. */
function bySegment(x: ArrayLike<number>, width: number, f: (values: number[]) => number): Float64Array {
  return Float64Array.from({ length: (starts.length - 1) * width }, (_, at) => {
    const [row, column] = [Math.floor(at / width), at % width];
    return f(
      Array.from({ length: starts[row + 1]! - starts[row]! }, (_, t) => x[(starts[row]! + t) * width + column]!),
    );
  });
}

function normalized(x: ArrayLike<number>, width: number): Float64Array {
  return Float64Array.from(x, (v, at) => {
    const first = at - (at % width);
    return v / Math.hypot(...Array.from({ length: width }, (_, i) => x[first + i]!));
  });
}

const mean = (values: number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;

const cases: readonly (readonly [
  string,
  (x: Tensor) => Tensor,
  (x: ArrayLike<number>, width: number) => Float64Array,
])[] = [
  ["segmentMean", (x) => segmentMean(x, starts), (x, width) => bySegment(x, width, mean)],
  ["segmentMax", (x) => segmentMax(x, starts), (x, width) => bySegment(x, width, (values) => Math.max(...values))],
  ["normalizeRows", normalizeRows, normalized],
];

for (const engine of engines) {
  for (const [name, op, definition] of cases) {
    test(`${engine.build}: ${name} and its gradient agree with the definition`, () => {
      for (const width of WIDTHS) {
        using _ = new Scope();
        const values = wave(TOKENS * width, width);
        const x = parameter(engine, values, [TOKENS, width]);
        const want = definition(values, width);
        near(op(x).data, want, { atol: 12 * UNIT }, `y, width ${width}`);
        if (width > 9) continue;
        const probe = wave(want.length, 3);
        for (let pass = 0; pass < 2; pass++) backward(() => weighed(op(x), probe));
        const loss = (v: Float64Array) => definition(v, width).reduce((sum, y, i) => sum + y * probe[i]!, 0);
        // The rows' lengths are at least 0.04 here but at width 1, where the gradient is 0 after division by as little.
        const bound = name === "normalizeRows" ? { atol: 1e-4 } : { atol: 24 * UNIT };
        near(
          x.grad!.data,
          numericGradient(loss, values, 1e-6).map((d) => 2 * d),
          bound,
          `dx, width ${width}`,
        );
      }
    });
  }

  test(`${engine.build}: of equal maxima the first takes the gradient; a row of zeros stays one`, () => {
    using _ = new Scope();
    const x = parameter(engine, [1, 3, 3, 0], [4, 1]);
    backward(() => segmentMax(x, Int32Array.of(0, 4)));
    assert.equal([...x.grad!.data], [0, 1, 0, 0]);
    assert.equal(
      [...normalizeRows(tensor(engine, [0, 0, 3, 4], [2, 2])).data],
      [0, 0, Math.fround(0.6), Math.fround(0.8)],
    );
  });

  test(`${engine.build}: sums of squares are in double precision, and say when something is not finite`, () => {
    for (const length of [...WIDTHS, 100_000]) {
      using _ = new Scope();
      const values = wave(length, 4).map((v, i) => (i % 3 ? v : 1e6 * v));
      const want = values.reduce((sum, v) => sum + v * v, 0);
      near([sumOfSquares(tensor(engine, values))], [want], { rtol: length * 2 ** -53 });
      values[length - 1] = Number.NaN;
      assert.ok(Number.isNaN(sumOfSquares(tensor(engine, values))));
      values[length - 1] = Number.NEGATIVE_INFINITY;
      assert.is(sumOfSquares(tensor(engine, values)), Number.POSITIVE_INFINITY);
    }
  });
}

test("sequences that do not divide the tokens throw an error that names them", () => {
  using _ = new Scope();
  const x = tensor(engines[0]!, wave(6), [3, 2]);
  assert.throws(() => segmentMean(x, Int32Array.of(0, 2)), /segmentMean: starts must run from 0 to the 3 tokens/);
  assert.throws(() => segmentMax(x, Int32Array.of(0, 0, 3)), /segmentMax: sequence 0 has no tokens/);
});

test.run();
