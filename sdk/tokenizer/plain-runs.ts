/** Runs of entries in a JSON file that are written plainly, and are read by somebody who is faster. */
import type { JsonScanner } from "./json-scan.js";

/** Entries that are passed over at most before the reader is asked again. */
const LONGEST_PAUSE = 1 << 10;

export class PlainRuns {
  // A file that is written otherwise would ask in vain for each of its entries.
  private pause = 0;
  private nextPause = 1;

  /** @param read reads plain entries from a place on; returns how many bytes, 0 if there are none */
  constructor(
    private readonly scanner: JsonScanner,
    private readonly read: (json: Uint8Array, at: number) => number,
  ) {}

  /** To be called before each entry: goes on to the first one that is not plain, or is the last. */
  pass(): void {
    if (--this.pause >= 0) return;
    const { scanner } = this;
    const start = scanner.at;
    for (let read = -1; read !== 0; scanner.at += read) read = this.read(scanner.bytes, scanner.at);
    this.nextPause = scanner.at > start ? 1 : Math.min(LONGEST_PAUSE, 2 * this.nextPause);
    this.pause = this.nextPause - 1;
  }
}
