/** Wrong usage, and the values of options. */
import { InputError } from "cloze";
import { InvalidArgumentError } from "commander";

/** Wrong usage or unreadable input: the command exits with status 2 and a message of a few lines. */
export class UsageError extends InputError {
  override name = "UsageError";
}

/** The parser of an option's number. Commander adds the flag and the value to the message. */
function number(expected: string, accepts: (value: number) => boolean): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !accepts(value)) throw new InvalidArgumentError(`expected ${expected}, got "${text}"`);
    return value;
  };
}

/** A whole number of at least `least`. */
export const wholeNumber = (least: number): ((text: string) => number) =>
  number(`a whole number of at least ${least}`, (value) => Number.isSafeInteger(value) && value >= least);

/** A whole number of either sign. */
export const integer = number("a whole number", Number.isSafeInteger);

/** Any finite number. */
export const real = number("a number", Number.isFinite);

/** A number above 0. */
export const positive = number("a number above 0", (value) => value > 0 && Number.isFinite(value));

/** A number of at least 0. */
export const notNegative = number("a number of at least 0", (value) => value >= 0 && Number.isFinite(value));

/** A share: a number from 0 to 1. */
export const share = number("a number from 0 to 1", (value) => value >= 0 && value <= 1);

/** A share above 0. */
export const positiveShare = number("a number above 0 and at most 1", (value) => value > 0 && value <= 1);

/** A share below 1, such as a dropout probability. */
export const shareBelowOne = number("a number from 0 to below 1", (value) => value >= 0 && value < 1);

/** The path of a file or folder to write. */
export function place(text: string): string {
  if (text === "") throw new InvalidArgumentError("expected a path, got nothing");
  return text;
}

/** Names separated by commas. */
export function nameList(text: string): string[] {
  const names = text.split(",").map((name) => name.trim());
  if (names.includes("")) throw new InvalidArgumentError(`expected names separated by commas, got "${text}"`);
  return names;
}

/** The value of --max-length, which the model must have positions for. */
export function requirePositions(length: number, positions: number, whose = "the model"): number {
  if (length > positions) throw new UsageError(`--max-length ${length}: ${whose} has ${positions} positions`);
  return length;
}
