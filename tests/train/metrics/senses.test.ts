import { suite } from "uvu";
import * as assert from "uvu/assert";
import { senseSeparation } from "../../../sdk/train/metrics/senses.js";
import { near } from "../../helpers/near.js";

const test = suite("senses");

/** A vector at an angle. */
const at = (degrees: number): number[] => [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
const cosine = (degrees: number): number => Math.cos((degrees * Math.PI) / 180);

test("two senses apart: figures by hand", () => {
  // River at 0 and 20 degrees, money at 90 and 100.
  const got = senseSeparation([at(0), at(20), at(90), at(100)], ["river", "river", "money", "money"]);
  const within = (cosine(20) + cosine(10)) / 2;
  const between = (cosine(90) + cosine(100) + cosine(70) + cosine(80)) / 4;
  const silhouette = (own: number, ...others: number[]) => {
    const a = 1 - cosine(own);
    const b = others.reduce((sum, angle) => sum + 1 - cosine(angle), 0) / others.length;
    return (b - a) / Math.max(a, b);
  };
  const mean =
    (silhouette(20, 90, 100) + silhouette(20, 70, 80) + silhouette(10, 90, 70) + silhouette(10, 100, 80)) / 4;
  near([got.within, got.between, got.separation, got.silhouette], [within, between, within - between, mean], {
    rtol: 1e-13,
  });
  assert.is(got.accuracy, 1);
});

test("a neighbor of the other sense counts as wrong", () => {
  const { accuracy, separation } = senseSeparation([at(0), at(50), at(45), at(90)], ["a", "a", "b", "b"]);
  // 0 -> 45 (b), 50 -> 45 (b), 45 -> 50 (a), 90 -> 50 (a): none has its own sense nearest.
  assert.is(accuracy, 0);
  const [within, between] = [(cosine(50) + cosine(45)) / 2, (cosine(45) + cosine(90) + cosine(5) + cosine(40)) / 4];
  near([separation], [within - between], { rtol: 1e-13 });
});

test("static vectors separate nothing, and their neighbors are tied", () => {
  const got = senseSeparation([at(30), at(30), at(30), at(30)], ["a", "a", "b", "b"]);
  near([got.separation, got.silhouette], [0, 0], { atol: 1e-15 });
  // Each is nearest to all three others, one of which has its sense. Rounding may not break the tie: equal vectors.
  near([got.accuracy], [1 / 3], { rtol: 1e-15 });
});

test("the only vector of a sense has no silhouette and no neighbor of its sense", () => {
  const got = senseSeparation([at(0), at(10), at(90)], ["a", "a", "b"]);
  near([got.accuracy], [2 / 3], { rtol: 1e-15 });
  assert.ok(got.silhouette > 0 && got.silhouette < 2 / 3);
});

test("vectors that cannot be compared are refused", () => {
  assert.throws(() => senseSeparation([at(0)], ["a", "b"]), /1 vectors but 2 senses/);
  assert.throws(() => senseSeparation([at(0), at(1)], ["a", "a"]), /two senses are needed.*got a in 2 sentences/);
  assert.throws(() => senseSeparation([at(0), at(1)], ["a", "b"]), /one of them twice/);
});

test.run();
