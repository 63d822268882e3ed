/** Files that are opened when the first of them is asked for. */
import { type Files, openFile } from "./files.js";

/**
 * Files behind a promise that is created on first use; if it fails, the next request tries again.
 *
 * @param open called by the first read
 */
export function lazyFiles(open: () => Promise<Files>): Files {
  let opening: Promise<Files> | null = null;
  const files = (): Promise<Files> => {
    opening ??= open().catch((error: unknown) => {
      opening = null;
      throw error;
    });
    return opening;
  };
  return {
    read: async (name) => (await files()).read(name),
    open: async (name) => openFile(await files(), name),
  };
}
