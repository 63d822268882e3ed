import { InputError } from "../errors.js";

/** A tokenizer file, a text or an option that cannot be used. The message says what was expected, what came, and why. */
export class TokenizerError extends InputError {
  override name = "TokenizerError";
}

/** Throw a {@link TokenizerError} unless `condition` holds. A message that costs something is given as a function. */
export function expect(condition: boolean, message: string | (() => string)): asserts condition {
  if (!condition) throw new TokenizerError(typeof message === "string" ? message : message());
}

/** A short form of any value for a message: `{"type":"Foo",…`. */
export function brief(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (Array.isArray(value) && value.length > 8) return `a list of ${value.length}`;
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
