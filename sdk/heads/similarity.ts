/** Similarity of vectors and nearest neighbors, on the host in double precision, the same everywhere. */
import {
  ArgumentError,
  anArray,
  checkArgument,
  checkArguments,
  numbers,
  oneOf,
  vectors,
  wholeNumber,
} from "../options.js";
import { highest } from "./probabilities.js";

/**
 * Cosine of the angle between two vectors of one width; 0 if one of them is zero.
 *
 * @example
 * cosine([1, 0], [1, 1]); // 0.7071
 */
export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  checkArgument("cosine", "a", a, anArray);
  checkArgument("cosine", "b", b, anArray);
  if (a.length !== b.length) throw new ArgumentError(`cosine: vectors of ${a.length} and of ${b.length} numbers`);
  let [dot, aa, bb] = [0, 0, 0];
  for (let d = 0; d < a.length; d++) {
    dot += a[d]! * b[d]!;
    aa += a[d]! * a[d]!;
    bb += b[d]! * b[d]!;
  }
  const lengths = Math.sqrt(aa * bb);
  return lengths === 0 ? 0 : dot / lengths;
}

/** How vectors are compared, as the model was trained. Distances are negated, so that higher means nearer. */
export type Similarity = "cosine" | "dot" | "euclidean" | "manhattan";

/**
 * The function of a similarity.
 *
 * @example
 * similarityOf("dot")([1, 2], [3, 4]); // 11
 */
export function similarityOf(kind: Similarity): (a: ArrayLike<number>, b: ArrayLike<number>) => number {
  checkArgument("similarityOf", "kind", kind, oneOf("cosine", "dot", "euclidean", "manhattan"));
  if (kind === "cosine") return cosine;
  const over = (of: (x: number, y: number) => number) => (a: ArrayLike<number>, b: ArrayLike<number>) => {
    let sum = 0;
    for (let d = 0; d < a.length; d++) sum += of(a[d]!, b[d]!);
    return sum;
  };
  if (kind === "dot") return over((x, y) => x * y);
  if (kind === "manhattan") return over((x, y) => -Math.abs(x - y));
  const square = over((x, y) => (x - y) * (x - y));
  return (a, b) => 0 - Math.sqrt(square(a, b));
}

/** A candidate that {@link nearest} found. */
export interface Neighbour {
  /** index among the candidates */
  readonly index: number;
  /** higher is nearer */
  readonly score: number;
}

/**
 * The candidates nearest to a vector, nearest first; ties in order.
 *
 * @example
 * nearest([1, 0], [[0, 1], [2, 0.1]], 1); // [{ index: 1, score: 0.998… }]
 */
export function nearest(
  vector: ArrayLike<number>,
  candidates: readonly ArrayLike<number>[],
  count: number,
  similarity: Similarity = "cosine",
): Neighbour[] {
  checkArguments(
    "nearest",
    { vector, candidates, count },
    { vector: numbers, candidates: vectors, count: wholeNumber(0) },
  );
  const compare = similarityOf(similarity);
  const scores = candidates.map((candidate) => compare(vector, candidate));
  return highest(scores, count).map((index) => ({ index, score: scores[index]! }));
}
