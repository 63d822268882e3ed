/** Where the shared data is, and how a test says that it goes without. */
import { existsSync } from "node:fs";
import { join } from "node:path";

/** The project's root: tests run from built copies, so it is handed over by the runner. */
export const root = process.env["CLOZE_ROOT"] ?? process.cwd();

const place = process.env["CLOZE_SHARED"] ?? join(root, "..", "shared");

/**
 * The path of a file of the shared data, or null when it is not on this machine.
 * A null is printed as a named skip, which the runner counts.
 */
export function shared(path: string, why: string): string | null {
  const full = join(place, path);
  if (existsSync(full)) return full;
  console.log(`skipped: ${why} (needs ${path} of the shared data)`);
  return null;
}
