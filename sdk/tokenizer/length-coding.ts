/**
 * Length coding: piece i is the next lengths[i] UTF-16 units of a text in UTF-8, and has the id ids[i]. Most vocabularies
 * need no ids: they count up from 0.
 *
 *   id  piece   length  text
 *    0  [PAD]        5  [PAD]
 *    1  the          3  the
 */
import { expect } from "./errors.js";
import { PieceKernel } from "./piece-kernel.js";
import type { PiecePool } from "./piece-pool.js";
import type { PieceTable } from "./piece-table.js";

/** Units of a piece at most: lengths are bytes. */
const LONGEST = 255;

export interface LengthCoded {
  readonly lengths: Uint8Array;
  readonly text: Uint8Array;
  /** In the order in which pieces are to be added; null for 0, 1, 2 and so on. */
  readonly ids: Int32Array | null;
}

export function lengthCode(pool: PiecePool): LengthCoded {
  const ids = idsInOrder(pool);
  const pieces = Array.from(ids, (id) => pool.piece(id)!);
  for (const piece of pieces) {
    expect(
      piece.length <= LONGEST,
      `compact form: pieces of more than ${LONGEST} units are not supported, got ${piece.length}`,
    );
    expect(
      piece.isWellFormed(),
      () => `compact form: half a surrogate pair cannot be written, got ${JSON.stringify(piece)}`,
    );
  }
  const lengths = Uint8Array.from(pieces, (piece) => piece.length);
  const text = new TextEncoder().encode(pieces.join(""));
  expectEnough(lengths, text);
  return { lengths, text, ids: ids.every((id, i) => id === i) ? null : ids };
}

/** A small file must not ask for large tables: pieces that differ have two bytes each, but for some hundred. */
export function expectEnough(lengths: Uint8Array, text: Uint8Array): void {
  expect(
    lengths.length <= 1024 + text.length / 2,
    `compact tokenizer: ${lengths.length} pieces in ${text.length} bytes of text cannot all differ. Is the file damaged? Such a vocabulary can be kept as tokenizer.json`,
  );
}

/** Ids in the order in which their pieces were added, which is that of their units. */
function idsInOrder({ begins, ends, size }: PiecePool): Int32Array {
  const ids: number[] = [];
  for (let id = 0; id < size; id++) if (begins[id]! >= 0) ids.push(id);
  return Int32Array.from(ids.sort((a, b) => begins[a]! - begins[b]! || ends[a]! - ends[b]! || a - b));
}

/**
 * Pieces with the ids 0, 1, 2 and so on, checked, because they may come from anywhere.
 *
 * @param module see {@link PieceKernel.compiled}; null does all of it here
 */
export function appendPieces(
  { lengths, text }: LengthCoded,
  pool: PiecePool,
  table: PieceTable,
  module = PieceKernel.compiled(),
): void {
  const kernel = PieceKernel.of(module, pool, table);
  const whole = kernel?.appendText(text, lengths) ?? appendText(text, lengths, pool, table);
  kernel?.end();
  expect(whole, () => misfit(text, lengths));
  pool.trim();
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

/** Pieces one by one. */
export function* piecesOf({ lengths, text }: LengthCoded): Generator<string> {
  const decoded = decode(text) ?? "";
  const total = lengths.reduce((sum, length) => sum + length, 0);
  expect(total === decoded.length, () => misfit(text, lengths));
  let at = 0;
  for (const length of lengths) yield decoded.slice(at, (at += length));
}

function misfit(text: Uint8Array, lengths: Uint8Array): string {
  return `compact tokenizer: ${lengths.length} pieces were expected in ${text.length} bytes of UTF-8, which end elsewhere or are none. Is the file damaged?`;
}

function decode(text: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(text);
  } catch {
    return null;
  }
}
