/** Named streams of lines, so that an error can say which file and line it is about. */

import { InputError } from "../errors.js";
import { parseJson } from "../json.js";
import { aString, checkArguments } from "../options.js";

/** A data file that does not follow its format. */
export class DataError extends InputError {
  override name = "DataError";
}

/** A named stream of lines, without their line ends. */
export interface Source {
  readonly name: string;
  readonly lines: Iterable<string> | AsyncIterable<string>;
}

/** The error at a line of a source. Line numbers start at 1. */
export function dataError({ name }: Source, line: number, problem: string): DataError {
  return new DataError(`${name}:${line}: ${problem}`);
}

/**
 * A text as a source: LF or CRLF line ends, a byte-order mark skipped.
 *
 * @param name for error messages
 * @example
 * textSource("notes.txt", "one\r\ntwo\n").lines; // ["one", "two"]
 */
export function textSource(name: string, text: string): Source {
  checkArguments("textSource", { name, text }, { name: aString, text: aString });
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  return { name, lines };
}

/** A string of V8 has no more UTF-16 units; other engines allow more. */
const LONGEST_LINE = 2 ** 29 - 24;

/**
 * Decode bytes as they arrive and cut them into lines; a byte-order mark is skipped. At most one chunk and one line are
 * held, and the time is linear however long the lines are.
 *
 * @param name of the file, for errors
 * @param broken called with the error of a line that is not UTF-8; its result replaces the line. By default the error is
 * thrown, after the lines before it.
 * @throws {DataError} with the line that is not UTF-8, or too long for a string
 * @example
 * const { body } = await fetch("data:text/plain,one%0Atwo");
 * for await (const line of decodeLines(body!)) console.assert(line.length === 3); // "one", "two"
 */
export async function* decodeLines(
  chunks: AsyncIterable<Uint8Array>,
  name = "the text",
  broken: (error: DataError) => string = (error) => {
    throw error;
  },
): AsyncGenerator<string> {
  const state = { name, broken, decoder: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }), line: 1 };
  let open: Uint8Array[] = [];
  for await (const chunk of chunks) {
    const end = chunk.lastIndexOf(LINE_FEED);
    if (end < 0) {
      open.push(chunk);
      continue;
    }
    yield* wholeLines(state, [...open, chunk.subarray(0, end)]);
    open = [chunk.subarray(end + 1)];
  }
  if (open.some(({ length }) => length > 0)) yield* wholeLines(state, open);
}

const LINE_FEED = 10;

/** State of {@link decodeLines}: the number of the next line, and its arguments. */
interface Decoding {
  readonly name: string;
  readonly broken: (error: DataError) => string;
  readonly decoder: TextDecoder;
  line: number;
}

/** The lines of some bytes that end with one. */
function* wholeLines(state: Decoding, parts: readonly Uint8Array[]): Generator<string> {
  const bytes = joined(parts);
  const text = bytes.length > LONGEST_LINE ? undefined : decoded(state, bytes);
  for (const line of text === undefined ? linesOneByOne(state, bytes) : text.split("\n")) {
    const begun = state.line++ === 1 ? line.replace(/^\uFEFF/, "") : line;
    yield begun.endsWith("\r") ? begun.slice(0, -1) : begun;
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The text of some bytes; undefined where they are not UTF-8. */
function decoded({ decoder }: Decoding, bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

const UNKNOWN = "in which encoding was the file saved?";

/** What a file that is not UTF-8 is by its first bytes, and what to do about it. */
function encodingOf([first, second, third]: Uint8Array): string {
  if (first === 0x1f && second === 0x8b) return "it is compressed with gzip: unpack it first";
  if (first === 0x50 && second === 0x4b && third === 3)
    return "it is a ZIP archive or an Office document: unpack it, or save it as text";
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))
    return "it is UTF-16: save it as UTF-8";
  return UNKNOWN;
}

/** The lines of bytes of which some are not UTF-8. */
function* linesOneByOne(state: Decoding, bytes: Uint8Array): Generator<string> {
  for (let begin = 0, end = 0; end >= 0; begin = end + 1) {
    end = bytes.indexOf(LINE_FEED, begin);
    const own = bytes.subarray(begin, end < 0 ? bytes.length : end);
    const place = `${state.name}:${state.line}`;
    if (own.length > LONGEST_LINE)
      throw new DataError(`${place}: a line of more than ${LONGEST_LINE} bytes cannot be read`);
    yield decoded(state, own) ??
      state.broken(new DataError(`${place}: not UTF-8; ${state.line === 1 ? encodingOf(own) : UNKNOWN}`));
  }
}

/** The lines with their numbers, from 1. A carriage return alone ends a line too, as in text editors and Python. */
export async function* numbered({ lines }: Source): AsyncGenerator<[number, string]> {
  let number = 0;
  for await (const line of lines) {
    if (!line.includes("\r")) yield [++number, line];
    else for (const part of line.split("\r")) yield [++number, part];
  }
}

/** An object of a JSON line. */
export function jsonObject(source: Source, line: number, text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    throw dataError(source, line, (error as Error).message);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw dataError(source, line, "expected a JSON object");
  return value as Record<string, unknown>;
}
