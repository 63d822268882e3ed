/**
 * Words of Latin text as the Penn Treebank divides them (MacIntyre 1995), which scripts of Chinese question answering use
 * for the parts of an answer that are not Chinese. The text is taken as one sentence; "cannot" and "gonna" stay whole.
 */

/** Applied in this order: each rule puts spaces around its matches. */
const RULES: readonly (readonly [RegExp, string])[] = [
  [/[«“‘„]|`+/gu, " $& "],
  // A quotation mark at the beginning opens, any other one closes.
  [/^"/gu, " `` "],
  [/(?<=[ ([{<])(?:"|'')/gu, " `` "],
  // An opening apostrophe, but not that of a contraction.
  [/(?<![\p{L}\p{N}_])'(?!(?:re|ve|ll|m|t|s|d|n)(?![\p{L}\p{N}_]))(?=[\p{L}\p{N}_])/gu, "' "],
  // A full stop ends the text; within it, it belongs to an abbreviation or a number.
  [/(?<=[^.])\.(?=[\])}>"'»”’ ]*$)/gu, " . "],
  // In 12:30 and 1,000 it belongs to the number.
  [/[:,](?!\d)/gu, " $& "],
  [/\.{2,}/gu, " $& "],
  [/[;@#$%&?!]/gu, " $& "],
  [/(?<=[^'])'(?= )/gu, " ' "],
  [/[*[\](){}<>»”’]|$/gu, " $& "],
  [/''|"/gu, " '' "],
  [/(?<=[^' ])'[smd]?(?= )/gu, " $& "],
  [/(?<=[^' ])(?:'(?:ll|re|ve)|n't)(?= )/gu, " $& "],
];

/**
 * @param text in lower case
 * @example
 * treebankWords("don't pay 1,000$!"); // ["do", "n't", "pay", "1,000", "$", "!"]
 */
export function treebankWords(text: string): string[] {
  const apart = RULES.reduce((whole, [pattern, replacement]) => whole.replace(pattern, replacement), text.trim());
  return apart.split(/\s+/u).filter(Boolean);
}
