/** Centring and the orthogonal map. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { seed } from "../../sdk/data.js";
import { centred, languageMean, mapVectors, procrustes } from "../../sdk/multilingual.js";

const random = (count: number, width: number, from: number): Float64Array[] => {
  const rng = seed(from);
  return Array.from({ length: count }, () => Float64Array.from({ length: width }, () => 2 * rng() - 1));
};

/** A product of rotations in random planes, with a reflection if asked for. */
function orthogonal(width: number, from: number, reflect = false): Float64Array {
  const rng = seed(from);
  const matrix = Float64Array.from({ length: width * width }, (_, i) => Number(i % (width + 1) === 0));
  if (reflect) matrix[0] = -1;
  for (let p = 0; p < width; p++)
    for (let q = p + 1; q < width; q++) {
      const angle = 6 * rng();
      for (let k = 0; k < width; k++) {
        const [x, y] = [matrix[k * width + p]!, matrix[k * width + q]!];
        matrix[k * width + p] = Math.cos(angle) * x - Math.sin(angle) * y;
        matrix[k * width + q] = Math.sin(angle) * x + Math.cos(angle) * y;
      }
    }
  return matrix;
}

/** Largest entry of M Mᵀ - I. */
function fromOrthogonal(matrix: Float64Array, width: number): number {
  let worst = 0;
  for (let a = 0; a < width; a++)
    for (let b = 0; b < width; b++) {
      let sum = -Number(a === b);
      for (let k = 0; k < width; k++) sum += matrix[a * width + k]! * matrix[b * width + k]!;
      worst = Math.max(worst, Math.abs(sum));
    }
  return worst;
}

// A dozen sweeps of rotations on numbers of size 1 to 100, each exact to 2^-52.
const EXACT = 1e-12;

test("a language's mean is taken from all of its vectors", () => {
  const vectors = random(50, 6, 1);
  const mean = languageMean(centred(vectors));
  assert.ok(mean.every((x) => Math.abs(x) < 1e-15));
  assert.equal([...centred([[3, 4]], [1, 1])[0]!], [2, 3]);
  assert.throws(() => languageMean([]), /no vectors/);
});

for (const reflect of [false, true])
  test(`a ${reflect ? "reflection" : "rotation"} is found again`, () => {
    const width = 24;
    const turn = orthogonal(width, 2, reflect);
    const sources = random(100, width, 3);
    const targets = mapVectors({ width, matrix: turn }, sources);
    const { matrix } = procrustes(sources, targets);
    const worst = Math.max(...matrix.map((x, i) => Math.abs(x - turn[i]!)));
    assert.ok(worst < EXACT, `differs by ${worst}`);
  });

test("no rotated map fits noisy pairs better", () => {
  const width = 5;
  const [sources, targets] = [random(30, width, 4), random(30, width, 5)];
  const map = procrustes(sources, targets);
  const error = (matrix: Float64Array): number =>
    mapVectors({ width, matrix }, sources).reduce(
      (sum, vector, i) => sum + vector.reduce((own, x, d) => own + (x - targets[i]![d]!) ** 2, 0),
      0,
    );
  const best = error(map.matrix);
  assert.ok(fromOrthogonal(map.matrix, width) < EXACT);
  for (let p = 0; p < width; p++)
    for (let q = 0; q < width; q++)
      for (const angle of [1e-3, -1e-3, 0.3]) {
        if (p === q) continue;
        const other = map.matrix.slice();
        for (let k = 0; k < width; k++) {
          const [x, y] = [map.matrix[k * width + p]!, map.matrix[k * width + q]!];
          other[k * width + p] = Math.cos(angle) * x - Math.sin(angle) * y;
          other[k * width + q] = Math.sin(angle) * x + Math.cos(angle) * y;
        }
        assert.ok(error(other) >= best);
      }
});

test("pairs that do not fill the space still give an orthogonal map that fits them", () => {
  const width = 16;
  const turn = orthogonal(width, 6);
  const sources = random(5, width, 7);
  const targets = mapVectors({ width, matrix: turn }, sources);
  const map = procrustes(sources, targets);
  assert.ok(fromOrthogonal(map.matrix, width) < EXACT);
  for (const [i, vector] of mapVectors(map, sources).entries())
    for (const [d, x] of vector.entries()) assert.ok(Math.abs(x - targets[i]![d]!) < 1e-11);
  const nothing = procrustes([new Float64Array(4)], [new Float64Array(4)]);
  assert.ok(fromOrthogonal(nothing.matrix, 4) < EXACT);
});

test("wrong sizes are refused", () => {
  assert.throws(() => procrustes([[1, 2]], []), /expected as many sources/);
  assert.throws(() => procrustes([[1, 2]], [[1, 2, 3]]), /pair 0/);
  assert.throws(() => procrustes([[Number.NaN, 1]], [[1, 2]]), /are all numbers finite/);
  assert.throws(() => mapVectors({ width: 2, matrix: new Float64Array(4) }, [[1]]), /the map is for 2/);
});

test.run();
