/** Principal components against numpy: numpy.linalg.svd of the centered points. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { principalComponents } from "../../sdk/report/index.js";
import { near } from "../helpers/near.js";
import { refused } from "../helpers/refused.js";

const test = suite("principalComponents");

test("points of four dimensions, as numpy projects them", () => {
  const points = [
    [2, 0, 1, 3],
    [1, 1, 0, 2],
    [0, 3, 1, 1],
    [4, 1, 2, 0],
    [3, 2, 5, 1],
    [1, 0, 0, 4],
  ];
  const found = principalComponents(points);
  // Power iteration leaves (s3 / s2)^(2 * 100) = (2.364 / 3.324)^200 of the third component: less than 1e-29.
  const bound = { atol: 1e-8 };
  near(
    found.map(([first]) => first),
    [-1.12550935, -1.56225433, -0.33380483, 2.17049432, 3.62193078, -2.7708566],
    bound,
  );
  near(
    found.map(([, second]) => second),
    [-1.28929206, 0.48217663, 2.74830621, -0.81971045, -0.17343204, -0.94804829],
    bound,
  );
});

test("points on a line: all along the first component", () => {
  // By hand: (3, 4) is 5 from (0, 0), and the mean is between them.
  const found = principalComponents([
    [0, 0],
    [3, 4],
  ]);
  near(found.flat(), [-2.5, 0, 2.5, 0], { atol: 1e-12 });
});

test("the same points give the same picture, also a few", async () => {
  const points = Array.from({ length: 20 }, (_, i) => Float32Array.from({ length: 8 }, (_, d) => Math.sin(i * 8 + d)));
  assert.equal(principalComponents(points), principalComponents(points));
  assert.equal(principalComponents([]), []);
  assert.equal(principalComponents([[1, 2, 3]]), [[0, 0]]);
  assert.equal(
    principalComponents([
      [1, 1],
      [1, 1],
    ]),
    [
      [0, 0],
      [0, 0],
    ],
  );
  await refused(() => principalComponents([[1, 2], [1]]), /points\[1\] must have 2 numbers, as points\[0\], got 1/);
});

test.run();
