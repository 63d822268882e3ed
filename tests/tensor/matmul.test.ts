import { suite } from "uvu";
import * as assert from "uvu/assert";
import { matmul } from "../../sdk/tensor/ops/matmul.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { backward } from "../../sdk/tensor/tape.js";
import { tensor } from "../../sdk/tensor/tensor.js";
import { engines } from "../helpers/engines.js";
import { near } from "../helpers/near.js";
import { parameter, weighed } from "../helpers/training.js";
import { wave } from "../helpers/wave.js";

const test = suite("matmul");

/** Rounding unit of f32. */
const UNIT = 2 ** -24;

/** (rows, inner) times (inner, columns) in float64. */
function product(
  a: (i: number, k: number) => number,
  b: (k: number, j: number) => number,
  [rows, inner, columns]: readonly [number, number, number],
): Float64Array {
  return Float64Array.from({ length: rows * columns }, (_, at) => {
    let sum = 0;
    for (let k = 0; k < inner; k++) sum += a(Math.floor(at / columns), k) * b(k, at % columns);
    return sum;
  });
}

const SIZES = [
  [1, 1, 1],
  [3, 5, 17],
  [18, 4, 16],
  [7, 33, 2],
] as const;

for (const engine of engines) {
  for (const transposeB of [false, true]) {
    test(`${engine.build}: a ${transposeB ? "bᵀ" : "b"} and its gradients agree with the definition`, () => {
      for (const [rows, inner, columns] of SIZES) {
        using _ = new Scope();
        const [a0, b0, g] = [wave(rows * inner, 1), wave(inner * columns, 2), wave(rows * columns, 3)];
        const a = parameter(engine, a0, [rows, inner]);
        const b = parameter(engine, b0, transposeB ? [columns, inner] : [inner, columns]);
        const y = matmul(a, b, { transposeB });
        backward(() => weighed(matmul(a, b, { transposeB }), g));
        const as = (i: number, k: number) => a0[i * inner + k]!;
        const bs = (k: number, j: number) => b0[transposeB ? j * inner + k : k * columns + j]!;
        const gs = (i: number, j: number) => g[i * columns + j]!;
        // n products of factors up to 1: n + 2 roundings of at most n units (Higham 2002, section 3.1).
        const bound = (n: number) => ({ atol: (n + 2) * UNIT * (n + 1) });
        near(y.data, product(as, bs, [rows, inner, columns]), bound(inner), "y");
        near(a.grad!.data, product(gs, (j, k) => bs(k, j), [rows, columns, inner]), bound(columns), "da"); // biome-ignore format: one line
        const db = product((k, i) => as(i, k), gs, [inner, rows, columns]);
        const want = transposeB ? db.map((_, at) => db[(at % inner) * columns + Math.floor(at / inner)]!) : db;
        near(b.grad!.data, want, bound(rows), "db");
      }
    });
  }
}

test("a wrong shape throws an error that names it", () => {
  using _ = new Scope();
  const [engine] = engines;
  const [a, b] = [tensor(engine!, wave(6), [2, 3]), tensor(engine!, wave(8), [2, 4])];
  assert.throws(() => matmul(a, b), /matmul: b must be \[3, columns\], got \[2, 4\]/);
  assert.throws(() => matmul(a, b, { transposeB: true }), /matmul: b must be \[columns, 3\], got \[2, 4\]/);
});

test.run();
