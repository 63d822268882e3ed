/**
 * Length coding: piece i is the next bytes of a text in UTF-8, and has the id ids[i]. How many bytes is the sum of the
 * lengths up to one below 255. Most vocabularies need no ids: they count up from 0.
 *
 *   id  piece   length  text
 *    0  [PAD]        5  [PAD]
 *    1  the          3  the
 */
import { EncodedPieces } from "./encoded-pieces.js";
import { expect } from "./errors.js";
import { PieceKernel } from "./piece-kernel.js";
import type { PiecePool } from "./piece-pool.js";
import { PieceTable } from "./piece-table.js";
import { encodeUTF8 } from "./utf8.js";

/** A length that does not end with this byte goes on. */
const MORE = 255;

export interface LengthCoded {
  readonly lengths: Uint8Array;
  readonly text: Uint8Array;
  /** In the order in which pieces are to be added; null for 0, 1, 2 and so on. */
  readonly ids: Int32Array | null;
}

export function lengthCode(pool: PiecePool): LengthCoded {
  const ids = idsInOrder(pool);
  const bytes = new Uint8Array(3 * pool.used);
  const lengths: number[] = [];
  let at = 0;
  for (const id of ids) {
    const piece = pool.piece(id)!;
    expect(
      piece.isWellFormed(),
      () => `compact form: half a surrogate pair cannot be written, got ${JSON.stringify(piece)}`,
    );
    const end = encodeUTF8(pool.units, pool.begins[id]!, pool.ends[id]!, bytes, at);
    for (at += MORE; at <= end; at += MORE) lengths.push(MORE);
    lengths.push(end - (at - MORE));
    at = end;
  }
  const text = bytes.slice(0, at);
  expectEnough(lengths, text);
  return { lengths: Uint8Array.from(lengths), text, ids: ids.every((id, i) => id === i) ? null : ids };
}

/** A small file must not ask for large tables: pieces that differ have two bytes each, but for some hundred. */
function expectEnough(lengths: ArrayLike<number>, text: Uint8Array): void {
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
 * Pieces with the ids 0, 1, 2 and so on, and their table. They are checked, because they may come from anywhere.
 *
 * @param module see {@link compiledKernel}; null does all of it here
 */
export function readLengths(
  { lengths, text }: Pick<LengthCoded, "lengths" | "text">,
  module: WebAssembly.Module | null,
): { readonly pieces: EncodedPieces; readonly table: PieceTable } {
  expectEnough(lengths, text);
  const kernel = PieceKernel.of(module, lengths.length, text.length);
  if (kernel !== null) {
    expect(kernel.readLengths(text, lengths), () => misfit(text, lengths));
    return kernel;
  }
  const ends = endsOf(lengths, text);
  expect(ends !== null, () => misfit(text, lengths));
  const pieces = new EncodedPieces(text.slice(), ends);
  pieces.size = ends.length;
  pieces.used = text.length;
  const table = PieceTable.withRoom(pieces, lengths.length);
  table.addFrom(0, pieces.size);
  return { pieces, table };
}

/** Where pieces end whose text and lengths are given; null where these do not belong together. */
function endsOf(lengths: Uint8Array, text: Uint8Array): Int32Array | null {
  if (!isUTF8(text)) return null;
  const ends = new Int32Array(lengths.length);
  let count = 0;
  let end = 0;
  for (const length of lengths) {
    end += length;
    if (length === MORE) continue;
    if (end < text.length && (text[end]! & 0xc0) === 0x80) return null; // not where a whole character begins
    ends[count++] = end;
  }
  return end === text.length && lengths.at(-1) !== MORE ? ends.slice(0, count) : null;
}

function misfit(text: Uint8Array, lengths: Uint8Array): string {
  return `compact tokenizer: ${lengths.length} pieces were expected in ${text.length} bytes of UTF-8, which end elsewhere or are none. Is the file damaged?`;
}

function isUTF8(text: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(text);
    return true;
  } catch {
    return false;
  }
}
