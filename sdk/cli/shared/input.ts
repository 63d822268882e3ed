/** Input files: `-` is standard input, names ending in .gz are decompressed. */
import { createReadStream } from "node:fs";
import { access, readFile } from "node:fs/promises";
import { createGunzip, gunzipSync } from "node:zlib";
import { InputError } from "cloze";
import { type DataError, decodeLines, parseJson, type Source } from "cloze/data";
import { exists } from "cloze/node";
import { UsageError } from "./usage.js";

/** Bytes of a file as they arrive, decompressed. */
export async function* chunks(name: string): AsyncGenerator<Uint8Array> {
  const raw = name === "-" ? process.stdin : createReadStream(name);
  const stream = name.endsWith(".gz") ? raw.pipe(createGunzip()) : raw;
  raw.on(
    "error",
    (error: Error) => stream !== raw && (stream as NodeJS.WritableStream & { destroy(e: Error): void }).destroy(error),
  );
  try {
    for await (const chunk of stream) yield chunk as Uint8Array;
  } catch (error) {
    throw unreadable(name, error);
  }
}

/** The lines of a file, of bounded memory however long it is. */
export function fileSource(name: string, broken?: (error: DataError) => string): Source {
  const said = name === "-" ? "standard input" : name;
  return { name: said, lines: decodeLines(chunks(name), said, broken) };
}

/**
 * Sources of all named files; standard input when none is named.
 *
 * @param broken called for a line that is not UTF-8; its result replaces the line
 */
export function sources(names: readonly string[], broken?: (error: DataError) => string): Source[] {
  return (names.length === 0 ? ["-"] : names).map((name) => fileSource(name, broken));
}

/** Every file must exist before a long command starts. */
export async function requireFiles(names: readonly (string | undefined)[]): Promise<void> {
  for (const name of names) {
    if (name === undefined || name === "-") continue;
    try {
      // A folder that a killed run had moved aside is put back by this.
      if (!(await exists(name))) await access(name);
    } catch (error) {
      throw unreadable(name, error);
    }
  }
}

/** A whole file, ungzipped by its ending. */
export async function readWhole(name: string): Promise<Uint8Array> {
  try {
    const bytes = await readFile(name);
    return name.endsWith(".gz") ? gunzipSync(bytes) : bytes;
  } catch (error) {
    throw unreadable(name, error);
  }
}

/** The error of a file that the system does not give, in words. */
export function unreadable(name: string, error: unknown): InputError {
  if (error instanceof InputError) return error;
  const { code, message } = error as { code?: string; message: string };
  const reason = code === "ENOENT" ? "there is no such file" : code === "EISDIR" ? "it is a folder" : message;
  return new UsageError(`cannot read ${name || '""'}: ${reason}`);
}

/** Everything that a sequence yields, asynchronous or not. */
export async function collect<T>(items: AsyncIterable<T> | Iterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** A line's JSON value. */
export function parseLine(name: string, number: number, line: string): unknown {
  try {
    return parseJson(line);
  } catch (error) {
    throw new UsageError(`${name}:${number}: ${(error as Error).message}; for plain lines use --text`);
  }
}

/** The fields of a file that holds a JSON object. */
export async function readFields(name: string): Promise<Readonly<Record<string, unknown>>> {
  return fieldsIn(await readWhole(name), name);
}

/** The fields of a JSON object; `name` is for errors. */
export function fieldsIn(bytes: Uint8Array, name: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = parseJson(new TextDecoder().decode(bytes));
  } catch (error) {
    throw new UsageError(`${name} is ${(error as Error).message}`);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new UsageError(`${name} must hold a JSON object`);
}

/** The text of a line of input: a JSON string, or an object that has one. */
export function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  const { text } = (value ?? {}) as Record<string, unknown>;
  if (typeof text !== "string")
    throw new UsageError(`expected a JSON string or {"text"}, got ${JSON.stringify(value)}`);
  return text;
}
