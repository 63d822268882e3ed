/**
 * A bias for attention that depends on the distance between key and query alone: b[i][j] = table[bucket(j - i)][head].
 * Shaw et al. 2018 (arXiv:1803.02155) in the form of T5: Raffel et al. 2020 (arXiv:1910.10683), section 2.1.
 *
 * The bias is as attention takes it: (queries, keys) for each head of each sequence, offsets[row] elements from its start
 * for the first head of `row`. Query i of q is aligned with key i + keys - q. table is (buckets, heads);
 * buckets[d + zero] is the table's row for the distance d = key - query. Splits by head.
 */
import { LANES, at } from "../simd";

/** @param scratch `distances` elements */
export function relativeBias(
  bias: usize, table: usize, buckets: usize, zero: i32, distances: i32, starts: usize, keyStarts: usize, offsets: usize,
  rows: i32, heads: i32, scratch: usize, begin: i32, end: i32,
): void {
  for (let head = begin; head < end; head++) {
    for (let d = 0; d < distances; d++)
      store<f32>(at(scratch, d), load<f32>(at(table, load<i32>(at(buckets, d)) * heads + head)));
    for (let row = 0; row < rows; row++) {
      const queries = load<i32>(at(starts, row + 1)) - load<i32>(at(starts, row));
      const keys = load<i32>(at(keyStarts, row + 1)) - load<i32>(at(keyStarts, row));
      const own = at(bias, load<i32>(at(offsets, row)) + head * queries * keys);
      for (let i = 0; i < queries; i++)
        memory.copy(at(own, i * keys), at(scratch, zero - (i + keys - queries)), <usize>keys << 2);
    }
  }
}

/** dtable[bucket(d)][head] += the sum of dbias at distance d: over rows, then queries, then distances, in ascending order. */
export function relativeBiasBackward(
  dtable: usize, dbias: usize, buckets: usize, zero: i32, distances: i32, starts: usize, keyStarts: usize, offsets: usize,
  rows: i32, heads: i32, scratch: usize, begin: i32, end: i32,
): void {
  for (let head = begin; head < end; head++) {
    memory.fill(scratch, 0, <usize>distances << 2);
    for (let row = 0; row < rows; row++) {
      const queries = load<i32>(at(starts, row + 1)) - load<i32>(at(starts, row));
      const keys = load<i32>(at(keyStarts, row + 1)) - load<i32>(at(keyStarts, row));
      const own = at(dbias, load<i32>(at(offsets, row)) + head * queries * keys);
      for (let i = 0; i < queries; i++) addTo(at(scratch, zero - (i + keys - queries)), at(own, i * keys), keys);
    }
    for (let d = 0; d < distances; d++) {
      const entry = at(dtable, load<i32>(at(buckets, d)) * heads + head);
      store<f32>(entry, load<f32>(entry) + load<f32>(at(scratch, d)));
    }
  }
}

// @ts-ignore: decorator
@inline function addTo(sum: usize, x: usize, n: i32): void {
  let j = 0;
  for (; j + LANES <= n; j += LANES) v128.store(at(sum, j), f32x4.add(v128.load(at(sum, j)), v128.load(at(x, j))));
  for (; j < n; j++) store<f32>(at(sum, j), load<f32>(at(sum, j)) + load<f32>(at(x, j)));
}

/**
 * bias[i][j] += factor * content[i][entry(i - j)], or content[j][entry(i - j)] where `byKey` is 1: the scores
 * of a token's vector for each distance, for one head of every sequence. He et al. 2021, "DeBERTa" (arXiv:2006.03654),
 * section 3.1.
 *
 * content is (tokens, entries), entries[d + zero] the column for the distance d = query - key; queries are keys.
 * Splits by sequence.
 */
export function gatherDistances(
  bias: usize, content: usize, columns: i32, entries: usize, zero: i32, starts: usize, offsets: usize,
  head: i32, factor: f32, byKey: i32, begin: i32, end: i32,
): void {
  for (let row = begin; row < end; row++) {
    const start = load<i32>(at(starts, row)), n = load<i32>(at(starts, row + 1)) - start;
    const own = at(bias, load<i32>(at(offsets, row)) + head * n * n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        const token = start + (byKey ? j : i), entry = load<i32>(at(entries, zero + i - j));
        const to = at(own, i * n + j);
        store<f32>(to, load<f32>(to) + factor * load<f32>(at(content, token * columns + entry)));
      }
    }
  }
}

/** dcontent[i or j][entry(i - j)] += factor * dbias[i][j], queries and keys in ascending order. Splits by sequence. */
export function gatherDistancesBackward(
  dcontent: usize, dbias: usize, columns: i32, entries: usize, zero: i32, starts: usize, offsets: usize,
  head: i32, factor: f32, byKey: i32, begin: i32, end: i32,
): void {
  for (let row = begin; row < end; row++) {
    const start = load<i32>(at(starts, row)), n = load<i32>(at(starts, row + 1)) - start;
    const own = at(dbias, load<i32>(at(offsets, row)) + head * n * n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        const token = start + (byKey ? j : i), entry = load<i32>(at(entries, zero + i - j));
        const to = at(dcontent, token * columns + entry);
        store<f32>(to, load<f32>(to) + factor * load<f32>(at(own, i * n + j)));
      }
    }
  }
}
