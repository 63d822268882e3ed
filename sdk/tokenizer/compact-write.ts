/**
 * The compact form of a tokenizer: what tokenizer.json says, with its tables in bytes. All numbers are little-endian.
 *
 *   "CLZT" · u32 version · u32 length of the JSON · u32 pieces · u32 text · u32 scores · u32 merges · u32 coding
 *   JSON (UTF-8, filled up to a multiple of 8): the parts but for the model's tables, and the model's settings
 *   scores: f64 each, by id · merges: i32 each
 *
 * and then the pieces, by the coding; the second one is for pieces that are looked up as a whole:
 *
 *   0, front-coding.ts:   ids: i32, in order of the pieces · text: u16, unshared units · shared: u8 each · rest: u8 each
 *   1, length-coding.ts:  text: UTF-8 · lengths: u8 each, by id
 */
import { CheckedPieces, frontCode } from "./front-coding.js";
import { lengthCode } from "./length-coding.js";
import type { Model } from "./model.js";

export const MAGIC = 0x545a4c43;
export const VERSION = 1;
export const HEADER = 32;
/** Codings of the pieces. */
export const BY_UNITS = 0;
export const BY_ID = 1;

export function writeCompact(parts: Readonly<Record<string, unknown>>, model: Model): Uint8Array {
  const text = JSON.stringify({ ...parts, model: model.settings() });
  const json = new TextEncoder().encode(text + " ".repeat((8 - (new TextEncoder().encode(text).length % 8)) % 8));
  const { coding, count, length, tables: pieces } = codePieces(model);
  const scores = model.scores ?? new Float64Array(0);
  const merges = model.merges ?? new Int32Array(0);
  const tables = [json, bytesOf(scores), bytesOf(merges), ...pieces];
  const file = new Uint8Array(tables.reduce((sum, table) => sum + table.length, HEADER));
  const view = new DataView(file.buffer);
  const header = [MAGIC, VERSION, json.length, count, length, scores.length, merges.length, coding];
  for (const [i, value] of header.entries()) view.setUint32(4 * i, value, true);
  let at = HEADER;
  for (const table of tables) {
    file.set(table, at);
    at += table.length;
  }
  return file;
}

interface CodedPieces {
  readonly coding: typeof BY_UNITS | typeof BY_ID;
  readonly count: number;
  /** Units or bytes of the text. */
  readonly length: number;
  /** All tables in the order of the file. */
  readonly tables: readonly Uint8Array[];
}

function codePieces({ scores, vocabulary }: Model): CodedPieces {
  const byId = scores === undefined ? lengthCode(vocabulary.pool, vocabulary.table) : null;
  if (byId !== null) {
    const { lengths, text } = byId;
    return { coding: BY_ID, count: lengths.length, length: text.length, tables: [text, lengths] };
  }
  const coded = frontCode(vocabulary.pool);
  new CheckedPieces(coded); // what could not be read back is refused here
  const { ids, shared, rest, units } = coded;
  return {
    coding: BY_UNITS,
    count: ids.length,
    length: units.length,
    tables: [bytesOf(ids), bytesOf(units), shared, rest],
  };
}

function bytesOf(numbers: Float64Array | Int32Array | Uint16Array): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}
