/**
 * Pre-tokenizers that only split text into words and change no character.
 * BERT: white space separates words and is dropped, every punctuation mark is a separate word.
 */
import type { PreTokenizer } from "../steps.js";
import { ASTRAL, PUNCTUATION, see, UNSEEN, unseenTable, WHITE } from "../text/unicode.js";

const ALONE = 2;

/** Cut at white space, which is dropped, and around each character of the classes `alone`, a bit mask. */
export function cutWords(alone: number): PreTokenizer {
  const masks = [WHITE, alone];
  const kinds = unseenTable();
  return (text) => {
    const { units, cuts, words } = text;
    for (let word = 0; word < words; word++) {
      const end = cuts[2 * word + 1]!;
      let begin = cuts[2 * word]!;
      for (let at = begin; at < end; at++) {
        let kind = kinds[units[at]!]!;
        if (kind === 0) continue;
        let size = 1;
        if (kind >= UNSEEN) {
          if (kind === ASTRAL) size = 2;
          kind = see(kinds, masks, units, at);
        }
        if (kind !== 0) {
          text.cut(begin, at);
          if (kind === ALONE) text.cut(at, at + size);
          begin = at + size;
        }
        at += size - 1;
      }
      text.cut(begin, end);
    }
    text.recut();
    return text;
  };
}

/** BertPreTokenizer: "Hello, world" -> Hello · , · world. */
export const bertPreTokenizer = (): PreTokenizer => cutWords(PUNCTUATION);

/** WhitespaceSplit: at white space alone. */
export const whitespaceSplit = (): PreTokenizer => cutWords(0);
