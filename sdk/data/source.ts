/** Where lines come from, by name, so that an error can say which file and line it is about. */
import { InputError } from "../errors.js";
import { parseJson } from "../json.js";

/** Something in a data file is not as its format says. */
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

/** A text as a source: LF or CRLF line ends, a byte-order mark skipped. */
export function textSource(name: string, text: string): Source {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  return { name, lines };
}

/** Bytes as they arrive, decoded and cut into lines; no more than one chunk and one line are held. */
export async function* decodeLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8");
  let rest = "";
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop()!;
    for (const line of lines) yield line.endsWith("\r") ? line.slice(0, -1) : line;
  }
  rest += decoder.decode();
  if (rest !== "") yield rest;
}

/** The lines with their numbers, from 1. */
export async function* numbered({ lines }: Source): AsyncGenerator<[number, string]> {
  let number = 0;
  for await (const line of lines) yield [++number, line];
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
