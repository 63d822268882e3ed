/** Metaspace: a space becomes ▁ and is part of the word after it, as in SentencePiece (Kudo & Richardson 2018). */
import { shown } from "../../errors.js";
import { expect } from "../errors.js";
import type { Fields } from "../json/fields.js";
import type { PreTokenizer } from "../steps.js";

/** Whether a ▁ is prepended to a word without one: always, only at the start of the text, or never. */
export type PrependScheme = "always" | "first" | "never";

export function metaspacePreTokenizer(mark: number, scheme: PrependScheme, split: boolean): PreTokenizer {
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

/** The settings that the Metaspace pre-tokenizer and decoder share; old files say add_prefix_space for the scheme. */
export function readMetaspace(fields: Fields): { mark: string; scheme: PrependScheme; split: boolean } {
  const mark = fields.string("replacement", "▁");
  expect(
    mark.length === 1,
    () => `${fields.path}.replacement: one character up to U+FFFF was expected, got ${shown(mark)}`,
  );
  const scheme = fields.string("prepend_scheme", fields.boolean("add_prefix_space", true) ? "always" : "never");
  expect(
    scheme === "always" || scheme === "first" || scheme === "never",
    () => `${fields.path}.prepend_scheme: always, first or never was expected, got ${shown(scheme)}`,
  );
  return { mark, scheme, split: fields.boolean("split", true) };
}
