/**
 * Folders on disk, for Node, Deno and Bun.
 *
 * A file is written beside its place, flushed and renamed, a whole folder likewise: after a crash there is the old state
 * or the new one, never half of either.
 */
import { randomBytes } from "node:crypto";
import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { InputError } from "../errors.js";
import { type Files, ModelFileError, type RangedFile, requireSafeName, type WritableFiles } from "./files.js";

const isMissing = (error: unknown): boolean =>
  ["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "");

/**
 * The files of a folder on disk.
 *
 * @example
 * const embed = await featureExtraction(folder("all-MiniLM-L6-v2"));
 */
export function folder(path: string): Files {
  requirePath(path);
  const absent = async (): Promise<undefined> => {
    if (await exists(path)) return undefined;
    throw new ModelFileError(`the folder ${resolve(path)} does not exist; is the path right?`);
  };
  return filesAt(path, absent);
}

function requirePath(path: unknown): asserts path is string {
  if (typeof path === "string" && path !== "") return;
  const got = path === "" ? "an empty text" : path === null ? "null" : typeof path;
  throw new InputError(`folder: expected the path of a folder, got ${got}`);
}

/** @param absent called when a file does not exist */
function filesAt(path: string, absent: () => Promise<undefined>): Files {
  const orAbsent = <T>(work: Promise<T>): Promise<T | undefined> =>
    work.catch((error: unknown) => {
      if (isMissing(error)) return absent();
      throw error;
    });
  return {
    read: async (name) => orAbsent(readFile(join(path, requireSafeName(name)))),
    open: async (name) => orAbsent(openInParts(join(path, requireSafeName(name)))),
  };
}

/** Open a file that is read in parts, through one buffer that grows to the largest of them. */
async function openInParts(path: string): Promise<RangedFile> {
  const handle = await open(path, "r");
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw new ModelFileError(`${resolve(path)} is not a file`);
    const { size } = stats;
    let buffer = new Uint8Array(0);
    return {
      size,
      async slice(begin, end) {
        const length = Math.min(end, size) - begin;
        if (buffer.length < length) buffer = new Uint8Array(length);
        let filled = 0;
        while (filled < length) {
          const { bytesRead } = await handle.read(buffer, filled, length - filled, begin + filled);
          if (bytesRead === 0) break;
          filled += bytesRead;
        }
        return buffer.subarray(0, filled);
      },
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** A name beside `path` that nobody else writes to, neither another process nor another call. */
function besides(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.part`);
}

/** Write a file so that it is there whole or not at all. */
export async function writeFileAtomically(path: string, bytes: Uint8Array): Promise<void> {
  const part = besides(resolve(path));
  try {
    const file = await open(part, "wx");
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
  await syncFolder(dirname(resolve(path)));
}

/** Make a rename last: the folder's own entry goes to the disk. Windows has no such call, and needs none. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A folder whose files are each written whole. */
export function writableFolder(path: string): WritableFiles {
  requirePath(path);
  return {
    ...filesAt(path, async () => undefined),
    async write(name, bytes) {
      const place = join(path, requireSafeName(name));
      await mkdir(dirname(place), { recursive: true });
      await writeFileAtomically(place, bytes);
    },
  };
}

/** Whether something is at the path. */
export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/**
 * Fill a new folder: it is written beside its place and renamed when `fill` is done. A folder that is replaced is moved
 * aside first, as `.NAME.….part.old`, and goes when the new one is in its place.
 *
 * @param force replace an existing folder; without it one is refused
 * @throws {ModelFileError} when there is something at the path already
 */
export async function writeFolder(
  path: string,
  force: boolean,
  fill: (files: WritableFiles) => Promise<void>,
): Promise<void> {
  const place = resolve(path);
  if (!force && (await exists(place)))
    throw new ModelFileError(`${path} exists already; choose another place, or replace it with --force`);
  const part = besides(place);
  try {
    await mkdir(part, { recursive: true });
    await fill(writableFolder(part));
    await replace(part, place);
  } catch (error) {
    await rm(part, { recursive: true, force: true });
    throw error;
  }
  await syncFolder(dirname(place));
}

/** Put `part` in the place of `path`; what was there comes back when that fails, and goes only after it has worked. */
async function replace(part: string, path: string): Promise<void> {
  if (!(await exists(path))) return rename(part, path);
  const old = `${part}.old`;
  await rename(path, old);
  try {
    await rename(part, path);
  } catch (error) {
    await rename(old, path);
    throw error;
  }
  await rm(old, { recursive: true, force: true });
}
