/** Files of one thread, read by another: a folder on a disk, behind a URL or in memory stays where it is. */
import { type Files, openFile, type RangedFile } from "../io/files/files.js";
import type { Channel, Handler } from "./channel.js";

/** Files that are lent, by number, and the answers to the borrowing end. */
export class LentFiles {
  readonly #files = new Map<number, Files>();
  readonly #opened = new Map<number, RangedFile>();
  #next = 0;

  /** Lend files until {@link takeBack}. */
  lend(files: Files): number {
    this.#files.set(this.#next, files);
    return this.#next++;
  }

  takeBack(id: number): void {
    this.#files.delete(id);
  }

  readonly handlers: Readonly<Record<string, Handler>> = {
    // Bytes are copied, and the copy moves: those of the files are their owner's.
    readFile: async ([id, name]) => (await this.#files.get(id as number)!.read(name as string))?.slice(),
    openFile: async ([id, name]) => {
      const file = await openFile(this.#files.get(id as number)!, name as string);
      if (!file) return undefined;
      this.#opened.set(this.#next, file);
      return { id: this.#next++, size: file.size };
    },
    sliceFile: async ([id, begin, end]) =>
      (await this.#opened.get(id as number)!.slice(begin as number, end as number)).slice(),
    closeFile: async ([id]) => {
      const file = this.#opened.get(id as number);
      this.#opened.delete(id as number);
      await file?.close?.();
    },
  };
}

/** Files that the other end has lent. */
export function borrowedFiles(channel: Channel, id: number): Files {
  return {
    read: async (name) => (await channel.call("readFile", [id, name])) as Uint8Array | undefined,
    async open(name) {
      const file = (await channel.call("openFile", [id, name])) as { id: number; size: number } | undefined;
      return (
        file && {
          size: file.size,
          slice: async (begin, end) => (await channel.call("sliceFile", [file.id, begin, end])) as Uint8Array,
          close: async () => void (await channel.call("closeFile", [file.id])),
        }
      );
    },
  };
}
