/**
 * Length coding: piece i is the next bytes of a text in UTF-8, and has the id ids[i]. How many bytes is the sum of the
 * lengths up to one below 255. Most vocabularies need no ids: they count up from 0.
 *
 *   id  piece   length  text
 *    0  [PAD]        5  [PAD]
 *    1  the          3  the
 */
import type { EncodedPieces } from "./encoded-pieces.js";
import { expect } from "./errors.js";
import { PieceKernel } from "./piece-kernel.js";
import type { PiecePool } from "./piece-pool.js";
import type { PieceTable } from "./piece-table.js";
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
export function expectEnough(lengths: ArrayLike<number>, text: Uint8Array): void {
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
 * Append pieces with the ids 0, 1, 2 and so on, and enter them into their table. They are checked, because they may come
 * from anywhere.
 *
 * @param module see {@link compiledKernel}; null does all of it here
 */
export function appendPieces(
  { lengths, text }: Pick<LengthCoded, "lengths" | "text">,
  pieces: EncodedPieces,
  table: PieceTable,
  module: WebAssembly.Module | null,
): void {
  const kernel = PieceKernel.of(module, pieces, table);
  const read = kernel?.readLengths(text, lengths) ?? { text: 0, lengths: 0 };
  kernel?.end();
  const rest = { text: text.subarray(read.text), lengths: lengths.subarray(read.lengths) };
  const first = pieces.size;
  expect(appendRest(rest, pieces), () => misfit(text, lengths));
  table.addFrom(first, pieces.size);
  pieces.trim();
}

/** Append pieces whose text and lengths are given; says whether these belong together. */
function appendRest({ lengths, text }: Pick<LengthCoded, "lengths" | "text">, pieces: EncodedPieces): boolean {
  if (!isUTF8(text)) return false;
  const ends = new Int32Array(lengths.length);
  let count = 0;
  let end = 0;
  for (const length of lengths) {
    end += length;
    if (length === MORE) continue;
    if (end < text.length && (text[end]! & 0xc0) === 0x80) return false; // not where a whole character begins
    ends[count++] = pieces.used + end;
  }
  if (end !== text.length || lengths.at(-1) === MORE) return false;
  pieces.append(text, ends.subarray(0, count));
  return true;
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
