/** A page of a real browser, as tests use it. */
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";

export interface BrowserPage {
  /** The value of an expression in the page, awaited. */
  evaluate<T>(expression: string): Promise<T>;
  /** console messages, exceptions, and requests outside the page's own origin */
  readonly said: string[];
  /** Set the width of the window in pixels. */
  resize(width: number): Promise<void>;
  /** Load the page again. */
  reload(): Promise<void>;
  close(): Promise<void>;
}

/** A browser that opens pages at a width, in light or dark. */
export interface PageBrowser {
  open(address: string, width: number, scheme: "light" | "dark"): Promise<BrowserPage>;
  /** The whole page as PNG. */
  picture(page: BrowserPage): Promise<Uint8Array>;
  close(): Promise<void>;
}

const runs = (program: string): boolean => spawnSync(program, ["--version"]).status === 0;

/**
 * The program of a browser: what the variable says, or else the first of its usual names that runs. Null, printed as a named
 * skip, where there is none.
 */
export function programOf(browser: string, variable: string, names: readonly string[], why: string): string | null {
  const set = process.env[variable];
  if (set !== undefined && !runs(set)) throw new Error(`${variable} must be ${browser}'s program, got ${set}`);
  const found = set ?? names.find(runs);
  if (found === undefined) console.log(`skipped: ${why} (needs ${browser}; $${variable} may say where it is)`);
  return found ?? null;
}

/** Whether a page of this origin may ask for an address: its own files, and URLs that it created. */
export const isOwn = (origin: string, address: string): boolean =>
  /^(file|data|blob):/.test(address) || (origin !== "null" && address.startsWith(origin));

/** Plots take the width of their places in the frame after they are laid out. */
export const TWO_FRAMES = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(0))))";

/** Times that a profile is removed, and milliseconds between them. */
const [REMOVALS, PAUSE] = [50, 100];

/** Remove a browser's profile. Its other processes may write to it for a moment after the first has ended. */
export async function removeProfile(place: string): Promise<void> {
  for (let attempt = 1; ; attempt++)
    try {
      return rmSync(place, { recursive: true, force: true });
    } catch (error) {
      if (attempt === REMOVALS) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
}
