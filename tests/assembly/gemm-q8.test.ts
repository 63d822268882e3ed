import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PAIRS, QUADS, WORDS } from "../../sdk/engine/abi.js";
import type { Engine } from "../../sdk/engine/engine.js";
import { tiles } from "../../sdk/engine/tile.js";
import { engines } from "../helpers/engines.js";
import { near } from "../helpers/near.js";
import { wave } from "../helpers/wave.js";

const test = suite("8-bit matrix product");

const BLOCK = 128;
/** Guard values after every result: a kernel that writes too far changes them. */
const GUARD = 12345;
const { fround, abs, max, min } = Math;

/** Every kind that a build has. */
const kindsOf = ({ build }: Engine): readonly number[] => (build === "strict" ? [WORDS] : [QUADS, PAIRS, WORDS]);

/** Shapes on both sides of tiles, panels and blocks: rows, inner, columns. */
const SHAPES = [
  [1, 1, 1],
  [1, 128, 16],
  [2, 5, 17],
  [3, 131, 33],
  [4, 256, 32],
  [5, 66, 48],
  [6, 129, 15],
  [7, 384, 40],
  [131, 47, 18],
] as const;

/** f32 to the nearest whole number, ties to even. */
function nearest(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

/** A scale as assembly/product/q8.ts chooses it: of 16 significant bits. */
function weightScale(largest: number): number {
  const bits = new Uint32Array(Float32Array.of(fround(largest / 63)).buffer);
  bits[0] = (bits[0]! + 0x80) & ~0xff;
  return new Float32Array(bits.buffer)[0]!;
}

/** Whole numbers of a block, their scale, and their zero point. */
interface Quantized {
  readonly whole: readonly number[];
  readonly scale: number;
  readonly zero: number;
}

function quantizedWeights(values: readonly number[]): Quantized {
  const scale = weightScale(max(...values.map(abs)));
  const inverse = fround(1 / scale);
  return { whole: values.map((w) => nearest(fround(w * inverse))), scale, zero: 0 };
}

function quantizedRow(values: readonly number[]): Quantized {
  const [low, high] = [min(0, ...values), max(0, ...values)];
  const span = fround(high - low);
  const inverse = fround(255 / span);
  const zero = -128 - nearest(fround(low * inverse));
  const whole = values.map((x) => max(-128, min(127, nearest(fround(x * inverse)) + zero)));
  return { whole, scale: fround(span / 255), zero };
}

/** Blocks of 128 of a list. */
const blocks = (values: readonly number[]): number[][] =>
  Array.from({ length: Math.ceil(values.length / BLOCK) }, (_, b) => values.slice(b * BLOCK, (b + 1) * BLOCK));

/** The definition: whole numbers added up exactly, scales applied in f32, block after block. */
function reference(x: readonly number[], w: readonly number[]): number {
  const [rows, columns] = [blocks(x).map(quantizedRow), blocks(w).map(quantizedWeights)];
  let sum: number | null = null;
  for (const [b, row] of rows.entries()) {
    const column = columns[b]!;
    const dot = row.whole.reduce((total, q, k) => total + (q - row.zero) * column.whole[k]!, 0);
    const term = fround(fround(dot * row.scale) * column.scale);
    sum = sum === null ? term : fround(sum + term);
  }
  return sum!;
}

interface Problem {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  readonly x: Float32Array;
  /** (columns, inner) */
  readonly w: Float32Array;
}

function put(engine: Engine, values: Float32Array): number {
  const address = engine.alloc(values.byteLength);
  new Float32Array(engine.memory.buffer, address, values.length).set(values);
  return address;
}

function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  return values.map((_, i) => values[(i % rows) * columns + Math.floor(i / rows)]!);
}

/** Run the kernels, panel by panel where `divided`. */
function multiply(
  engine: Engine,
  kind: number,
  { rows, inner, columns, x, w }: Problem,
  layout: "w" | "wᵀ",
  divided = false,
) {
  const { kernels } = engine;
  const count = Math.ceil(columns / 16);
  const panel = kernels.q8PanelBytes(inner);
  const scratch = engine.alloc(max(8192, kernels.gemmQ8ScratchBytes()));
  const panels = engine.alloc(panel * count);
  const weight = put(engine, layout === "w" ? w : transposed(w, columns, inner));
  const row = put(engine, x);
  const q = engine.alloc(kernels.quantizedBytes(rows, inner, kind));
  const y = put(engine, new Float32Array(rows * columns + 16).fill(GUARD));
  const [ldf, isTransposed] = layout === "w" ? [inner, 1] : [columns, 0];
  for (const [begin, end] of divided
    ? Array.from({ length: count }, (_, j) => [j, j + 1] as const)
    : [[0, count] as const]) {
    kernels.packQ8(panels, panel, weight, ldf, inner, columns, isTransposed, scratch, begin, end);
  }
  for (const [begin, end] of divided
    ? Array.from({ length: rows }, (_, r) => [r, r + 1] as const)
    : [[0, rows] as const])
    kernels.quantizeRows(q, row, rows, inner, kind, begin, end);
  const units = kernels.gemmUnits(rows, columns);
  for (const [begin, end] of divided
    ? Array.from({ length: units }, (_, j) => [j, j + 1] as const)
    : [[0, units] as const])
    kernels.gemmQ8(y, q, panels, panel, rows, columns, inner, kind, 0, 0, 0, scratch, begin, end);
  const got = new Float32Array(engine.memory.buffer, y, rows * columns + 16).slice();
  for (const address of [scratch, panels, weight, row, q, y]) engine.release(address);
  assert.equal([...got.slice(rows * columns)], Array(16).fill(GUARD), "wrote behind the result");
  return got.slice(0, rows * columns);
}

