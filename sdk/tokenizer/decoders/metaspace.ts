import type { PrependScheme } from "../pre-tokenizers/metaspace.js";
import type { Decoder } from "../steps.js";

/** ▁ back to a space; the one at the start was not in the text, unless the scheme is "never". */
export function metaspaceDecoder(mark: string, scheme: PrependScheme): Decoder {
  return {
    decode: (tokens) => tokens.map((token, i) => token.replaceAll(mark, i === 0 && scheme !== "never" ? "" : " ")),
  };
}
