/** A tokenizer file, a text or an option that cannot be used. The message says what was expected, what came, and why. */
export class TokenizerError extends Error {
  override name = "TokenizerError";
}

/** Throw a {@link TokenizerError} unless `condition` holds. */
export function expect(condition: boolean, message: string): asserts condition {
  if (!condition) throw new TokenizerError(message);
}

/** A short form of any value for a message: `{"type":"Foo",…`. */
export function brief(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
