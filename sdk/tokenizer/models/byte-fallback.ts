import type { Vocabulary } from "../vocabulary/vocabulary.js";

/** Ids of <0x00> … <0xFF> for the bytes of a text, or null if one is missing. */
export function byteIds(vocabulary: Vocabulary, text: string): number[] | null {
  const ids = Array.from(new TextEncoder().encode(text), (byte) =>
    vocabulary.find(`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`),
  );
  return ids.includes(-1) ? null : ids;
}
