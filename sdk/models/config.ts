/** Reading fields of config.json: what is there must have the right type, what is not has the published default. */
import { InputError, shown } from "../errors.js";

/** A configuration says something that no model can be built from. */
export class ConfigError extends InputError {
  override name = "ConfigError";
}

export type Section = Readonly<Record<string, unknown>>;

/** The object itself, or an error that names what came instead. */
export function section(json: unknown): Section {
  if (typeof json !== "object" || json === null || Array.isArray(json))
    throw new ConfigError(`config.json: expected an object, got ${shown(json)}`);
  return json as Section;
}

/** A field of the type of its default; absent and null mean the default. */
export function optional<T extends string | number | boolean>(c: Section, field: string, fallback: T): Widened<T> {
  const value = c[field] ?? fallback;
  if (typeof value !== typeof fallback || Number.isNaN(value)) {
    throw new ConfigError(`config.json: ${field} must be a ${typeof fallback}, got ${shown(value)}`);
  }
  return value as Widened<T>;
}

type Widened<T> = T extends string ? string : T extends number ? number : boolean;

/** A positive whole number: a size or a count. */
export function number(c: Section, field: string, fallback: number): number {
  const value = optional(c, field, fallback);
  if (!Number.isInteger(value) || value <= 0 || value > 2 ** 31)
    throw new ConfigError(`config.json: ${field} must be a positive whole number, got ${value}`);
  return value;
}

/** A number that `fits`, or an error that says what would have. */
function ranged(c: Section, field: string, fallback: number, what: string, fits: (value: number) => boolean): number {
  const value = optional(c, field, fallback);
  if (!fits(value)) throw new ConfigError(`config.json: ${field} must be ${what}, got ${value}`);
  return value;
}

/** The share of values that training takes away: dropout keeps at least one of the 65,536 chances that it knows. */
export function dropoutShare(c: Section, field: string, fallback: number): number {
  return ranged(c, field, fallback, "a share from 0 up to but not 1", (p) => p >= 0 && p <= 1 - 2 ** -16);
}

/** What is added to a variance before it divides. */
export function epsilon(c: Section, field: string, fallback: number): number {
  return ranged(c, field, fallback, "a small number above 0", (eps) => eps > 0 && eps < 1);
}

/** The standard deviation of fresh weights. */
export function standardDeviation(c: Section, field: string, fallback: number): number {
  return ranged(c, field, fallback, "a number of at least 0", (std) => std >= 0 && std < Number.POSITIVE_INFINITY);
}
