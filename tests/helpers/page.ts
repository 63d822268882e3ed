/** A page of a real browser, as tests use it. */
export interface BrowserPage {
  /** The value of an expression in the page, awaited. */
  evaluate<T>(expression: string): Promise<T>;
  /** what the console said, exceptions, and addresses outside the page's own origin that were asked for */
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

/** Whether a page of this origin may ask for an address: its own files, and what it made itself. */
export const isOwn = (origin: string, address: string): boolean =>
  /^(file|data|blob):/.test(address) || (origin !== "null" && address.startsWith(origin));

/** Plots take the width of their places in the frame after they are laid out. */
export const TWO_FRAMES = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(0))))";
