/**
 * The base of all errors that the caller can fix: a file, an option or a text that cannot be used. Anything else
 * that is thrown is a failure of the run or a fault in the library; the command line distinguishes the two by this class
 * (exit status 2 and 1).
 *
 * @example
 * try {
 *   await loadModel(engine, files);
 * } catch (error) {
 *   if (error instanceof InputError) console.error(error.message); // the expected value, the given one, the likely cause
 *   else throw error;
 * }
 */
export class InputError extends Error {
  override name = "InputError";
  constructor(message: string, options?: ErrorOptions) {
    super(printable(message), options);
  }
}

/** Room for a list of twenty tensor names. */
const LONGEST_MESSAGE = 2500;

/**
 * A message that may quote a stranger's file: control characters and halves of surrogate pairs are escaped, so that it
 * cannot send control codes to a terminal, and long values are cut. An escape takes six characters: after 80 of them, others
 * become "?".
 */
function printable(message: string): string {
  const cut = message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE)}… (cut)` : message;
  let escapes = 80;
  return cut.replace(/[^\P{Cc}\n]|\p{Cs}|[\u2028\u2029]/gu, (character) =>
    escapes-- > 0 ? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}` : "?",
  );
}

/** Longest text, and most entries, that a message quotes. */
const QUOTED = 80;

/**
 * A value as a message shows it: short, and safe to print even from a hostile file.
 *
 * @example
 * shown(undefined); // "nothing"
 * shown("a\tb"); // "\"a\\tb\""
 * shown([2, 3]); // "[2, 3]"
 * shown({ type: "BPE" }); // "an object with type"
 * shown(new Map()); // "an object of class Map"
 */
export function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "string") {
    return value.length > QUOTED
      ? `${JSON.stringify(value.slice(0, QUOTED))}… (${value.length} characters)`
      : JSON.stringify(value);
  }
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return shownList(value);
  const type = (value as { constructor?: { name?: unknown } }).constructor?.name;
  if (typeof type === "string" && type !== "Object" && type !== "") return `an object of class ${type}`;
  const names = Object.keys(value);
  if (names.length === 0) return "an empty object";
  const some = names.slice(0, 5).map((name) => name.slice(0, QUOTED));
  return `an object with ${some.join(", ")}${names.length > some.length ? ` and ${names.length - some.length} more` : ""}`;
}

/**
 * Names of columns, fields or tensors as a message lists them: no more than twenty, each cut.
 *
 * @example
 * shownNames(["id", "text"]); // "id, text"
 * shownNames([]); // "none"
 */
export function shownNames(names: readonly string[]): string {
  if (names.length === 0) return "none";
  const some = names.slice(0, 20).map((name) => (name.length > QUOTED ? `${name.slice(0, QUOTED)}…` : name));
  return `${some.join(", ")}${names.length > some.length ? ` and ${names.length - some.length} more` : ""}`;
}

function shownList(list: readonly unknown[]): string {
  const plain = list.length <= 8 && list.every((entry) => typeof entry !== "object" || entry === null);
  return plain ? `[${list.map(shown).join(", ")}]` : `an array of ${list.length}`;
}
