/** Folders that a browser gives a page: chosen by the user, private to the page (OPFS), or in its Cache API. */
import { checkArgument, withFields, withMethods } from "../../options.js";
import { type Files, ModelFileError, type RangedFile, requireSafeName, type WritableFiles } from "../files/files.js";

/** A blob in parts: its bytes stay where they are until they are read. */
function rangedBlob(blob: Blob): RangedFile {
  return {
    size: blob.size,
    slice: async (begin, end) => new Uint8Array(await blob.slice(begin, end).arrayBuffer()),
  };
}

/** Files by name. */
function blobFiles(blobOf: (name: string) => Promise<Blob | undefined>): Files & Required<Pick<Files, "open">> {
  return {
    async read(name) {
      const blob = await blobOf(requireSafeName(name));
      return blob && new Uint8Array(await blob.arrayBuffer());
    },
    async open(name) {
      const blob = await blobOf(requireSafeName(name));
      return blob && rangedBlob(blob);
    },
  };
}

/**
 * The folder that a user chose with `<input type="file" webkitdirectory>`, or files that were dropped on a page.
 *
 * @param files of the input; those of a folder are named from it on
 * @example
 * const input = document.querySelector<HTMLInputElement>("input[webkitdirectory]")!;
 * const embed = await featureExtraction(selectedFiles(input.files!));
 */
export function selectedFiles(files: ArrayLike<File>): Files {
  checkArgument("selectedFiles", "files", files, {
    expected: "the files of an input, or an array of files",
    accepts: (value) => typeof value === "object" && value !== null && "length" in value,
  });
  const named = new Map<string, File>();
  for (const file of Array.from(files)) {
    const path = file.webkitRelativePath ?? "";
    named.set(path === "" ? file.name : path.slice(path.indexOf("/") + 1), file);
  }
  return blobFiles(async (name) => named.get(name));
}

/** The part of `FileSystemFileHandle` that is used, for programs whose libraries of types have no browser in them. */
export interface FileHandle {
  getFile(): Promise<Blob>;
  createWritable(): Promise<{
    write(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
    close(): Promise<void>;
    abort(): Promise<void>;
  }>;
}

/** The part of `FileSystemDirectoryHandle` that is used. */
export interface DirectoryHandle {
  getFileHandle(name: string, options: { readonly create: boolean }): Promise<FileHandle>;
  getDirectoryHandle(name: string, options: { readonly create: boolean }): Promise<DirectoryHandle>;
}

const isMissing = (error: unknown): boolean => (error as DOMException).name === "NotFoundError";

/**
 * The files of a folder of the File System Access API: one that the user chose with `showDirectoryPicker()`, or the page's
 * own, `await navigator.storage.getDirectory()` (OPFS). A file that is written appears when it is whole.
 *
 * @example
 * const directory = await navigator.storage.getDirectory(); // or what showDirectoryPicker() gives
 * const embed = await featureExtraction(directoryFiles(directory));
 */
export function directoryFiles(directory: DirectoryHandle): WritableFiles {
  checkArgument(
    "directoryFiles",
    "directory",
    directory,
    withMethods("the handle of a folder", "getFileHandle", "getDirectoryHandle"),
  );
  const handleOf = async (name: string, create: boolean): Promise<FileHandle> => {
    const parts = requireSafeName(name).split("/");
    let inside = directory;
    for (const part of parts.slice(0, -1)) inside = await inside.getDirectoryHandle(part, { create });
    return inside.getFileHandle(parts.at(-1)!, { create });
  };
  const files = blobFiles(async (name) => {
    try {
      return await (await handleOf(name, false)).getFile();
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw new ModelFileError(`${name} cannot be read: ${(error as Error).message}`, { cause: error });
    }
  });
  return {
    ...files,
    async write(name, bytes) {
      const stream = await (await handleOf(name, true)).createWritable();
      try {
        await stream.write(bytes as Uint8Array<ArrayBuffer>);
        await stream.close();
      } catch (error) {
        await stream.abort().catch(() => {});
        throw error;
      }
    },
  };
}

/** Keys of the Cache API are URLs; this one belongs to no server. */
const KEY = "https://cloze.invalid/";

/**
 * Files in the browser's Cache API, which pages of an origin share and keep.
 *
 * @param name of the cache
 * @example
 * const files = browserCache("my-models");
 * await files.write("notes.txt", new TextEncoder().encode("hello"));
 */
export function browserCache(name = "cloze"): WritableFiles {
  const store = withFields("", "open").accepts(globalThis.caches) ? globalThis.caches : null;
  if (!store)
    throw new ModelFileError("there is no Cache API here: it needs a page that came over https, or localhost");
  const files = blobFiles(async (file) => (await (await store.open(name)).match(KEY + file))?.blob());
  return {
    ...files,
    async write(file, bytes) {
      const cache = await store.open(name);
      await cache.put(KEY + requireSafeName(file), new Response(bytes as Uint8Array<ArrayBuffer>));
    },
  };
}
