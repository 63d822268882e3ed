/** UTF-8, one code point at a time. */

/** Write a code point as UTF-8 to `bytes` from `at` on; returns the end. */
export function encodeCodePoint(codePoint: number, bytes: Uint8Array | Uint16Array, at: number): number {
  if (codePoint < 0x80) {
    bytes[at++] = codePoint;
    return at;
  }
  if (codePoint < 0x800) bytes[at++] = 0xc0 | (codePoint >> 6);
  else {
    if (codePoint < 0x10000) bytes[at++] = 0xe0 | (codePoint >> 12);
    else {
      bytes[at++] = 0xf0 | (codePoint >> 18);
      bytes[at++] = 0x80 | ((codePoint >> 12) & 0x3f);
    }
    bytes[at++] = 0x80 | ((codePoint >> 6) & 0x3f);
  }
  bytes[at++] = 0x80 | (codePoint & 0x3f);
  return at;
}
