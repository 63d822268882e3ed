import { suite } from "uvu";
import * as assert from "uvu/assert";
import { TRANSPOSED_ROWS } from "../../sdk/engine/abi.js";
import type { Engine } from "../../sdk/engine/engine.js";
import { tiles } from "../../sdk/engine/tile.js";
import { engines } from "../helpers/engines.js";
import { near } from "../helpers/near.js";
import { wave } from "../helpers/wave.js";

const test = suite("matrix product");

/** Rounding unit of f32. */
const UNIT = 2 ** -24;
/** Guard values after every result: a kernel that writes too far changes them. */
const GUARD = 12345;

/** Put f32 values into the engine's memory. */
function put(engine: Engine, values: Float32Array): number {
  const address = engine.alloc(values.byteLength);
  new Float32Array(engine.memory.buffer, address, values.length).set(values);
  return address;
}

interface Product {
  readonly rows: number;
  readonly columns: number;
  readonly inner: number;
  readonly a: Float32Array;
  readonly b: Float32Array;
  readonly bias?: Float32Array;
  readonly before?: Float32Array;
}

/** The layout of the operands: b as (inner, columns); b as (columns, inner); a as (inner, rows). */
type Layout = "a b" | "a bᵀ" | "aᵀ b";

function multiply(engine: Engine, layout: Layout, { rows, columns, inner, a, b, bias, before }: Product): Float32Array {
  const { kernels } = engine;
  const count = Math.ceil(columns / 16);
  const scratch = engine.alloc(kernels.gemmScratchBytes());
  const panels = engine.alloc(count * 16 * inner * 4);
  const result = new Float32Array(rows * columns + 16).fill(GUARD);
  if (before) result.set(before);
  const c = put(engine, result);
  const [left, right] = [put(engine, a), put(engine, b)];
  const row = bias ? put(engine, bias) : 0;
  const add = before ? 1 : 0;
  if (layout === "a bᵀ") kernels.packColumns(panels, right, inner, inner, columns, 0, count);
  else kernels.packRows(panels, inner, right, columns, inner, columns, 0, count);
  if (layout === "aᵀ b") {
    const units = Math.ceil(rows / TRANSPOSED_ROWS);
    kernels.gemmTransposed(c, columns, left, rows, panels, rows, columns, inner, add, scratch, 0, units);
  } else {
    const units = kernels.gemmUnits(rows, columns);
    kernels.gemm(c, columns, left, inner, panels, rows, columns, inner, row, 0, add, scratch, 0, units);
  }
  const got = new Float32Array(engine.memory.buffer, c, result.length).slice();
  for (const address of [scratch, panels, c, left, right, ...(bias ? [row] : [])]) engine.release(address);
  assert.equal([...got.slice(rows * columns)], Array(16).fill(GUARD), "wrote behind the result");
  return got.slice(0, rows * columns);
}

/** Require `got` to be as near to the definition in float64 as f32 sums in any order must be. */
function agrees(got: Float32Array, layout: Layout, { rows, columns, inner, a, b, bias, before }: Product): void {
  const want = new Float64Array(rows * columns);
  const magnitude = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const terms = [bias?.[j] ?? 0, before?.[i * columns + j] ?? 0];
      for (let k = 0; k < inner; k++) {
        const left = a[layout === "aᵀ b" ? k * rows + i : i * inner + k]!;
        terms.push(left * b[layout === "a bᵀ" ? j * inner + k : k * columns + j]!);
      }
      want[i * columns + j] = terms.reduce((sum, term) => sum + term);
      magnitude[i * columns + j] = terms.reduce((sum, term) => sum + Math.abs(term), 0);
    }
  }
  // A sum of n rounded products is off by at most n + 1 units of the sum of magnitudes (Higham 2002, section 3.1).
  const scale = (values: ArrayLike<number>) => Float64Array.from(values, (value, i) => value / (magnitude[i]! || 1));
  near(scale(got), scale(want), { atol: (inner + 3) * UNIT }, `${layout}, ${rows} x ${inner} x ${columns}`);
}

function product(rows: number, columns: number, inner: number): Product {
  return { rows, columns, inner, a: wave(rows * inner, 1), b: wave(inner * columns, 2) };
}

const LAYOUTS: readonly Layout[] = ["a b", "a bᵀ", "aᵀ b"];
const SMALL = Array.from({ length: 17 }, (_, i) => i + 1);

