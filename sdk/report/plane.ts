/** Vectors in groups, projected onto a plane, with a figure for the separation of the groups. */
import { aString, checkArguments, listOf, wholeNumber, withFields } from "../options.js";
import { seed as seedOf } from "../tensor/random.js";
import { cosineDistances, meanSilhouette } from "../train/metrics/silhouette.js";
import { principalComponents } from "./projection.js";
import type { PlaneSection, Separation } from "./section.js";

/** A vector to place on a plane. */
export interface PlanePoint {
  readonly label: string;
  readonly group: string;
  readonly vector: ArrayLike<number>;
  /** shown on hover, such as the sentence that the word is in */
  readonly detail?: string;
}

/** Draws of random groups, enough to resolve a share of 1 %. */
const DRAWS = 200;

/**
 * The separation of groups of vectors: their mean silhouette (Rousseeuw 1987, with the cosine distance), and that of the same
 * vectors in random groups of the same sizes.
 *
 * @param groups the group of each vector
 * @param seed draws the random groups
 * @example
 * separationOf([[1, 0], [1, 0.1], [0, 1], [0.1, 1]], ["a", "a", "b", "b"]).silhouette > 0.9; // true
 */
export function separationOf(vectors: readonly ArrayLike<number>[], groups: readonly string[], seed = 1): Separation {
  checkArguments("separationOf", { groups, seed }, { groups: listOf(aString), seed: wholeNumber(0) });
  const distances = cosineDistances(vectors);
  const rng = seedOf(seed);
  const chance = Array.from({ length: DRAWS }, () => {
    const drawn = [...groups];
    for (let i = drawn.length - 1; i > 0; i--) {
      const j = rng.integer(i + 1);
      [drawn[i], drawn[j]] = [drawn[j]!, drawn[i]!];
    }
    return meanSilhouette(distances, drawn);
  });
  return {
    silhouette: meanSilhouette(distances, groups),
    chance: {
      mean: chance.reduce((sum, value) => sum + value, 0) / DRAWS,
      highest: Math.max(...chance),
      draws: DRAWS,
    },
  };
}

/** The share of the variance that the two axes of a projection keep. */
function keptShare(vectors: readonly ArrayLike<number>[], places: readonly (readonly [number, number])[]): number {
  const width = vectors[0]!.length;
  const mean = Array.from({ length: width }, (_, d) => vectors.reduce((sum, v) => sum + v[d]! / vectors.length, 0));
  let all = 0;
  for (const vector of vectors) for (let d = 0; d < width; d++) all += (vector[d]! - mean[d]!) ** 2;
  const kept = places.reduce((sum, [x, y]) => sum + x * x + y * y, 0);
  return all === 0 ? 1 : Math.min(1, kept / all);
}

/**
 * Project vectors onto their first two principal components. The silhouette is that of the vectors before the projection.
 *
 * @example
 * const section = planeSection("Words", [
 *   { label: "cat", group: "animals", vector: [1, 0, 0.1] },
 *   { label: "dog", group: "animals", vector: [0.9, 0.1, 0] },
 *   { label: "bread", group: "food", vector: [0, 1, 0.2] },
 *   { label: "milk", group: "food", vector: [0.1, 0.9, 0] },
 * ]);
 */
export function planeSection(title: string, points: readonly PlanePoint[], note?: string): PlaneSection {
  const aPoint = withFields("a point with label, group and vector", "label", "group", "vector");
  checkArguments("planeSection", { title, points }, { title: aString, points: listOf(aPoint, 1) });
  const vectors = points.map(({ vector }) => vector);
  const groups = points.map(({ group }) => group);
  const places = principalComponents(vectors);
  return {
    kind: "plane",
    title,
    ...(note !== undefined && { note }),
    points: points.map(({ label, group, detail }, i) => ({
      ...{ label, group, x: places[i]![0], y: places[i]![1] },
      ...(detail !== undefined && { detail }),
    })),
    ...(new Set(groups).size > 1 && { separation: separationOf(vectors, groups) }),
    kept: keptShare(vectors, places),
  };
}
