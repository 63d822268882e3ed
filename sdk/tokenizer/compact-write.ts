/**
 * The compact form of a tokenizer: what tokenizer.json says, with its tables in bytes and its pieces front-coded. All numbers are little-endian.
 *
 *   "CLZT" · u32 version · u32 length of the JSON · u32 pieces · u32 units · u32 scores · u32 merges · u32 zero
 *   JSON (UTF-8, filled up to a multiple of 8): the parts but for the model's tables, and the model's settings
 *   scores: f64 each, by id · merges: i32 each · ids: i32, in order of the pieces · units: u16, unshared ones
 *   shared: u8 each · lengths of the unshared rest: u8 each
 */
import { CheckedPieces, frontCode } from "./front-coding.js";
import type { Model } from "./model.js";

export const MAGIC = 0x545a4c43;
export const VERSION = 1;
export const HEADER = 32;

export function writeCompact(parts: Readonly<Record<string, unknown>>, model: Model): Uint8Array {
  const text = JSON.stringify({ ...parts, model: model.settings() });
  const json = new TextEncoder().encode(text + " ".repeat((8 - (new TextEncoder().encode(text).length % 8)) % 8));
  const coded = frontCode(model.vocabulary.pool);
  const { ids, shared, rest, units } = coded;
  new CheckedPieces(coded); // what could not be read back is refused here
  const scores = model.scores ?? new Float64Array(0);
  const merges = model.merges ?? new Int32Array(0);
  const tables = [json, bytesOf(scores), bytesOf(merges), bytesOf(ids), bytesOf(units), shared, rest];
  const file = new Uint8Array(tables.reduce((sum, table) => sum + table.length, HEADER));
  const view = new DataView(file.buffer);
  [MAGIC, VERSION, json.length, ids.length, units.length, scores.length, merges.length].forEach((value, i) => {
    view.setUint32(4 * i, value, true);
  });
  let at = HEADER;
  for (const table of tables) {
    file.set(table, at);
    at += table.length;
  }
  return file;
}

function bytesOf(numbers: Float64Array | Int32Array | Uint16Array): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}
