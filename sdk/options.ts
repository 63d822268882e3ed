/**
 * Checks of arguments and options on entry to a public function: nothing unknown and nothing of another type passes.
 *
 * Every message names the function, the argument, the expected and the actual value.
 */
import { InputError, shown } from "./errors.js";

/** An argument or an option of a call that cannot be used. */
export class ArgumentError extends InputError {
  override name = "ArgumentError";
}

/** The rule for a value. */
export interface Rule {
  /** completes "must be …" */
  readonly expected: string;
  accepts(value: unknown): boolean;
}

/** The rules of all options, by name. */
export type Rules<Options> = { readonly [Name in keyof Options]-?: Rule };

export const aBoolean: Rule = { expected: "true or false", accepts: (value) => typeof value === "boolean" };
export const aNumber: Rule = { expected: "a finite number", accepts: (value) => Number.isFinite(value) };
export const aString: Rule = { expected: "a string", accepts: (value) => typeof value === "string" };

/**
 * A whole number from `least` to `most`.
 * @__NO_SIDE_EFFECTS__
 */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): Rule {
  const range = most < Number.MAX_SAFE_INTEGER ? `from ${least} to ${most}` : `of at least ${least}`;
  return {
    expected: `a whole number ${range}`,
    accepts: (value) => Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most,
  };
}

/**
 * A finite number from `least` to `most`, both included.
 * @__NO_SIDE_EFFECTS__
 */
export function numberBetween(least: number, most: number): Rule {
  return {
    expected: `a number from ${least} to ${most}`,
    accepts: (value) => typeof value === "number" && value >= least && value <= most,
  };
}

/**
 * One of some strings.
 * @__NO_SIDE_EFFECTS__
 */
export function oneOf(...names: readonly string[]): Rule {
  return {
    expected: names.length === 1 ? `"${names[0]}"` : `one of "${names.join('", "')}"`,
    accepts: (value) => typeof value === "string" && names.includes(value),
  };
}

/**
 * An array whose elements follow one rule.
 * @__NO_SIDE_EFFECTS__
 */
export function listOf({ expected, accepts }: Rule, least = 0): Rule {
  return {
    expected: `an array of which each element is ${expected}${least > 0 ? `, at least ${least}` : ""}`,
    // Array.from visits holes too.
    accepts: (value) => Array.isArray(value) && value.length >= least && Array.from(value).every(accepts),
  };
}

/**
 * Either of two rules.
 * @__NO_SIDE_EFFECTS__
 */
export function either(a: Rule, b: Rule): Rule {
  return { expected: `${a.expected}, or ${b.expected}`, accepts: (value) => a.accepts(value) || b.accepts(value) };
}

const isNumber = (value: unknown): boolean => typeof value === "number" && !Number.isNaN(value);

/** An array of numbers, plain or typed; NaN is none. */
export const numbers: Rule = {
  expected: "an array of numbers",
  accepts: (value) => isArrayLike(value) && Array.prototype.every.call(value, isNumber),
};

/** An array of numbers, plain or typed, possibly with NaN: functions called often check no entries of typed arrays. */
export const anArray: Rule = {
  expected: "an array of numbers",
  accepts: (value) =>
    Array.isArray(value) ? value.every((entry) => typeof entry === "number") : isArrayLike(value) && !isBigInts(value),
};

const isBigInts = (value: unknown): boolean => value instanceof BigInt64Array || value instanceof BigUint64Array;

/** An array of vectors of the same length. */
export const vectors: Rule = {
  expected: "an array of vectors, all of the same length",
  accepts: (value) =>
    Array.isArray(value) &&
    Array.from(value as unknown[]).every((v) => numbers.accepts(v) && (v as []).length === (value[0] as []).length),
};

/** Whether a value is an array or a typed array. */
const isArrayLike = (value: unknown): value is ArrayLike<unknown> =>
  Array.isArray(value) || (ArrayBuffer.isView(value) && "length" in value);

/** Any value: the type is its rule. */
export const anything: Rule = { expected: "anything", accepts: () => true };

/** An object that can be iterated over, such as an array. */
export const anIterable: Rule = {
  expected: "an array, or another iterable",
  accepts: (value) => typeof value === "object" && value !== null && Symbol.iterator in value,
};

