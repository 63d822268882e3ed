/** From many dimensions to two, for plots. */

/**
 * Principal components: the two directions in which the points differ most.
 *
 * @param points each of the same length
 * @returns coordinates of each point along the first and second component; signs are fixed so that the same points
 *   give the same picture
 */
export function principalComponents(points: readonly ArrayLike<number>[]): [number, number][] {
  const width = points[0]?.length ?? 0;
  const mean = new Float64Array(width);
  for (const point of points) for (let i = 0; i < width; i++) mean[i]! += point[i]! / points.length;
  const centred = points.map((point) => Float64Array.from({ length: width }, (_, i) => point[i]! - mean[i]!));
  const first = leadingDirection(centred, width, []);
  const second = leadingDirection(centred, width, [first]);
  return centred.map((point) => [dot(point, first), dot(point, second)]);
}

const ITERATIONS = 100;

/** Power iteration on the covariance, kept orthogonal to the directions already found. */
function leadingDirection(
  centred: readonly Float64Array[],
  width: number,
  found: readonly Float64Array[],
): Float64Array {
  let direction = Float64Array.from({ length: width }, (_, i) => 1 + (i % 7) / 7);
  for (let round = 0; round < ITERATIONS; round++) {
    const next = new Float64Array(width);
    for (const point of centred) {
      const along = dot(point, direction);
      for (let i = 0; i < width; i++) next[i]! += along * point[i]!;
    }
    for (const other of found) {
      const along = dot(next, other);
      for (let i = 0; i < width; i++) next[i]! -= along * other[i]!;
    }
    const length = Math.sqrt(dot(next, next));
    if (length === 0) break;
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
