/** Where the files of a model come from: a folder, a server, a browser's store, or memory. */

import { InputError, shown } from "../../errors.js";
import { parseJson } from "../../json.js";
import { anIterable, checkArgument, type Rule } from "../../options.js";
import { foreignKind } from "./file-kinds.js";

/** A file that is read in parts. */
export interface RangedFile {
  /** bytes of the whole file */
  readonly size: number;
  /** Bytes [begin, end). They are valid until the next call, which may reuse their memory. */
  slice(begin: number, end: number): Promise<Uint8Array>;
  /**
   * The bytes from `begin` on without a copy in between, where the source can write them to their place: the function that
   * is returned fills `target` before it returns, and gives the number of bytes.
   */
  into?(begin: number): Promise<(target: Uint8Array) => number>;
  /** Release the file; absent where there is nothing to release. */
  close?(): Promise<void>;
}

/** Reading by name; undefined for a file that does not exist. */
export interface Files {
  /** the whole file */
  read(name: string): Promise<Uint8Array | undefined>;
  /** The file in parts, so that weights stream into place. Where absent, {@link Files.read} gives them whole. */
  open?(name: string): Promise<RangedFile | undefined>;
}

/** Files that can be written as well. */
export interface WritableFiles extends Files {
  write(name: string, bytes: Uint8Array): Promise<void>;
  /**
   * Several writes as one step: afterwards all of them have taken effect, or none. Absent where that cannot be promised.
   */
  together?(write: (files: WritableFiles) => Promise<void>): Promise<void>;
}

/** A file that a model needs is missing, or its kind does not match its name. */
export class ModelFileError extends InputError {
  override name = "ModelFileError";
}

/** Bytes in memory as a file that is read in parts: views, not copies. */
export function rangedBytes(bytes: Uint8Array): RangedFile {
  return { size: bytes.length, slice: async (begin, end) => bytes.subarray(begin, end) };
}

/** Open a file of any source; if the source only gives whole files, it is read whole. */
export async function openFile(files: Files, name: string): Promise<RangedFile | undefined> {
  if (files.open) return files.open(name);
  const bytes = await files.read(name);
  return bytes && rangedBytes(bytes);
}

const aNamedFile: Rule = {
  expected: "a name and a Uint8Array",
  accepts: (value) => Array.isArray(value) && typeof value[0] === "string" && value[1] instanceof Uint8Array,
};

/**
 * Files in memory: a folder to save to, or to open a model from.
 *
 * @example
 * const folderInMemory = memoryFiles();
 * await folderInMemory.write("notes.txt", new TextEncoder().encode("hello"));
 * folderInMemory.files.size; // 1
 */
export function memoryFiles(
  entries: Iterable<readonly [string, Uint8Array]> = [],
): WritableFiles & { readonly files: ReadonlyMap<string, Uint8Array> } {
  checkArgument("memoryFiles", "entries", entries, anIterable);
  const list = [...entries];
  for (const [i, entry] of list.entries()) checkArgument("memoryFiles", `entry ${i}`, entry, aNamedFile);
  const files = new Map(list);
  return {
    files,
    read: async (name) => files.get(name),
    open: async (name) => {
      const bytes = files.get(name);
      return bytes && rangedBytes(bytes);
    },
    write: async (name, bytes) => void files.set(name, bytes),
  };
}

/** Several writes, as one step where the files can promise it. */
export function writeAll(files: WritableFiles, write: (files: WritableFiles) => Promise<void>): Promise<void> {
  return files.together ? files.together(write) : write(files);
}

/** Names that Windows reserves for devices, with any extension. */
const DEVICES = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/** The longest path component that every file system accepts. */
const LONGEST_PART = 255;

/**
 * A name that stays inside its folder on every system: plain components joined by "/", none of them "." or "..".
 *
 * @throws {ModelFileError} for any other name
 */
export function requireSafeName(name: string): string {
  const safe = (part: string): boolean =>
    /^[\w.-]+$/.test(part) && !part.endsWith(".") && part.length <= LONGEST_PART && !DEVICES.test(part);
  if (name.split("/").every(safe)) return name;
  throw new ModelFileError(
    `the file name ${shown(name)} is refused: only letters, digits, ".", "_", "-" and "/" inside the folder are allowed`,
  );
}

/** JSON from the bytes of the file `name`. */
export function jsonOf(bytes: Uint8Array, name: string): unknown {
  try {
    return parseJson(new TextDecoder().decode(bytes));
  } catch (error) {
    throw new ModelFileError(`${name} is ${foreignKind(bytes) ?? (error as Error).message}`);
  }
}

/** The fields of a JSON object; no fields for any other value. */
export function fieldsOf(json: unknown): Readonly<Record<string, unknown>> {
  return typeof json === "object" && json !== null ? (json as Record<string, unknown>) : {};
}

/** A value as JSON, indented by two spaces as published files are. */
export function jsonBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
}
