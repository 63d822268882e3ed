/** The best scores of a vocabulary without sorting it. */

/** The k-th highest of at least k > 0 scores: the least of a heap of the k highest so far. */
export function kthHighest(scores: Float32Array, k: number): number {
  const heap = scores.slice(0, k);
  const isBefore = (a: number, b: number): boolean => heap[a]! < heap[b]!;
  const sink = (from: number): void => sift(heap, from, k, isBefore);
  for (let i = (k >> 1) - 1; i >= 0; i--) sink(i);
  let least = heap[0]!;
  for (let i = k; i < scores.length; i++) {
    if (!(scores[i]! > least)) continue;
    heap[0] = scores[i]!;
    sink(0);
    least = heap[0]!;
  }
  return least;
}

/**
 * The indices of positive values, highest value first, ties in order: as many as are asked for.
 *
 * @example
 * [...bestFirst([0.1, 0.5, 0, 0.4])]; // [1, 3, 0]
 */
export function* bestFirst(values: ArrayLike<number>): Generator<number> {
  const heap = new Int32Array(values.length);
  let size = 0;
  for (let i = 0; i < values.length; i++) if (values[i]! > 0) heap[size++] = i;
  const isBefore = (a: number, b: number): boolean => {
    const difference = values[heap[a]!]! - values[heap[b]!]!;
    return difference > 0 || (difference === 0 && heap[a]! < heap[b]!);
  };
  for (let i = (size >> 1) - 1; i >= 0; i--) sift(heap, i, size, isBefore);
  while (size > 0) {
    yield heap[0]!;
    heap[0] = heap[--size]!;
    sift(heap, 0, size, isBefore);
  }
}

/** Move an entry of a heap down until none of the two below it comes before it. */
function sift(
  heap: Float32Array | Int32Array,
  from: number,
  size: number,
  isBefore: (a: number, b: number) => boolean,
): void {
  for (let at = from; ; ) {
    const left = 2 * at + 1;
    let first = at;
    if (left < size && isBefore(left, first)) first = left;
    if (left + 1 < size && isBefore(left + 1, first)) first = left + 1;
    if (first === at) return;
    const moved = heap[at]!;
    heap[at] = heap[first]!;
    heap[first] = moved;
    at = first;
  }
}
