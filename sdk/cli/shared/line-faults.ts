/** Lines that cannot be answered: named as they occur, counted at the end. */
import { say } from "./output.js";
import { UsageError } from "./usage.js";

/** Lines at fault that are named one by one. */
const NAMED = 100;

export class LineFaults {
  #count = 0;

  /** @param fault file, line and its fault */
  name(fault: string): void {
    this.#count++;
    if (this.#count <= NAMED) say(`cloze: ${fault}`);
    else if (this.#count === NAMED + 1) say("cloze: further lines at fault are counted only");
  }

  /**
   * @param lines how many lines there were
   * @throws {UsageError} when one of them was at fault
   */
  end(lines: number): void {
    if (this.#count > 0) throw new UsageError(`${this.#count} of ${lines} lines could not be answered`);
  }
}

/** The message of a fault with its place, which some messages begin with already. */
export function faultAt({ source, number }: { readonly source: string; readonly number: number }, message: string) {
  const place = `${source}:${number}: `;
  return message.startsWith(place) ? message : place + message;
}
