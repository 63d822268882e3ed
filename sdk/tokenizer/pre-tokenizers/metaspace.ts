/** Metaspace: a space becomes ▁ and belongs to the word after it, as in SentencePiece (Kudo & Richardson 2018). */
import type { Decoder } from "../decoders/decoders.js";
import type { Splitter } from "./bert.js";

/** Whether a ▁ is put before a text that has none: always, only at the beginning of the text, or never. */
export type PrependScheme = "always" | "first" | "never";

export function metaspaceSplitter(mark: number, scheme: PrependScheme, split: boolean): Splitter {
  return (text, spare) => {
    text.align();
    const { units, cuts, words, starts, ends } = text;
    spare.clear(text.base);
    spare.reserve(text.length + words + 2);
    for (let word = 0; word < words; word++) {
      const start = cuts[2 * word]!;
      const end = cuts[2 * word + 1]!;
      let begin = spare.length;
      const marked = units[start] === mark || units[start] === 0x20;
      if (!marked && (scheme === "always" || (scheme === "first" && starts[start] === 0)))
        spare.push(mark, starts[start]!, ends[start]!);
      const { units: out, starts: outStarts, ends: outEnds } = spare;
      let length = spare.length;
      for (let at = start; at < end; at++) {
        const unit = units[at] === 0x20 ? mark : units[at]!;
        if (split && unit === mark && length > begin) {
          spare.cut(begin, length);
          begin = length;
        }
        out[length] = unit;
        outStarts[length] = starts[at]!;
        outEnds[length++] = ends[at]!;
      }
      spare.length = length;
      spare.cut(begin, length);
    }
    spare.recut();
    return spare;
  };
}

/** ▁ back to a space; the one that begins the text was not in it, unless the scheme is "never". */
export function metaspaceDecoder(mark: string, scheme: PrependScheme): Decoder {
  return {
    decode: (tokens) => tokens.map((token, i) => token.replaceAll(mark, i === 0 && scheme !== "never" ? "" : " ")),
  };
}
