/**
 * Folders on disk, for Node, Deno and Bun.
 *
 * A file is written beside its place, flushed and renamed, a whole folder likewise: after a crash there is the old state
 * or the new one, never half of either.
 */
import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type Files, ModelFileError, requireSafeName, type WritableFiles } from "./files.js";

const isMissing = (error: unknown): boolean => ["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "");

/** The files of a folder. */
export function folder(path: string): Files {
  return {
    async read(name) {
      try {
        return await readFile(join(path, requireSafeName(name)));
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
  };
}

/** Write a file so that it is there whole or not at all. */
export async function writeFileAtomically(path: string, bytes: Uint8Array): Promise<void> {
  const part = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
  try {
    const file = await open(part, "w");
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
  await syncFolder(dirname(path));
}

/** Make a rename last: the folder's own entry goes to the disk. */
async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A folder whose files are each written whole. */
export function writableFolder(path: string): WritableFiles {
  return {
    ...folder(path),
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
 * Fill a new folder: it is written beside its place and renamed when `fill` is done.
 *
 * @param force replace an existing folder; without it one is refused
 * @throws {ModelFileError} when there is something at the path already
 */
export async function writeFolder(path: string, force: boolean, fill: (files: WritableFiles) => Promise<void>): Promise<void> {
  if (!force && (await exists(path))) throw new ModelFileError(`${path} exists already; choose another place, or replace it with --force`);
  const part = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
  await rm(part, { recursive: true, force: true });
  await mkdir(part, { recursive: true });
  try {
    await fill(writableFolder(part));
    await replace(part, path);
  } catch (error) {
    await rm(part, { recursive: true, force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Put `part` in the place of `path`; what was there goes only after that has worked. */
async function replace(part: string, path: string): Promise<void> {
  if (!(await exists(path))) return rename(part, path);
  const old = `${part}.old`;
  await rename(path, old);
  await rename(part, path);
  await rm(old, { recursive: true, force: true });
}
