/** The characters a vocabulary starts from. */

/**
 * Characters of all words, in order of code points. If there are more than `limit`, the rarest are dropped.
 *
 * @param initial characters that are always included, and dropped last
 */
export function alphabet(words: ReadonlyMap<string, number>, initial: Iterable<string> = [], limit?: number): string[] {
  const counts = new Map<string, number>();
  for (const [word, count] of words)
    for (const character of word) counts.set(character, (counts.get(character) ?? 0) + count);
  for (const character of initial) counts.set([...character][0]!, Number.POSITIVE_INFINITY);
  let kept = [...counts];
  // Of equally rare characters the highest code point is dropped first, so that the result depends only on the counts.
  if (limit !== undefined && kept.length > limit)
    kept = kept.sort((a, b) => b[1] - a[1] || codePoint(a[0]) - codePoint(b[0])).slice(0, limit);
  return kept.map(([character]) => character).sort((a, b) => codePoint(a) - codePoint(b));
}

function codePoint(character: string): number {
  return character.codePointAt(0)!;
}
