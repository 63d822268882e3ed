/**
 * The compact form of a tokenizer: what tokenizer.json says, with its tables in bytes, pieces in order and each without
 * what it shares with the one before. All numbers are little-endian.
 *
 *   "CLZT" · u32 version · u32 length of the JSON · u32 pieces · u32 units · u32 scores · u32 merges · u32 zero
 *   JSON (UTF-8, filled up to a multiple of 8): the parts but for the model's tables, and the model's settings
 *   scores: f64 each, by id · merges: i32 each · ids: i32, in order of the pieces · units: u16, unshared ones
 *   shared: u8 each · lengths of the unshared rest: u8 each
 */
import { expect } from "./errors.js";
import type { Model } from "./model.js";
import type { Vocabulary } from "./vocabulary.js";

export const MAGIC = 0x545a4c43;
export const VERSION = 1;
export const HEADER = 32;

export function writeCompact(parts: Readonly<Record<string, unknown>>, model: Model): Uint8Array {
  const text = JSON.stringify({ ...parts, model: model.settings() });
  const json = new TextEncoder().encode(text + " ".repeat((8 - (new TextEncoder().encode(text).length % 8)) % 8));
  const { vocabulary } = model;
  const order = sortedIds(vocabulary);
  const shared = new Uint8Array(order.length);
  const rest = new Uint8Array(order.length);
  const units: number[] = [];
  for (let i = 0; i < order.length; i++) {
    const [begin, end] = [vocabulary.begins[order[i]!]!, vocabulary.ends[order[i]!]!];
    shared[i] = i === 0 ? 0 : sharedUnits(vocabulary, order[i - 1]!, order[i]!);
    expect(
      end - begin - shared[i]! <= 255,
      `compact form: pieces of more than 255 units are not supported, got ${end - begin}`,
    );
    rest[i] = end - begin - shared[i]!;
    for (let at = begin + shared[i]!; at < end; at++) units.push(vocabulary.units[at]!);
  }
  const scores = model.scores ?? new Float64Array(0);
  const merges = model.merges ?? new Int32Array(0);
  const tables = [
    json,
    bytesOf(scores),
    bytesOf(merges),
    bytesOf(order),
    bytesOf(Uint16Array.from(units)),
    shared,
    rest,
  ];
  const file = new Uint8Array(tables.reduce((sum, table) => sum + table.length, HEADER));
  const view = new DataView(file.buffer);
  [MAGIC, VERSION, json.length, order.length, units.length, scores.length, merges.length].forEach((value, i) => {
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

/** Ids in order of their pieces' units. Of ids with the same piece the last one, which is the one that is found, is kept. */
function sortedIds(vocabulary: Vocabulary): Int32Array {
  const { begins, ends, units } = vocabulary;
  const ids: number[] = [];
  for (let id = 0; id < vocabulary.size; id++) if (begins[id]! >= 0) ids.push(id);
  ids.sort((a, b) => {
    let [i, j] = [begins[a]!, begins[b]!];
    for (; i < ends[a]! && j < ends[b]!; i++, j++) if (units[i] !== units[j]) return units[i]! - units[j]!;
    return ends[a]! - i - (ends[b]! - j) || a - b;
  });
  return Int32Array.from(ids);
}

function sharedUnits({ begins, ends, units }: Vocabulary, a: number, b: number): number {
  const most = Math.min(255, ends[a]! - begins[a]!, ends[b]! - begins[b]!);
  let length = 0;
  while (length < most && units[begins[a]! + length] === units[begins[b]! + length]) length++;
  return length;
}