for (const engine of engines) {
  for (const layout of LAYOUTS) {
    test(`${engine.build}: ${layout} agrees with the definition for rows, columns and inner of 1 to 17`, () => {
      for (const n of SMALL) {
        for (const m of SMALL) {
          for (const sizes of [product(n, m, 5), product(m, 6, n), product(3, n, m)]) {
            agrees(multiply(engine, layout, sizes), layout, sizes);
          }
        }
      }
    });

    test(`${engine.build}: ${layout} agrees with the definition beyond one block of rows and of inner`, () => {
      for (const sizes of [product(131, 50, 801), product(258, 33, 70), product(7, 100, 1153)]) {
        agrees(multiply(engine, layout, sizes), layout, sizes);
        const adding = { ...sizes, before: wave(sizes.rows * sizes.columns, 3) };
        agrees(multiply(engine, layout, adding), layout, adding);
      }
    });
  }

  test(`${engine.build}: the bias is added to every row`, () => {
    for (const columns of [1, 3, 16, 21, 64]) {
      const sizes = { ...product(9, columns, 400), bias: wave(columns, 4) };
      agrees(multiply(engine, "a bᵀ", sizes), "a bᵀ", sizes);
    }
  });

  test(`${engine.build}: a row has the same bits beside any other rows, and a column beside any other columns`, () => {
    const [columns, inner] = [83, 500];
    const whole = product(300, columns, inner);
    const all = multiply(engine, "a b", whole);
    for (const [begin, end] of [
      [0, 1],
      [5, 7],
      [8, 11],
      [4, 8],
      [127, 140],
      [2, 300],
      [299, 300],
    ] as const) {
      const part = multiply(engine, "a b", {
        ...whole,
        rows: end - begin,
        a: whole.a.slice(begin * inner, end * inner),
      });
      assert.ok(sameBits(part, all.slice(begin * columns, end * columns)), `rows ${begin} to ${end}`);
    }
    for (const width of [1, 4, 15, 16, 17, 31, 48, 64]) {
      const b = Float32Array.from(
        { length: inner * width },
        (_, i) => whole.b[Math.floor(i / width) * columns + (i % width)]!,
      );
      const part = multiply(engine, "a b", { ...whole, columns: width, b });
      const want = Float32Array.from(
        { length: 300 * width },
        (_, i) => all[Math.floor(i / width) * columns + (i % width)]!,
      );
      assert.ok(sameBits(part, want), `the first ${width} columns`);
    }
  });

  test(`${engine.build}: the three layouts of one product have the same bits, and any division into panels too`, () => {
    const sizes = product(37, 120, 900);
    const { rows, columns, inner, a, b } = sizes;
    const want = multiply(engine, "a b", sizes);
    const bT = Float32Array.from({ length: b.length }, (_, i) => b[(i % inner) * columns + Math.floor(i / inner)]!);
    const aT = Float32Array.from({ length: a.length }, (_, i) => a[(i % rows) * inner + Math.floor(i / rows)]!);
    assert.ok(sameBits(multiply(engine, "a bᵀ", { ...sizes, b: bT }), want), "a bᵀ");
    assert.ok(sameBits(multiply(engine, "aᵀ b", { ...sizes, a: aT }), want), "aᵀ b");
  });

  test(`${engine.build}: the tile changes no bit`, () => {
    for (const rows of [1, 2, 3, 4, 5, 8, 11, 24, 130])
      for (const [columns, inner] of [
        [16, 5],
        [40, 384],
        [33, 901],
      ] as const) {
        const sizes = product(rows, columns, inner);
        const [first, ...others] = tiles().map((sums) => {
          engine.kernels.chooseTile(sums);
          return multiply(engine, "a b", { ...sizes, before: wave(rows * columns, 3) });
        });
        for (const other of others) assert.ok(sameBits(first!, other), `${rows} x ${columns} x ${inner}`);
      }
  });

  test(`${engine.build}: column sums agree with the definition`, () => {
    for (const [rows, width] of [...SMALL.map((n) => [n, 18 - n] as const), [1000, 37] as const]) {
      const x = wave(rows * width, 5);
      const [from, to] = [put(engine, x), put(engine, new Float32Array(width).fill(1))];
      for (const add of [0, 1]) {
        engine.kernels.columnSums(to, from, rows, width, add, 0, width);
        const want = Array.from({ length: width }, (_, j) => {
          let sum = 0;
          for (let i = 0; i < rows; i++) sum += x[i * width + j]!;
          return sum * (1 + add);
        });
        // Eight terms, then at most rows / 8 + 1 partial sums, twice: each of magnitude up to 2 rows.
        near(new Float32Array(engine.memory.buffer, to, width), want, { atol: (10 + rows / 4) * UNIT * 2 * rows });
      }
      engine.release(from);
      engine.release(to);
    }
  });
}

function sameBits(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
}

test("all memory was freed", () => {
  for (const engine of engines) assert.is(engine.liveBytes, 0);
});

test.run();
