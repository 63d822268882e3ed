import { InputError } from "../errors.js";

/** A tokenizer file, a text or an option that cannot be used. The message gives the expected value, the actual one, and the likely cause. */
export class TokenizerError extends InputError {
  override name = "TokenizerError";
}

/** Throw a {@link TokenizerError} unless `condition` holds. A message that is costly to make is a function. */
export function expect(condition: boolean, message: string | (() => string)): asserts condition {
  if (!condition) throw new TokenizerError(typeof message === "string" ? message : message());
}