/** The bytes of a file. */
export const someBytes: Rule = { expected: "a Uint8Array", accepts: (value) => value instanceof Uint8Array };

/** null alone. */
export const aNull: Rule = { expected: "null", accepts: (value) => value === null };

export const aFunction: Rule = { expected: "a function", accepts: (value) => typeof value === "function" };

/**
 * An object that has these fields, whatever their values.
 * @__NO_SIDE_EFFECTS__
 */
export function withFields(expected: string, ...names: readonly string[]): Rule {
  return {
    expected,
    accepts: (value) => typeof value === "object" && value !== null && names.every((name) => name in value),
  };
}

/**
 * An object that has these methods.
 * @__NO_SIDE_EFFECTS__
 */
export function withMethods(expected: string, ...names: readonly string[]): Rule {
  const has = (value: object, name: string): boolean => typeof Reflect.get(value, name) === "function";
  return {
    expected,
    accepts: (value) => typeof value === "object" && value !== null && names.every((name) => has(value, name)),
  };
}

/**
 * Require an argument to follow a rule.
 *
 * @param where the function that was called
 * @param cause the likely cause, and what to type instead: a sentence
 */
export function checkArgument(where: string, argument: string, value: unknown, rule: Rule, cause = ""): void {
  if (rule.accepts(value)) return;
  throw new ArgumentError(
    `${where}: ${argument} must be ${rule.expected}, got ${given(value)}${cause === "" ? "" : `. ${cause}`}`,
  );
}

/** Require each of some arguments to follow its rule. */
export function checkArguments(
  where: string,
  values: Readonly<Record<string, unknown>>,
  rules: Readonly<Record<string, Rule>>,
): void {
  for (const [name, rule] of Object.entries(rules)) checkArgument(where, name, values[name], rule);
}

/** A caller's value for messages: a caller passes undefined, while a file lacks the field. */
export const given = (value: unknown): string => (value === undefined ? "undefined" : shown(value));

/**
 * Require options to be an object of known names whose values follow their rules; undefined means not given.
 *
 * @param where the function that was called
 * @param elsewhere what to type for names that other libraries have: sentences
 * @throws {ArgumentError} for an unknown name, with the known name that is nearest, and for a value of another kind
 * @example
 * checkOptions("fillMask", { top: 5 }, { topK: wholeNumber(1) }); // ArgumentError: fillMask: unknown option "top"; did you mean "topK"?
 */
export function checkOptions(
  where: string,
  options: unknown,
  rules: Readonly<Record<string, Rule>>,
  elsewhere: Readonly<Record<string, string>> = {},
): void {
  if (options === undefined) return;
  const names = Object.keys(rules);
  if (typeof options !== "object" || options === null || Array.isArray(options))
    throw new ArgumentError(
      `${where}: options must be an object (${names.join(", ") || "there are none"}), got ${shown(options)}`,
    );
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(rules, name)) throw new ArgumentError(unknownOption(where, name, names, elsewhere));
    if (value !== undefined) checkArgument(where, name, value, rules[name]!);
  }
}

function unknownOption(
  where: string,
  name: string,
  names: readonly string[],
  elsewhere: Readonly<Record<string, string>>,
): string {
  const unknown = `${where}: unknown option ${shown(name)}`;
  if (Object.hasOwn(elsewhere, name)) return `${unknown}: ${elsewhere[name]}`;
  const near = nearestName(name, names);
  const known = names.length === 0 ? "it takes none" : `its options are ${names.join(", ")}`;
  return near === undefined ? `${unknown}; ${known}` : `${unknown}; did you mean "${near}"?`;
}

/** Longer names are not compared: they are not misspellings, and comparing them is slow. */
const LONGEST_NAME = 60;

/** The known name that was probably meant: top_k for topK, lenght for length. */
function nearestName(name: string, names: readonly string[]): string | undefined {
  if (name.length > LONGEST_NAME) return undefined;
  const plain = (text: string): string => text.toLowerCase().replaceAll(/[_-]/g, "");
  const best = names
    .map((known) => ({ known, edits: editDistance(plain(name), plain(known)) }))
    .sort((a, b) => a.edits - b.edits)[0];
  return best && best.edits <= Math.min(2, Math.floor(name.length / 3)) ? best.known : undefined;
}

/** Insertions, deletions and replacements from one word to another. Levenshtein 1966. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length]!;
}
