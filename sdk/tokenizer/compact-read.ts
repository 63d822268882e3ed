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
  const coded = {
    ids: new Int32Array(take(4 * pieces)),
    units: new Uint16Array(take(2 * units)),
    shared: new Uint8Array(take(pieces)),
    rest: new Uint8Array(take(pieces)),
  };
  const vocabulary = scores > 0 ? Vocabulary.trieOf(coded) : Vocabulary.tableOf(coded);
  expect(
    mergeTable.every((id) => vocabulary.pool.has(id)) && mergeTable.length % 3 === 0,
    "compact tokenizer: a merge has an id that is no piece",
  );
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
