/**
 * The hash of a piece: the sum of the bytes of its UTF-8, each times the weight of its place, in 32 bits. The hashes of all
 * beginnings of a word come in one pass, and a kernel multiplies sixteen bytes at once; see assembly/tokenizer/piece-hash.ts.
 */

/** What has been hashed so far, and how many bytes it has. */
export interface Hashed {
  readonly hash: number;
  readonly bytes: number;
}

const NOTHING: Hashed = { hash: 0, bytes: 0 };

/** A weight for each place; they come again after as many. */
const WEIGHTS = weights(256);
const LAST = WEIGHTS.length - 1;

/** The same as in the kernel. */
function weights(places: number): Int32Array {
  const near = [
    20707, 9467, 31723, 14783, 26597, 11519, 17939, 29663, 8837, 23581, 12907, 32069, 19163, 10331, 27947, 15817,
  ];
  const far = [0x9e3779b1, 0x85ebca77, 0xc2b2ae3d, 0x27d4eb2f];
  let block = 1;
  return Int32Array.from({ length: places }, (_, i) => {
    if (i > 0 && i % 16 === 0) block = Math.imul(block, 0x165667b1);
    return Math.imul(Math.imul(near[i % 16]!, far[(i % 8) >> 1]!), block);
  });
}

/** The hash of bytes [begin, end). */
export function hashBytes(bytes: Uint8Array, begin: number, end: number): number {
  let hash = 0;
  for (let i = begin; i < end; i++) hash = (hash + Math.imul(bytes[i]!, WEIGHTS[(i - begin) & LAST]!)) | 0;
  return hash;
}

/**
 * The hash of UTF-16 units [start, end), as that of their UTF-8; half a surrogate pair counts as three bytes.
 *
 * @param before what stands before them
 * @param into gets the hashes of all beginnings: that of units [start, start + n) at place n - 1
 */
export function hashUnits(
  units: Uint16Array,
  start: number,
  end: number,
  before: Hashed = NOTHING,
  into?: Int32Array,
): number {
  let hash = before.hash;
  let place = before.bytes;
  // Before a unit that may be the first half of a pair.
  let highHash = 0;
  let highPlace = 0;
  for (let i = start; i < end; i++) {
    const unit = units[i]!;
    if (unit < 0x80) {
      hash = (hash + Math.imul(unit, WEIGHTS[place & LAST]!)) | 0;
      place++;
    } else if (unit < 0x800) {
      hash = (hash + Math.imul(0xc0 | (unit >> 6), WEIGHTS[place & LAST]!)) | 0;
      hash = (hash + Math.imul(0x80 | (unit & 0x3f), WEIGHTS[(place + 1) & LAST]!)) | 0;
      place += 2;
    } else if (i > start && (unit & 0xfc00) === 0xdc00 && (units[i - 1]! & 0xfc00) === 0xd800) {
      const codePoint = 0x10000 + ((units[i - 1]! & 0x3ff) << 10) + (unit & 0x3ff);
      hash = (highHash + Math.imul(0xf0 | (codePoint >> 18), WEIGHTS[highPlace & LAST]!)) | 0;
      hash = (hash + Math.imul(0x80 | ((codePoint >> 12) & 0x3f), WEIGHTS[(highPlace + 1) & LAST]!)) | 0;
      hash = (hash + Math.imul(0x80 | ((codePoint >> 6) & 0x3f), WEIGHTS[(highPlace + 2) & LAST]!)) | 0;
      hash = (hash + Math.imul(0x80 | (codePoint & 0x3f), WEIGHTS[(highPlace + 3) & LAST]!)) | 0;
      place = highPlace + 4;
    } else {
      highHash = hash;
      highPlace = place;
      hash = (hash + Math.imul(0xe0 | (unit >> 12), WEIGHTS[place & LAST]!)) | 0;
      hash = (hash + Math.imul(0x80 | ((unit >> 6) & 0x3f), WEIGHTS[(place + 1) & LAST]!)) | 0;
      hash = (hash + Math.imul(0x80 | (unit & 0x3f), WEIGHTS[(place + 2) & LAST]!)) | 0;
      place += 3;
    }
    if (into !== undefined) into[i - start] = hash;
  }
  return hash;
}
