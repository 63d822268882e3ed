import type { Decoder } from "../steps.js";
import { tokenBytes } from "../text/bytes.js";

/** The bytes of all tokens, decoded as UTF-8; invalid ones become U+FFFD. */
export function byteLevelDecoder(): Decoder {
  return {
    decode: (tokens) => {
      const rows = tokens.map(tokenBytes);
      const all = new Uint8Array(rows.reduce((sum, row) => sum + row.length, 0));
      let at = 0;
      for (const row of rows) {
        all.set(row, at);
        at += row.length;
      }
      return [new TextDecoder("utf-8", { ignoreBOM: true }).decode(all)];
    },
  };
}
