/** The ByteLevel normalizer: every character becomes the visible characters of its bytes. */
import type { Normalizer } from "../steps.js";
import { byteCharactersOf } from "../text/bytes.js";
import { eachCharacter } from "../text/rewriter.js";

/** Map every character to those of its bytes. */
export function byteNormalizer(): Normalizer {
  return (text, spare) => eachCharacter(text, spare, byteCharactersOf)[0];
}
