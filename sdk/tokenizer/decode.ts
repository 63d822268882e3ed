/** Decoders: token strings back to text. Each step maps a list of strings to another; at the end they are joined. */

export interface Decoder {
  /** Change the strings of a whole row of tokens. */
  decode(tokens: string[], cleanUp: boolean | undefined): string[];
}

/** WordPiece: a space before every piece except continuations, then English contractions and punctuation closed up. */
export function wordPieceDecoder(prefix: string, cleanUp: boolean): Decoder {
  return {
    decode: (tokens, asked) =>
      tokens.map((token, i) => {
        let text = token;
        if (i > 0) text = text.startsWith(prefix) ? text.slice(prefix.length) : ` ${text}`;
        return (asked ?? cleanUp) ? closeUp(text) : text;
      }),
  };
}

/** What the reference's clean-up closes, in its order. */
const GAPS: readonly (readonly [string, string])[] = [
  [" .", "."],
  [" ?", "?"],
  [" !", "!"],
  [" ,", ","],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [" do not", " don't"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
];

/** Remove the space before punctuation and contractions: "I ' m here ." -> "I'm here." */
export function closeUp(text: string): string {
  for (const [gap, closed] of GAPS) if (text.includes(gap)) text = text.replaceAll(gap, closed);
  return text;
}

/** Steps one after another. */
export function decoderSequence(steps: readonly Decoder[]): Decoder {
  return { decode: (tokens, cleanUp) => steps.reduce((row, step) => step.decode(row, cleanUp), tokens) };
}
