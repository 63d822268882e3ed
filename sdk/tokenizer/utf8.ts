/** UTF-8 and UTF-16 units from one array into another, without a string in between. Both must be whole and valid. */

/** Write a code point as UTF-8 to `bytes` from `at` on; returns the end. */
export function encodeCodePoint(codePoint: number, bytes: Uint8Array, at: number): number {
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

/** Write bytes [begin, end) as UTF-16 units to `units` from `at` on, one for a byte at most; returns the end. */
export function decodeUTF8(bytes: Uint8Array, begin: number, end: number, units: Uint16Array, at: number): number {
  for (let i = begin; i < end; ) {
    const first = bytes[i++]!;
    if (first < 0x80) units[at++] = first;
    else if (first < 0xe0) units[at++] = ((first & 0x1f) << 6) | (bytes[i++]! & 0x3f);
    else {
      const second = bytes[i++]! & 0x3f;
      const third = bytes[i++]! & 0x3f;
      if (first < 0xf0) units[at++] = ((first & 0x0f) << 12) | (second << 6) | third;
      else {
        const codePoint = ((first & 0x07) << 18) | (second << 12) | (third << 6) | (bytes[i++]! & 0x3f);
        units[at++] = 0xd7c0 + (codePoint >> 10);
        units[at++] = 0xdc00 | (codePoint & 0x3ff);
      }
    }
  }
  return at;
}

/** Where the bytes of `units` more UTF-16 units from `at` on end. */
export function skipUTF8(bytes: Uint8Array, at: number, units: number): number {
  for (let left = units; left > 0; left--) {
    const first = bytes[at]!;
    at += first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (first >= 0xf0) left--; // a pair
  }
  return at;
}

/** Whether bytes [begin, end) are units [start, stop) in UTF-8. */
export function isWritten(
  units: Uint16Array,
  start: number,
  stop: number,
  bytes: Uint8Array,
  begin: number,
  end: number,
): boolean {
  let at = begin;
  for (let i = start; i < stop; i++) {
    if (at >= end) return false;
    let unit = bytes[at++]!;
    if (unit >= 0x80) {
      const second = bytes[at++]! & 0x3f;
      if (unit < 0xe0) unit = ((unit & 0x1f) << 6) | second;
      else {
        const third = bytes[at++]! & 0x3f;
        if (unit < 0xf0) unit = ((unit & 0x0f) << 12) | (second << 6) | third;
        else {
          const codePoint = ((unit & 0x07) << 18) | (second << 12) | (third << 6) | (bytes[at++]! & 0x3f);
          if (units[i++] !== 0xd7c0 + (codePoint >> 10) || i === stop) return false;
          unit = 0xdc00 | (codePoint & 0x3ff);
        }
      }
    }
    if (unit !== units[i]) return false;
  }
  return at === end;
}
