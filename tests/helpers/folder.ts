/** Folders on disk: as the files of a model, and empty ones for one test. */
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Files } from "../../sdk/io/files/files.js";

export function diskFolder(path: string): Files {
  return {
    async read(name) {
      try {
        return await readFile(join(path, name));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }
    },
  };
}

/** Run `work` in a new empty folder, which is removed afterwards. */
export async function inNewFolder(work: (place: string) => Promise<void>): Promise<void> {
  const place = realpathSync(mkdtempSync(join(tmpdir(), "cloze-")));
  try {
    await work(place);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}
