import { InputError } from "cloze";

/** Wrong usage or unreadable input: the command ends with status 2 and a message of a few lines. */
export class UsageError extends InputError {
  override name = "UsageError";
}

/** A whole number of at least `least` from an option. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least)
      throw new UsageError(`expected a whole number of at least ${least}, got "${text}"`);
    return value;
  };
}

/** A whole number of either sign from an option. */
export function integer(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isInteger(value)) throw new UsageError(`expected a whole number, got "${text}"`);
  return value;
}

/** Any number from an option. */
export function real(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new UsageError(`expected a number, got "${text}"`);
  return value;
}

/** A number above 0 from an option. */
export function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new UsageError(`expected a number above 0, got "${text}"`);
  return value;
}

/** A number of at least 0 from an option. */
export function notNegative(text: string): number {
  const value = Number(text);
  if (!(value >= 0 && Number.isFinite(value))) throw new UsageError(`expected a number of at least 0, got "${text}"`);
  return value;
}

/** A number from 0 to 1 from an option. */
export function share(text: string): number {
  const value = Number(text);
  if (!(value >= 0 && value <= 1)) throw new UsageError(`expected a number from 0 to 1, got "${text}"`);
  return value;
}
