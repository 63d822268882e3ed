/** Principal component analysis, for plots. */
import { ArgumentError, checkArgument, listOf, numbers } from "../options.js";

/**
 * Coordinates along the first two principal components, the directions of largest variance (Pearson 1901).
 *
 * @param points n vectors of the same length
 * @returns n pairs. Signs are fixed, so that the same points give the same picture.
 * @throws {ArgumentError} for points of different lengths
 * @example
 * principalComponents([[0, 0], [3, 4]]); // [[-2.5, 0], [2.5, 0]]
 */
export function principalComponents(points: readonly ArrayLike<number>[]): [number, number][] {
  checkArgument("principalComponents", "points", points, listOf(numbers));
  const width = points[0]?.length ?? 0;
  const odd = points.findIndex((point) => point.length !== width);
  if (odd >= 0)
    throw new ArgumentError(
      `principalComponents: points[${odd}] must have ${width} numbers, as points[0], got ${points[odd]!.length}`,
    );
  const mean = new Float64Array(width);
  for (const point of points) for (let i = 0; i < width; i++) mean[i]! += point[i]! / points.length;
  const centered = points.map((point) => Float64Array.from({ length: width }, (_, i) => point[i]! - mean[i]!));
  const first = leadingDirection(centered, width, []);
  const second = leadingDirection(centered, width, [first]);
  return centered.map((point) => [dot(point, first), dot(point, second)]);
}

const ITERATIONS = 100;

/** A smaller share of the variance than this is rounding error: there is no further direction. */
const ROUNDING = 1e-12;

/** Power iteration on the covariance, orthogonal to the directions already found; zeros if no variance is left. */
function leadingDirection(
  centered: readonly Float64Array[],
  width: number,
  found: readonly Float64Array[],
): Float64Array {
  const variance = centered.reduce((sum, point) => sum + dot(point, point), 0);
  let direction = Float64Array.from({ length: width }, (_, i) => 1 + (i % 7) / 7);
  for (let round = 0; round < ITERATIONS; round++) {
    const next = new Float64Array(width);
    for (const point of centered) {
      const along = dot(point, direction);
      for (let i = 0; i < width; i++) next[i]! += along * point[i]!;
    }
    for (const other of found) {
      const along = dot(next, other);
      for (let i = 0; i < width; i++) next[i]! -= along * other[i]!;
    }
    const length = Math.sqrt(dot(next, next));
    if (length <= ROUNDING * variance) return new Float64Array(width);
    direction = next.map((x) => x / length);
  }
  const largest = direction.reduce((best, x) => (Math.abs(x) > Math.abs(best) ? x : best), 0);
  return largest < 0 ? direction.map((x) => -x) : direction;
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
