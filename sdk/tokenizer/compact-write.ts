/**
 * The compact form of a tokenizer: what tokenizer.json says, with its tables in bytes. All numbers are little-endian.
 *
 *   "CLZT" · u32 version · u32 length of the JSON · u32 pieces (their lengths) · u32 text · u32 scores · u32 merges · u32 ids
 *   JSON (UTF-8, filled up to a multiple of 8): the parts but for the model's tables, and the model's settings
 *   scores: f64 each, by id · merges: i32 each · ids: i32 each, or none · the pieces
 *
 * Pieces without scores are found as a whole, and are length-coded:          text: UTF-8 · lengths: u8 each
 * Pieces with scores are found by their beginnings, and are front-coded:     text: u16 each · shared: u8 each · rest: u8 each
 */
import { frontCode, SortedPieces } from "./front-coding.js";
import { lengthCode } from "./length-coding.js";
import type { Model } from "./model.js";

export const MAGIC = 0x545a4c43;
export const VERSION = 3;
export const HEADER = 32;

export function writeCompact(parts: Readonly<Record<string, unknown>>, model: Model): Uint8Array {
  const text = JSON.stringify({ ...parts, model: model.settings() });
  const json = new TextEncoder().encode(text + " ".repeat((8 - (new TextEncoder().encode(text).length % 8)) % 8));
  const { count, length, ids, tables: pieces } = codePieces(model);
  const scores = model.scores ?? new Float64Array(0);
  const merges = model.merges ?? new Int32Array(0);
  const tables = [json, bytesOf(scores), bytesOf(merges), bytesOf(ids), ...pieces];
  const file = new Uint8Array(tables.reduce((sum, table) => sum + table.length, HEADER));
  const view = new DataView(file.buffer);
  const header = [MAGIC, VERSION, json.length, count, length, scores.length, merges.length, ids.length];
  for (const [i, value] of header.entries()) view.setUint32(4 * i, value, true);
  let at = HEADER;
  for (const table of tables) {
    file.set(table, at);
    at += table.length;
  }
  return file;
}

interface CodedPieces {
  readonly count: number;
  /** Bytes or units of the text. */
  readonly length: number;
  readonly ids: Int32Array;
  readonly tables: readonly Uint8Array[];
}

function codePieces({ scores, vocabulary: { pool } }: Model): CodedPieces {
  if (scores === undefined) {
    const { ids, text, lengths } = lengthCode(pool);
    return { count: lengths.length, length: text.length, ids: ids ?? new Int32Array(0), tables: [text, lengths] };
  }
  const coded = frontCode(pool);
  new SortedPieces(coded); // what could not be read back is refused here
  const { ids, shared, rest, units } = coded;
  return { count: ids.length, length: units.length, ids, tables: [bytesOf(units), shared, rest] };
}

function bytesOf(numbers: Float64Array | Int32Array | Uint16Array): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}
