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
  const header = readHeader(file);
  let at = HEADER;
  const take = (bytes: number): Uint8Array => file.subarray(at, (at += bytes));
  const { model, ...others } = parse(new TextDecoder().decode(take(header.json)));
  const scores = new Float64Array(copy(take(8 * header.scores)));
  const merges = new Int32Array(copy(take(4 * header.merges)));
  const ids = new Int32Array(copy(take(4 * header.ids)));
  const vocabulary = readPieces(header, ids, take);
  expect(
    merges.every((id) => vocabulary.has(id)) && merges.length % 3 === 0,
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
  /** Bytes of the pieces' lengths, or how many pieces there are, with scores. */
  readonly pieces: number;
  /** Bytes, or units of pieces with scores. */
  readonly text: number;
  readonly scores: number;
  readonly merges: number;
  readonly ids: number;
}

function readHeader(file: Uint8Array): Header {
  expect(file.length >= HEADER, `compact tokenizer: at least ${HEADER} bytes were expected, got ${file.length}`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const [magic, version, json, pieces, text, scores, merges, ids] = Array.from({ length: 8 }, (_, i) =>
    view.getUint32(4 * i, true),
  ) as [number, number, number, number, number, number, number, number];
  expect(magic === MAGIC, "compact tokenizer: the first four bytes must be CLZT. Is this another kind of file?");
  expect(version === VERSION, `compact tokenizer: version ${VERSION} was expected, got ${version}`);
  expect(scores > 0 ? ids === pieces : ids <= pieces, `compact tokenizer: ${pieces} ids were expected, got ${ids}`);
  const size = HEADER + json + 8 * scores + 4 * merges + 4 * ids + (scores > 0 ? 2 : 1) * (text + pieces);
  expect(
    file.length === size && json % 8 === 0,
    `compact tokenizer: ${size} bytes were expected, got ${file.length}. Is it whole?`,
  );
  return { json, pieces, text, scores, merges, ids };
}

function readPieces(header: Header, ids: Int32Array, take: (bytes: number) => Uint8Array): Vocabulary {
  const { pieces, text, scores } = header;
  if (scores === 0)
    return Vocabulary.ofLengths({ ids: ids.length > 0 ? ids : null, text: take(text), lengths: take(pieces) });
  const units = new Uint16Array(copy(take(2 * text)));
  return Vocabulary.ofSorted({ ids, units, shared: new Uint8Array(take(pieces)), rest: new Uint8Array(take(pieces)) });
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
