/** Reading the compact form: see compact-write.ts for its layout. The bytes are untrusted. */
import { HEADER, MAGIC, VERSION } from "./compact-write.js";
import { expect, TokenizerError } from "./errors.js";
import { Fields } from "./fields.js";
import { readModel } from "./read-model.js";
import type { Tokenizer } from "./tokenizer.js";
import { type ReadOptions, tokenizerFromObject } from "./tokenizer-json.js";
import { Vocabulary } from "./vocabulary.js";

/** Whether a file begins as the compact form does. */
export function isCompact(file: Uint8Array): boolean {
  return file.length >= HEADER && new DataView(file.buffer, file.byteOffset).getUint32(0, true) === MAGIC;
}

/** A tokenizer from what {@link Tokenizer.toBytes} wrote. */
export function readCompact(file: Uint8Array, options: ReadOptions = {}): Tokenizer {
  expect(file.length >= HEADER, `compact tokenizer: at least ${HEADER} bytes were expected, got ${file.length}`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const [magic, version, json, pieces, units, scores, merges] = Array.from({ length: 7 }, (_, i) =>
    view.getUint32(4 * i, true),
  ) as [number, number, number, number, number, number, number];
  expect(magic === MAGIC, "compact tokenizer: the first four bytes must be CLZT. Is this another kind of file?");
  expect(version === VERSION, `compact tokenizer: version ${VERSION} was expected, got ${version}`);
  const size = HEADER + json + 8 * scores + 4 * merges + 4 * pieces + 2 * units + 2 * pieces;
  expect(
    file.length === size && json % 8 === 0,
    `compact tokenizer: ${size} bytes were expected, got ${file.length}. Is it whole?`,
  );
  let at = HEADER;
  // A copy, because tables must begin at multiples of their number's size.
  const take = (bytes: number): ArrayBuffer => new Uint8Array(file.subarray(at, (at += bytes))).buffer;
  const parts = parse(new TextDecoder().decode(take(json)));
  const scoreTable = new Float64Array(take(8 * scores));
  const mergeTable = new Int32Array(take(4 * merges));
  const order = new Int32Array(take(4 * pieces));
  const unitTable = new Uint16Array(take(2 * units));
  const shared = new Uint8Array(take(pieces));
  const rest = new Uint8Array(take(pieces));
  const vocabulary = spell(order, unitTable, shared, rest);
  expect(
    mergeTable.every((id) => vocabulary.piece(id) !== undefined) && mergeTable.length % 3 === 0,
    "compact tokenizer: a merge has an id that is no piece",
  );
  if (scores > 0) vocabulary.sorted(order, shared, rest, units);
  const { model, ...others } = parts;
  expect(
    scores === 0 || scores >= vocabulary.size,
    `compact tokenizer: ${vocabulary.size} scores were expected, got ${scores}`,
  );
  const fields = new Fields(model, "model");
  const read = readModel({
    fields: Object.fromEntries(fields.keys().map((key) => [key, fields.get(key)])),
    vocabulary,
    scores: scores > 0 ? scoreTable : null,
    merges: fields.get("type") === "BPE" ? mergeTable : null,
  });
  return tokenizerFromObject(others, read, options);
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch (cause) {
    throw new TokenizerError(`compact tokenizer: its JSON part cannot be read (${(cause as Error).message})`, {
      cause,
    });
  }
}

/** Pieces from the rests that they do not share with the one before. */
function spell(order: Int32Array, rests: Uint16Array, shared: Uint8Array, lengths: Uint8Array): Vocabulary {
  let total = 0;
  let size = 0;
  for (let i = 0; i < order.length; i++) {
    total += shared[i]! + lengths[i]!;
    size = Math.max(size, order[i]! + 1);
    if (order[i]! < 0 || order[i]! > 1024 + 16 * order.length)
      throw new TokenizerError(`compact tokenizer: the id ${order[i]} of piece ${i} is out of range`);
  }
  const units = new Uint16Array(total);
  const begins = new Int32Array(size).fill(-1);
  const ends = new Int32Array(size).fill(-1);
  let from = 0;
  let used = 0;
  let before = 0;
  for (let i = 0; i < order.length; i++) {
    const same = shared[i]!;
    const length = lengths[i]!;
    if (same > used - before || from + length > rests.length)
      throw new TokenizerError(`compact tokenizer: piece ${i} cannot be spelt`);
    begins[order[i]!] = used;
    for (const stop = before + same; before < stop; ) units[used++] = units[before++]!;
    before = used - same;
    for (const stop = from + length; from < stop; ) units[used++] = rests[from++]!;
    ends[order[i]!] = used;
  }
  return Vocabulary.made(units, begins, ends, order.length);
}
