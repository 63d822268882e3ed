/** Folders on disk, read: for Node, Deno and Bun. */
import { open, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { checkArgument } from "../../options.js";
import { type Files, ModelFileError, type RangedFile, requireSafeName } from "./files.js";
import { mend, statOf } from "./parts.js";
import { refusalOf } from "./refusal.js";

const isMissing = (error: unknown): boolean =>
  ["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "");

/**
 * The files of a folder on disk.
 *
 * @example
 * const embed = await featureExtraction(folder("all-MiniLM-L6-v2"));
 */
export function folder(path: string): Files {
  requirePath(path, "folder");
  const here = filesAt(path);
  /** A missing file may mean that the folder does not exist, or that a killed run had moved it aside. */
  const orMissing = async <T>(read: () => Promise<T | undefined>): Promise<T | undefined> => {
    const found = await read();
    if (found !== undefined || (await statOf(path))) return found;
    if (await exists(path)) return read();
    throw new ModelFileError(`the folder ${resolve(path)} does not exist; is the path right?`);
  };
  return { read: (name) => orMissing(() => here.read(name)), open: (name) => orMissing(() => here.open!(name)) };
}

/**
 * Whether something is at the path; a folder that a killed run had moved aside is put back first.
 *
 * @example
 * if (await exists("my-model")) console.log("there is something already");
 */
export async function exists(path: string): Promise<boolean> {
  try {
    if (await statOf(path)) return true;
    await mend(resolve(path));
    return (await statOf(path)) !== undefined;
  } catch (error) {
    throw unreadable(path, error);
  }
}

export function requirePath(path: unknown, where: string): asserts path is string {
  checkArgument(where, "path", path, {
    expected: "the path of a folder",
    accepts: (p) => typeof p === "string" && p !== "",
  });
}

/** Explain why the system cannot read an entry; other errors are thrown unchanged. */
function unreadable(file: string, error: unknown): unknown {
  const reason = refusalOf(error);
  return reason === undefined ? error : new ModelFileError(`cannot read ${resolve(file)}: ${reason}`, { cause: error });
}

/** The files of a folder that may not exist yet. */
export function filesAt(path: string): Files {
  const reading = <T>(file: string, read: (file: string) => Promise<T>): Promise<T | undefined> =>
    read(file).catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw unreadable(file, error);
    });
  return {
    read: async (name) => reading(join(path, requireSafeName(name)), (file): Promise<Uint8Array> => readFile(file)),
    open: async (name) => reading(join(path, requireSafeName(name)), openInParts),
  };
}

/** Open a file that is read in parts, through one buffer that grows to the largest of them. */
async function openInParts(path: string): Promise<RangedFile> {
  const handle = await open(path, "r");
  // Importing node:fs loads its streams as well, which takes 4 ms.
  const { readSync } = process.getBuiltinModule?.("node:fs") ?? (await import("node:fs"));
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
      // A read that is awaited must not write to WebAssembly memory: the memory may grow and move before it completes.
      into: async (begin) => (target) => {
        let filled = 0;
        while (filled < target.length) {
          const bytesRead = readSync(handle.fd, target, filled, target.length - filled, begin + filled);
          if (bytesRead === 0) break;
          filled += bytesRead;
        }
        return filled;
      },
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}
