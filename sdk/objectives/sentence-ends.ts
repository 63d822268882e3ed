/** Where sentences end in a sequence of tokens, whatever the vocabulary: for BART's sentence permutation. */
import type { Tokenizer } from "../tokenizer/index.js";

/** Marks that end a sentence: full stops, exclamation and question marks of the scripts that have their own. */
const MARKS = /* @__PURE__ */ Array.from("!.?؟۔।॥။።፧᙮᠃᠉。！？．｡");

/** Longest run of byte-level tokens that spell one character. */
const BYTES = 4;

/**
 * Whether the token at a position ends a sentence.
 *
 * A mark that is a token of its own is found by its id. Byte-level vocabularies spell other marks in several tokens, or merge
 * them with the character before: those are found in the decoded text.
 *
 * @example
 * denoising({ tokenizer, permuteSentences: 1, endsSentence: sentenceEnd(tokenizer) });
 */
export function sentenceEnd(
  tokenizer: Pick<Tokenizer, "id" | "decode">,
): (id: number, position: number, ids: readonly number[]) => boolean {
  const ids = new Set(MARKS.map((mark) => tokenizer.id(mark)));
  const spelled = MARKS.filter((mark) => tokenizer.id(mark) === undefined);
  const tails = new Map<number, boolean | null>();
  const endsInMark = (text: string): boolean => spelled.some((mark) => text.endsWith(mark));
  /** Whether the token's own text ends in a mark; null when it ends in the middle of a character. */
  const tailOf = (id: number): boolean | null => {
    const text = tokenizer.decode([id]);
    return text.endsWith("\uFFFD") ? null : endsInMark(text);
  };
  return (id, position, sequence) => {
    if (ids.has(id)) return true;
    let tail = tails.get(id);
    if (tail === undefined) {
      tail = tailOf(id);
      tails.set(id, tail);
    }
    return tail ?? endsInMark(tokenizer.decode(sequence.slice(Math.max(0, position + 1 - BYTES), position + 1)));
  };
}
