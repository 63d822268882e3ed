/**
 * Bytes as visible characters, as GPT-2 introduced them (Radford et al. 2019, section 2.2): a text is the bytes of its UTF-8
 * form and each byte is shown as one character, so that a space is Ġ and no text is ever unknown.
 */
/** The visible character of each byte: itself where it is visible in Latin-1, else the next free one from U+0100. */
export const BYTE_CHARACTERS: Uint16Array = /* @__PURE__ */ byteCharacters();

function byteCharacters(): Uint16Array {
  const table = new Uint16Array(256);
  let next = 0x100;
  for (let byte = 0; byte < 256; byte++) {
    const visible = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
    table[byte] = visible ? byte : next++;
  }
  return table;
}

export function byteCharactersOf(codePoint: number): readonly number[] {
  return Array.from(new TextEncoder().encode(String.fromCodePoint(codePoint)), (byte) => BYTE_CHARACTERS[byte]!);
}

/** Words of a text in byte characters, for training. */
export function byteText(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return Array.from(bytes, (byte) => String.fromCharCode(BYTE_CHARACTERS[byte]!)).join("");
}

let characterBytes: Map<number, number> | undefined;
/** The bytes that byte characters represent; for a token with other characters, the bytes of its UTF-8 form. */
export function tokenBytes(token: string): Uint8Array {
  characterBytes ??= new Map(Array.from(BYTE_CHARACTERS, (character, byte) => [character, byte]));
  const bytes = new Uint8Array(token.length);
  for (let i = 0; i < token.length; i++) {
    const byte = characterBytes.get(token.charCodeAt(i));
    if (byte === undefined) return new TextEncoder().encode(token);
    bytes[i] = byte;
  }
  return bytes;
}
