/** A folder on disk as the files of a model, for tests and comparisons. */
import { readFile } from "node:fs/promises";
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
