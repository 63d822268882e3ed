/** Decoders: token strings back to text. Each step maps a list of strings to another; at the end they are joined. */
import type { Decoder } from "../steps.js";

/** WordPiece: a space before every piece except continuations, then no space before English contractions and punctuation. */
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

/** The spaces that the reference's clean-up removes, in its order. */
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

/** BPEDecoder: the suffix that ends a word becomes a space, and nothing at the end of the text. */
export function suffixDecoder(suffix: string): Decoder {
  return {
    decode: (tokens) => tokens.map((token, i) => token.replaceAll(suffix, i === tokens.length - 1 ? "" : " ")),
  };
}

/** Replace a string in every token. */
export function replaceDecoder(find: (token: string) => string): Decoder {
  return { decode: (tokens) => tokens.map(find) };
}

/** Fuse: join all tokens into one string. */
export const fuseDecoder: Decoder = { decode: (tokens) => [tokens.join("")] };

/** Strip up to `start` and `stop` occurrences of a character from the ends of every token. */
export function stripDecoder(content: string, start: number, stop: number): Decoder {
  return {
    decode: (tokens) =>
      tokens.map((token) => {
        const characters = [...token];
        let from = 0;
        let to = characters.length;
        while (from < start && from < to && characters[from] === content) from++;
        while (characters.length - to < stop && to > from && characters[to - 1] === content) to--;
        return characters.slice(from, to).join("");
      }),
  };
}

/** ByteFallback: tokens such as <0x61> are bytes of UTF-8; each byte of an invalid sequence becomes U+FFFD. */
export function byteFallbackDecoder(): Decoder {
  return {
    decode: (tokens) => {
      const texts: string[] = [];
      let bytes: number[] = [];
      const flush = (): void => {
        if (bytes.length > 0) texts.push(bytesToText(bytes));
        bytes = [];
      };
      for (const token of tokens) {
        const byte = /^<0x([0-9A-Fa-f]{2})>$/.exec(token);
        if (byte !== null) bytes.push(Number.parseInt(byte[1]!, 16));
        else {
          flush();
          texts.push(token);
        }
      }
      flush();
      return texts;
    },
  };
}

function bytesToText(bytes: readonly number[]): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes));
  } catch {
    return "\ufffd".repeat(bytes.length);
  }
}
