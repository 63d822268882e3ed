/**
 * Fast path for vocabularies in a tokenizer.json: entries in the form in which programs write them.
 *
 * A program that has just started interprets its functions until the engine has compiled each of them. One loop over all
 * entries is compiled as a whole soon after it has begun, which halves the time to load a vocabulary in a new process.
 */
import { type JsonScanner, shortCharacter } from "../json/scanner.js";
import type { PiecePool } from "../vocabulary/piece-pool.js";

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE = 0x5d;

/**
 * Read entries `"piece":id,` whose ids count up, or, given `scores`, `["piece",score],`, while their pieces need no escapes
 * and have no characters beyond U+FFFF. Stops before the first other entry, and before the last one.
 */
export function scanPlainEntries(scanner: JsonScanner, pool: PiecePool, scores: Float64Array | null): void {
  const { bytes } = scanner;
  const { units, begins, ends } = pool;
  const separator = scores === null ? COLON : COMMA;
  const most = Math.min(begins.length, scores?.length ?? begins.length);
  const first = pool.size;
  let { at } = scanner;
  let { size, used } = pool;
  for (; size < most; size++) {
    scanner.at = at;
    if (scores !== null) {
      if (scanner.peek() !== OPEN) break;
      scanner.at++;
    }
    if (scanner.peek() !== QUOTE) break;
    let i = scanner.at + 1;
    let end = used;
    let byte = bytes[i]!;
    while (byte !== QUOTE && end < units.length) {
      const unit = byte < 0x80 ? byte : shortCharacter(byte, bytes[i + 1]!, bytes[i + 2]!);
      if (unit < 0x20 || unit === BACKSLASH) break;
      units[end++] = unit;
      i += unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3;
      byte = bytes[i]!;
    }
    if (byte !== QUOTE || bytes[i + 1] !== separator) break;
    scanner.at = i + 2;
    const digit = scanner.peek();
    if (digit !== 0x2d && !(digit >= 0x30 && digit <= 0x39)) break;
    const number = scanner.number();
    if (scores === null) {
      if (number !== size) break;
    } else {
      scores[size] = number;
      if (scanner.peek() !== CLOSE) break;
      scanner.at++;
    }
    if (scanner.peek() !== COMMA) break;
    at = scanner.at + 1;
    begins[size] = used;
    ends[size] = used = end;
  }
  scanner.at = at;
  pool.used = used;
  pool.count += size - first;
  pool.size = size;
}
