/** The characters a vocabulary starts from. */

/**
 * Characters of all words, in the order of their code points. When there are more than `limit`, the rarest are left out.
 *
 * @param initial characters that are in whatever the words say, and are left out last
 */
export function alphabet(words: ReadonlyMap<string, number>, initial: Iterable<string> = [], limit?: number): string[] {
  const counts = new Map<string, number>();
  for (const [word, count] of words)
    for (const character of word) counts.set(character, (counts.get(character) ?? 0) + count);
  for (const character of initial) counts.set([...character][0]!, Number.POSITIVE_INFINITY);
  let kept = [...counts];
  // Of equally rare characters the later code point goes first, so that the result depends on nothing but the counts.
  if (limit !== undefined && kept.length > limit)
    kept = kept.sort((a, b) => b[1] - a[1] || codePoint(a[0]) - codePoint(b[0])).slice(0, limit);
  return kept.map(([character]) => character).sort((a, b) => codePoint(a) - codePoint(b));
}

function codePoint(character: string): number {
  return character.codePointAt(0)!;
}
