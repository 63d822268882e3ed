/**
 * Length coding: pieces in the order of their ids, from 0 on without holes. Piece i is the next lengths[i] UTF-16 units of
 * a text in UTF-8.
 *
 *   id  piece   length  text
 *    0  [PAD]        5  [PAD]
 *    1  the          3  the
 */
import { expect } from "./errors.js";
import { LONGEST } from "./front-coding.js";
import { PieceKernel } from "./piece-kernel.js";
import { PiecePool } from "./piece-pool.js";
import { PieceTable } from "./piece-table.js";

export interface LengthCoded {
  readonly lengths: Uint8Array;
  readonly text: Uint8Array;
}

/**
 * Null for holes, for pieces that are too long or have half a surrogate pair, and where of equal pieces another one is found
 * than the last.
 */
export function lengthCode(pool: PiecePool, table: PieceTable): LengthCoded | null {
  const lengths = new Uint8Array(pool.size);
  const pieces: string[] = [];
  const { units, begins, ends } = pool;
  for (let id = 0; id < pool.size; id++) {
    const piece = pool.piece(id);
    if (piece === undefined || piece.length > LONGEST || !piece.isWellFormed()) return null;
    if (table.find(units, begins[id]!, ends[id]!) < id) return null;
    lengths[id] = piece.length;
    pieces.push(piece);
  }
  return { lengths, text: new TextEncoder().encode(pieces.join("")) };
}

/**
 * The pieces and the table of them as a whole, checked, because they may come from anywhere.
 *
 * @param module see {@link PieceKernel.compiled}; null does all of it here
 */
export function fromLengths(
  { lengths, text }: LengthCoded,
  module = PieceKernel.compiled(),
): { pool: PiecePool; table: PieceTable } {
  const pool = new PiecePool(lengths.length, text.length);
  const table = new PieceTable(pool, lengths.length);
  let whole: boolean;
  if (module === null) whole = appendText(text, lengths, pool, table);
  else {
    const kernel = new PieceKernel(module, pool, table);
    whole = kernel.appendText(text, lengths);
    kernel.end();
  }
  expect(
    whole,
    `compact tokenizer: ${lengths.length} pieces were expected in ${text.length} bytes of UTF-8, which end elsewhere or are none. Is the file damaged?`,
  );
  pool.trim();
  return { pool, table };
}

/** What {@link PieceKernel.appendText} does. */
function appendText(text: Uint8Array, lengths: Uint8Array, pool: PiecePool, table: PieceTable): boolean {
  const decoded = decode(text);
  if (decoded === null) return false;
  for (let i = 0; i < decoded.length; i++) pool.units[i] = decoded.charCodeAt(i);
  for (let id = 0; id < lengths.length; id++) {
    const end = pool.used + lengths[id]!;
    // A piece ends with the text, or where a whole character begins.
    if (end > decoded.length || (pool.units[end]! & 0xfc00) === 0xdc00) return false;
    pool.place(pool.used, end, id);
  }
  table.addFrom(0, lengths.length);
  return pool.used === decoded.length;
}

function decode(text: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(text);
  } catch {
    return null;
  }
}
