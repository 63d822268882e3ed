/**
 * Fast path for vocabularies in a tokenizer.json: entries formatted as programs write them.
 *
 * A new process interprets JavaScript until the engine has compiled it. The engine compiles one loop over all entries soon
 * after it starts, which halves the loading time. Compiled code is discarded when it reaches a branch that has not run before,
 * so rare cases (escapes, characters of two bytes) run the same operations as frequent ones.
 */
import { type JsonScanner, shortCharacter, skipSpace } from "../json/scanner.js";
import type { PiecePool } from "../vocabulary/piece-pool.js";
import { EMPTY_HASH, extendHash, type PieceTable } from "../vocabulary/piece-table.js";

const QUOTE = 0x22;
const COMMA = 0x2c;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const OPEN = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE = 0x5d;

/**
 * Read entries `"piece":id,` whose ids count up, into `table` too, or, given `scores`, `["piece",score],`. Pieces have no
 * characters beyond U+FFFF and no escapes but `\"` and `\\`. Stops before the first other entry, and before the last one.
 */
export function scanPlainEntries(
  scanner: JsonScanner,
  pool: PiecePool,
  table: PieceTable | null,
  scores: Float64Array | null,
): void {
  const { bytes } = scanner;
  const { units, begins, ends } = pool;
  const separator = scores === null ? COLON : COMMA;
  const most = Math.min(begins.length, scores?.length ?? begins.length);
  const first = pool.size;
  let { at } = scanner;
  let { longest, size, used } = pool;
  for (; size < most; size++) {
    let i = skipSpace(bytes, at);
    if (scores !== null) {
      if (bytes[i] !== OPEN) break;
      i = skipSpace(bytes, i + 1);
    }
    if (bytes[i] !== QUOTE) break;
    let byte = bytes[++i]!;
    let end = used;
    let hash = EMPTY_HASH;
    while (byte !== QUOTE && end < units.length) {
      const escaped = byte === BACKSLASH;
      i += escaped ? 1 : 0;
      byte = bytes[i]!;
      const unit = byte < 0x80 ? byte : shortCharacter(byte, bytes[i + 1]!, bytes[i + 2]!);
      const escapable = unit === QUOTE || unit === BACKSLASH;
      if (unit < 0x20 || escaped !== escapable) break;
      units[end++] = unit;
      hash = extendHash(hash, unit);
      i += unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3;
      byte = bytes[i]!;
    }
    if (byte !== QUOTE) break;
    i = skipSpace(bytes, i + 1);
    if (bytes[i] !== separator) break;
    i = skipSpace(bytes, i + 1);
    if (scores === null) {
      const start = i;
      let id = 0;
      for (byte = bytes[i]!; byte >= ZERO && byte <= NINE; byte = bytes[++i]!) id = 10 * id + byte - ZERO;
      if (id !== size || i === start || (bytes[start] === ZERO && id > 0)) break;
      i = skipSpace(bytes, i);
    } else {
      scanner.at = i;
      scores[size] = scanner.number();
      i = skipSpace(bytes, scanner.at);
      if (bytes[i] !== CLOSE) break;
      i = skipSpace(bytes, i + 1);
    }
    if (bytes[i] !== COMMA) break;
    at = i + 1;
    begins[size] = used;
    ends[size] = end;
    table?.insert(size, hash);
    longest = Math.max(longest, end - used);
    used = end;
  }
  scanner.at = at;
  pool.longest = longest;
  pool.used = used;
  pool.count += size - first;
  pool.size = size;
}