function problem(rows: number, inner: number, columns: number, scale = 1): Problem {
  const x = wave(rows * inner, 3).map((v, i) => scale * (v + (i % 7 === 0 ? 2 * v : 0)));
  return { rows, inner, columns, x, w: wave(columns * inner, 5) };
}

for (const engine of engines) {
  test(`${engine.build}: every kind gives the sums of whole numbers, to the bit`, () => {
    for (const [rows, inner, columns] of SHAPES) {
      const given = problem(rows, inner, columns);
      const row = (r: number) => [...given.x.subarray(r * inner, (r + 1) * inner)];
      const column = (c: number) => [...given.w.subarray(c * inner, (c + 1) * inner)];
      const want = Float32Array.from({ length: rows * columns }, (_, i) =>
        reference(row(Math.floor(i / columns)), column(i % columns)),
      );
      for (const kind of kindsOf(engine))
        assert.equal(multiply(engine, kind, given, "w"), want, `${rows} x ${inner} x ${columns}, kind ${kind}`);
    }
  });

  test(`${engine.build}: weights in the other orientation, rows and panels one by one give the same bits`, () => {
    for (const [rows, inner, columns] of SHAPES) {
      const given = problem(rows, inner, columns);
      for (const kind of kindsOf(engine)) {
        const want = multiply(engine, kind, given, "w");
        assert.equal(multiply(engine, kind, given, "wᵀ"), want, "orientation");
        assert.equal(multiply(engine, kind, given, "w", true), want, "divided");
        for (const r of [0, rows - 1]) {
          const alone = { ...given, rows: 1, x: given.x.slice(r * inner, (r + 1) * inner) };
          assert.equal(multiply(engine, kind, alone, "w"), want.slice(r * columns, (r + 1) * columns), "one row");
        }
      }
    }
  });

  test(`${engine.build}: the tile changes no bit`, () => {
    for (const rows of [3, 4, 7, 130]) {
      const given = problem(rows, 260, 40);
      for (const kind of kindsOf(engine)) {
        const [first, ...others] = tiles().map((sums) => {
          engine.kernels.chooseTile(sums);
          return multiply(engine, kind, given, "w");
        });
        for (const other of others) assert.equal(other, first, `${rows} rows, kind ${kind}`);
      }
    }
  });

  test(`${engine.build}: extreme values use the whole range and overflow nowhere`, () => {
    // All products of one sign and of the largest size: 128 * 255 * 63 in whole numbers.
    const [rows, inner, columns] = [4, 256, 16];
    for (const [a, b] of [
      [1, 1],
      [-1, 1],
      [1, -1],
      [-1, -1],
    ] as const) {
      // biome-ignore format: a list
      const given = { rows, inner, columns, x: new Float32Array(rows * inner).fill(a), w: new Float32Array(columns * inner).fill(b) }; // biome-ignore format: one line
      // Scales have 16 and 24 bits: relative error 2^-17 of the weight, 2^-24 of each of four roundings.
      for (const kind of kindsOf(engine))
        near(multiply(engine, kind, given, "w"), Array(rows * columns).fill(a * b * inner), {
          rtol: 2 ** -17 + 2 ** -22,
        });
    }
  });

  test(`${engine.build}: zeros give zeros; NaN and infinity give no finite value, in their own row alone`, () => {
    const given = problem(3, 200, 20);
    for (const kind of kindsOf(engine)) {
      assert.equal([...new Set(multiply(engine, kind, { ...given, x: new Float32Array(600) }, "w"))], [0]);
      assert.equal([...new Set(multiply(engine, kind, { ...given, w: new Float32Array(4000) }, "w"))].map(abs), [0]);
      for (const k of [0, 17, 127, 128, 199]) {
        for (const broken of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
          const x = given.x.slice();
          x[200 + k] = broken;
          const got = multiply(engine, kind, { ...given, x }, "w");
          const rowOf = (r: number) => [...got.slice(20 * r, 20 * r + 20)];
          assert.ok(
            rowOf(1).every((value) => !Number.isFinite(value)),
            `${broken} at ${k}`,
          );
          assert.ok([...rowOf(0), ...rowOf(2)].every(Number.isFinite), "the other rows");
        }
      }
    }
  });
}

test("both builds give the same bits", () => {
  const given = problem(9, 300, 70);
  const all = engines.flatMap((engine) => kindsOf(engine).map((kind) => multiply(engine, kind, given, "w")));
  for (const got of all) assert.equal(got, all[0]);
});

test.run();
