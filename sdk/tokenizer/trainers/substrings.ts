/** Repeated substrings of a text, by a suffix array: the initial pieces of Unigram training. */

export interface Repeated {
  /** Where one occurrence begins. */
  readonly at: number;
  readonly length: number;
  /** How often it occurs. */
  readonly count: number;
}

/**
 * All substrings of at most `longest` symbols that occur more than once and are not always followed by the same symbol
 * (the inner nodes of the suffix tree).
 *
 * @param text symbols, each at least 0
 */
export function repeatedSubstrings(text: Int32Array, longest: number, on: (found: Repeated) => void): void {
  const order = sortSuffixes(text, longest + 1);
  // A stack of open nodes: their depth, and where in `order` they begin.
  const depths: number[] = [];
  const begins: number[] = [];
  for (let i = 1; i <= order.length; i++) {
    const depth = i < order.length ? common(text, order[i - 1]!, order[i]!, longest + 1) : 0;
    let begin = i - 1;
    while (depths.length > 0 && depths[depths.length - 1]! > depth) {
      const length = depths.pop()!;
      begin = begins.pop()!;
      if (length <= longest) on({ at: order[begin]!, length, count: i - begin });
    }
    if (depth > 0 && (depths.length === 0 || depths[depths.length - 1]! < depth)) {
      depths.push(depth);
      begins.push(begin);
    }
  }
}

/** Length of the common prefix of two suffixes, at most `most`. */
function common(text: Int32Array, a: number, b: number, most: number): number {
  let length = 0;
  while (length < most && a + length < text.length && b + length < text.length && text[a + length] === text[b + length])
    length++;
  return length;
}

/** Suffixes in order of their first `depth` symbols or more, by doubling: ranks of h symbols give those of 2h. */
function sortSuffixes(text: Int32Array, depth: number): Int32Array {
  const n = text.length;
  let order: Int32Array = Int32Array.from({ length: n }, (_, i) => i);
  let rank: Int32Array = new Int32Array(n);
  const symbols = [...new Set(text)].sort((a, b) => a - b);
  const places = new Map(symbols.map((symbol, i) => [symbol, i + 1]));
  for (let i = 0; i < n; i++) rank[i] = places.get(text[i]!)!;
  order = sortBy(order, rank, 0, symbols.length + 1);
  for (let h = 1; h < depth; h *= 2) {
    const ranks = rank;
    order = sortBy(sortBy(order, ranks, h, n + 2), ranks, 0, n + 2);
    const next = new Int32Array(n);
    let current = 0;
    for (let i = 0; i < n; i++) {
      const here = order[i]!;
      const before = i === 0 ? -1 : order[i - 1]!;
      const same = before >= 0 && ranks[here] === ranks[before] && (ranks[here + h] ?? 0) === (ranks[before + h] ?? 0);
      if (!same) current++;
      next[here] = current;
    }
    rank = next;
    if (current === n) break;
  }
  return order;
}

/** Stable counting sort of suffixes by the rank `shift` places further on; 0 beyond the end. */
function sortBy(order: Int32Array, rank: Int32Array, shift: number, kinds: number): Int32Array {
  const starts = new Int32Array(kinds + 1);
  for (const at of order) starts[(rank[at + shift] ?? 0) + 1]!++;
  for (let i = 1; i <= kinds; i++) starts[i]! += starts[i - 1]!;
  const sorted = new Int32Array(order.length);
  for (const at of order) sorted[starts[rank[at + shift] ?? 0]!++] = at;
  return sorted;
}
