/**
 * How well groups of vectors are separated. Rousseeuw 1987, "Silhouettes: a graphical aid to the interpretation of
 * cluster analysis".
 */
import { cosine } from "../../heads/similarity.js";
import { ArgumentError, aString, checkArguments, listOf, numbers } from "../../options.js";

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * How much nearer one vector is to its own group than to the nearest other one: (b - a) / max(a, b), where a is the mean
 * distance to the rest of its group and b the mean distance to the nearest other group; 0 where it is alone in its group.
 *
 * @param distances of every two vectors
 */
export function silhouetteOf(distances: readonly (readonly number[])[], groups: readonly string[], i: number): number {
  const lists = new Map<string, number[]>();
  for (const [j, group] of groups.entries()) {
    if (j === i) continue;
    const list = lists.get(group) ?? [];
    list.push(distances[i]![j]!);
    lists.set(group, list);
  }
  const own = lists.get(groups[i]!);
  if (own === undefined) return 0;
  const a = mean(own);
  const others = [...lists].filter(([group]) => group !== groups[i]);
  const b = Math.min(...others.map(([, list]) => mean(list)));
  const most = Math.max(a, b);
  return most === 0 ? 0 : (b - a) / most;
}

/** Mean silhouette of all vectors by their distances. */
export const meanSilhouette = (distances: readonly (readonly number[])[], groups: readonly string[]): number =>
  mean(groups.map((_, i) => silhouetteOf(distances, groups, i)));

/** 1 - cosine of every two vectors. */
export const cosineDistances = (vectors: readonly ArrayLike<number>[]): number[][] =>
  vectors.map((a) => vectors.map((b) => 1 - cosine(a, b)));

/**
 * Mean silhouette of cosine distances, -1 to 1: 1 for groups that are tight and apart, 0 for groups that overlap, below 0
 * where vectors are nearer to another group than to their own.
 *
 * @param groups of the vectors, by name; at least two
 * @example
 * silhouette([[1, 0], [1, 0], [0, 1], [0, 1]], ["a", "a", "b", "b"]); // 1
 */
export function silhouette(vectors: readonly ArrayLike<number>[], groups: readonly string[]): number {
  checkArguments("silhouette", { vectors, groups }, { vectors: listOf(numbers), groups: listOf(aString) });
  if (vectors.length !== groups.length)
    throw new ArgumentError(`silhouette: ${vectors.length} vectors but ${groups.length} groups`);
  if (new Set(groups).size < 2)
    throw new ArgumentError(`silhouette: at least two groups are needed, got ${groups[0] ?? "none"}`);
  return meanSilhouette(cosineDistances(vectors), groups);
}
