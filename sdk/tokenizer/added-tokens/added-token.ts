/** Tokens that are found in the text before the other steps run, such as [MASK]. */

export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** Left out of decoded text on request, such as [SEP]. */
  readonly special: boolean;
  /** Matches only where no word character is next to it. */
  readonly singleWord: boolean;
  /** Include the white space on the left, or right, in the match. */
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  /** Searched for, normalized, in the normalized text instead of in the text as written. */
  readonly normalized: boolean;
}

/** A special token, searched for in the text as written. */
export function specialToken(content: string, id: number, lstrip = false): AddedToken {
  return { id, content, special: true, singleWord: false, lstrip, rstrip: false, normalized: false };
}

/** An entry of `added_tokens` in a tokenizer.json. */
export function addedJSON(token: AddedToken): Record<string, unknown> {
  return {
    id: token.id,
    content: token.content,
    single_word: token.singleWord,
    lstrip: token.lstrip,
    rstrip: token.rstrip,
    normalized: token.normalized,
    special: token.special,
  };
}
