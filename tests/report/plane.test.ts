/** How well groups separate: by hand, and beside groups drawn at random. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { attentionSection, planeSection, separationOf } from "../../sdk/report/index.js";
import { silhouette } from "../../sdk/train/metrics/silhouette.js";
import { near } from "../helpers/near.js";
import { refused } from "../helpers/refused.js";

const test = suite("planes and attention");

test("the silhouette by hand", () => {
  // Three vectors at 0, 90 and 180 degrees: cosine distances 1, 1 and 2. The first: alone with the second in group a,
  // a = 1, b = 2, so 1/2. The second: a = 1, b = 1, so 0. The third is alone: 0. Their mean is 1/6.
  const vectors = [[1, 0], [0, 1], [-1, 0]]; // biome-ignore format: one line
  near([silhouette(vectors, ["a", "a", "b"])], [1 / 6], { atol: 1e-15 });
});

test("groups that are apart are further apart than any random ones; random groups are not", () => {
  const around = (angle: number) =>
    Array.from({ length: 10 }, (_, i) => [Math.cos(angle + i / 50), Math.sin(angle + i / 50)]);
  const vectors = [...around(0), ...around(2)];
  const apart = separationOf(
    vectors,
    vectors.map((_, i) => (i < 10 ? "a" : "b")),
  );
  assert.ok(apart.silhouette > 0.9 && apart.chance.highest < 0.5);
  const mixed = separationOf(
    vectors,
    vectors.map((_, i) => (i % 2 ? "a" : "b")),
  );
  assert.ok(mixed.silhouette <= mixed.chance.highest);
  assert.equal(
    mixed,
    separationOf(
      vectors,
      vectors.map((_, i) => (i % 2 ? "a" : "b")),
    ),
    "the same draws each time",
  );
});

test("two dimensions keep all of the variance of points on a plane, one group has no separation", () => {
  const points = [[0, 0, 0], [1, 0, 0], [0, 2, 0], [3, 1, 0]].map((vector, i) => ({ label: `${i}`, group: "all", vector })); // biome-ignore format: one line
  const { kept, separation } = planeSection("x", points);
  near([kept!], [1], { atol: 1e-12 });
  assert.is(separation, undefined);
});

test("attention: heads by the number of tokens; others are refused", async () => {
  const { weights } = attentionSection("x", ["a", "b"], [Float32Array.of(1, 0, 0.5, 0.5, 0.25, 0.75, 0, 1)]);
  assert.equal(weights, [[[[1, 0], [0.5, 0.5]], [[0.25, 0.75], [0, 1]]]]); // biome-ignore format: one line
  await refused(
    () => attentionSection("x", ["a", "b"], [[1, 0, 1]]),
    /layer 0 has 3 probabilities; expected heads × 2 × 2/,
  );
});

test.run();
