/** Where the files of a model are: a folder, a hub, a store of the browser, or memory. */
import { InputError } from "../errors.js";
import { parseJson } from "../json.js";

/** Reading by name; undefined when there is no such file. */
export interface Files {
  read(name: string): Promise<Uint8Array | undefined>;
}

/** Files that can be written as well. */
export interface WritableFiles extends Files {
  write(name: string, bytes: Uint8Array): Promise<void>;
}

/** A file that a model cannot do without is not there, or is not what it should be. */
export class ModelFileError extends InputError {
  override name = "ModelFileError";
}

/** Files in memory. */
export function memoryFiles(
  entries: Iterable<readonly [string, Uint8Array]> = [],
): WritableFiles & { readonly files: ReadonlyMap<string, Uint8Array> } {
  const files = new Map(entries);
  return {
    files,
    read: async (name) => files.get(name),
    write: async (name, bytes) => void files.set(name, bytes),
  };
}

/** Names that Windows keeps for devices, whatever follows the dot. */
const DEVICES = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/** Longest part that every file system takes. */
const LONGEST_PART = 255;

/**
 * A name that stays inside its folder on every system: plain parts joined by "/", none of dots alone.
 *
 * @throws {ModelFileError} for any other
 */
export function requireSafeName(name: string): string {
  const safe = (part: string): boolean =>
    /^[\w.-]+$/.test(part) && !part.endsWith(".") && part.length <= LONGEST_PART && !DEVICES.test(part);
  if (name.split("/").every(safe)) return name;
  throw new ModelFileError(
    `the file name ${JSON.stringify(name)} is refused: only letters, digits, ".", "_", "-" and "/" inside the folder are allowed`,
  );
}

/** A file's JSON; undefined when there is no such file. */
export async function readJson(files: Files, name: string): Promise<unknown> {
  const bytes = await files.read(name);
  if (!bytes) return undefined;
  try {
    return parseJson(new TextDecoder().decode(bytes));
  } catch (error) {
    throw new ModelFileError(`${name} is ${(error as Error).message}`);
  }
}

/** The fields of a JSON object; none of anything else. */
export function fieldsOf(json: unknown): Readonly<Record<string, unknown>> {
  return typeof json === "object" && json !== null ? (json as Record<string, unknown>) : {};
}

/** The bytes of a value as JSON, two spaces deep, as published files are written. */
export function jsonBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
}
