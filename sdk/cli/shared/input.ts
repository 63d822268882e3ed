/** What the commands read: files by name, `-` for standard input, gzip by its ending. */
import { createReadStream } from "node:fs";
import { access, readFile } from "node:fs/promises";
import { createGunzip, gunzipSync } from "node:zlib";
import { decodeLines, type Source } from "cloze/data";
import { exists } from "cloze/node";
import { UsageError } from "./usage.js";

/** Bytes of a file as they arrive. */
async function* chunks(name: string): AsyncGenerator<Uint8Array> {
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
export function fileSource(name: string): Source {
  const skipMark = async function* (): AsyncGenerator<string> {
    let first = true;
    for await (const line of decodeLines(chunks(name))) {
      yield first ? line.replace(/^\uFEFF/, "") : line;
      first = false;
    }
  };
  return { name: name === "-" ? "standard input" : name, lines: skipMark() };
}

/** Sources of all named files; standard input when none is named. */
export function sources(names: readonly string[]): Source[] {
  return (names.length === 0 ? ["-"] : names).map(fileSource);
}

/** Every file must be there before a long command starts. */
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

function unreadable(name: string, error: unknown): UsageError {
  const { code, message } = error as { code?: string; message: string };
  const reason = code === "ENOENT" ? "there is no such file" : code === "EISDIR" ? "it is a folder" : message;
  return new UsageError(`cannot read ${name}: ${reason}`);
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
    return JSON.parse(line);
  } catch (error) {
    throw new UsageError(`${name}:${number}: not valid JSON (${(error as Error).message}); for plain lines use --text`);
  }
}
