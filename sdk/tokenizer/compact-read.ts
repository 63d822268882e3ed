/** Reading the compact form: see compact-write.ts for its layout. The bytes are untrusted. */
import { BY_ID, BY_UNITS, HEADER, MAGIC, VERSION } from "./compact-write.js";
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
  const header = readHeader(file);
  let at = HEADER;
  const take = (bytes: number): Uint8Array => file.subarray(at, (at += bytes));
  const { model, ...others } = parse(new TextDecoder().decode(take(header.json)));
  const scores = new Float64Array(copy(take(8 * header.scores)));
  const merges = new Int32Array(copy(take(4 * header.merges)));
  const vocabulary = readPieces(header, take);
  expect(
    merges.every((id) => vocabulary.pool.has(id)) && merges.length % 3 === 0,
    "compact tokenizer: a merge has an id that is no piece",
  );
  expect(
    scores.length === 0 || scores.length >= vocabulary.size,
    `compact tokenizer: ${vocabulary.size} scores were expected, got ${scores.length}`,
  );
  const fields = new Fields(model, "model");
  const read = readModel({
    fields: Object.fromEntries(fields.keys().map((key) => [key, fields.get(key)])),
    vocabulary,
    scores: scores.length > 0 ? scores : null,
    merges: fields.get("type") === "BPE" ? merges : null,
  });
  return tokenizerFromObject(others, read, options);
}

interface Header {
  /** Bytes. */
  readonly json: number;
  readonly pieces: number;
  /** Units or bytes, by the coding. */
  readonly text: number;
  readonly scores: number;
  readonly merges: number;
  readonly coding: number;
}

function readHeader(file: Uint8Array): Header {
  expect(file.length >= HEADER, `compact tokenizer: at least ${HEADER} bytes were expected, got ${file.length}`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const [magic, version, json, pieces, text, scores, merges, coding] = Array.from({ length: 8 }, (_, i) =>
    view.getUint32(4 * i, true),
  ) as [number, number, number, number, number, number, number, number];
  expect(magic === MAGIC, "compact tokenizer: the first four bytes must be CLZT. Is this another kind of file?");
  expect(version === VERSION, `compact tokenizer: version ${VERSION} was expected, got ${version}`);
  // Pieces with scores are found by their beginnings, for which they stand in the order of their units.
  expect(
    coding === BY_UNITS || (coding === BY_ID && scores === 0),
    `compact tokenizer: ${coding} is no coding of pieces${scores > 0 ? " with scores" : ""}`,
  );
  const size = HEADER + json + 8 * scores + 4 * merges + (coding === BY_ID ? text + pieces : 2 * text + 6 * pieces);
  expect(
    file.length === size && json % 8 === 0,
    `compact tokenizer: ${size} bytes were expected, got ${file.length}. Is it whole?`,
  );
  return { json, pieces, text, scores, merges, coding };
}

function readPieces({ pieces, text, scores, coding }: Header, take: (bytes: number) => Uint8Array): Vocabulary {
  if (coding === BY_ID) return Vocabulary.tableOf({ text: take(text), lengths: take(pieces) });
  const coded = {
    ids: new Int32Array(copy(take(4 * pieces))),
    units: new Uint16Array(copy(take(2 * text))),
    shared: new Uint8Array(take(pieces)),
    rest: new Uint8Array(take(pieces)),
  };
  return scores > 0 ? Vocabulary.trieOf(coded) : Vocabulary.tableOf(coded);
}

/** A copy, because tables must begin at multiples of their number's size and are kept. */
function copy(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
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
