/** Reading fields of config.json: a field must have the right type; an absent one has the published default. */
import { InputError, shown } from "../../errors.js";

/** config.json describes a model that cannot be built. */
export class ConfigError extends InputError {
  override name = "ConfigError";
}

export type Section = Readonly<Record<string, unknown>>;

/**
 * The value as an object, or an error that shows it.
 *
 * @param field name of the value in messages; the file itself by default
 */
export function section(json: unknown, field?: string): Section {
  if (typeof json === "object" && json !== null && !Array.isArray(json)) return json as Section;
  const expected = field === undefined ? "expected" : `${field} must be`;
  throw new ConfigError(`config.json: ${expected} an object, got ${shown(json)}`);
}

/**
 * config.json with the field names of this family where it has the names that all families share (`attribute_map` of
 * transformers). The family's own names win.
 *
 * @example
 * withOwnNames({ hidden_size: 768 }, { hidden_size: "dim" }); // { hidden_size: 768, dim: 768 }
 */
export function withOwnNames(c: Section, names: Readonly<Record<string, string>>): Section {
  const found = Object.entries(names).filter(([shared]) => c[shared] !== undefined && c[shared] !== null);
  return { ...Object.fromEntries(found.map(([shared, own]) => [own, c[shared]])), ...c };
}

/** A field that has the type of its default; absent and null mean the default. */
export function optional<T extends string | number | boolean>(c: Section, field: string, fallback: T): Widened<T> {
  const value = c[field] ?? fallback;
  // JSON can say 1e999.
  if (typeof value !== typeof fallback || (typeof value === "number" && !Number.isFinite(value))) {
    throw new ConfigError(`config.json: ${field} must be a ${typeof fallback}, got ${shown(value)}`);
  }
  return value as Widened<T>;
}

type Widened<T> = T extends string ? string : T extends number ? number : boolean;

/** A number that `fits`, or an error that says which numbers do. */
function ranged(c: Section, field: string, fallback: number, what: string, fits: (value: number) => boolean): number {
  const value = optional(c, field, fallback);
  if (!fits(value)) throw new ConfigError(`config.json: ${field} must be ${what}, got ${value}`);
  return value;
}

/** Larger than any published vocabulary, width or number of positions: the file is damaged. */
const LARGEST = 2 ** 24;

/** A positive whole number: a size or a count. */
export function number(c: Section, field: string, fallback: number): number {
  const fits = (value: number) => Number.isInteger(value) && value > 0 && value <= LARGEST;
  return ranged(c, field, fallback, `a positive whole number of at most ${LARGEST}`, fits);
}

/** Published models have at most 128 layers. Layers are built before weights are compared, so their number is bounded. */
export const MOST_LAYERS = 1000;

/** A number of layers. */
export function layerCount(c: Section, field: string, fallback: number): number {
  const fits = (value: number) => Number.isInteger(value) && value > 0 && value <= MOST_LAYERS;
  return ranged(c, field, fallback, `a whole number from 1 to ${MOST_LAYERS}`, fits);
}

/** A whole number of at least `least`. */
export function wholeNumber(c: Section, field: string, fallback: number, least: number): number {
  const fits = (value: number) => Number.isInteger(value) && value >= least && value <= LARGEST;
  return ranged(c, field, fallback, `a whole number from ${least} to ${LARGEST}`, fits);
}

/** A token id below the size of the vocabulary. */
export function tokenId(c: Section, field: string, fallback: number, vocabulary: number): number {
  const fits = (id: number) => Number.isInteger(id) && id >= 0 && id < vocabulary;
  return ranged(c, field, Math.min(fallback, vocabulary - 1), `a token id below the vocab_size ${vocabulary}`, fits);
}

/** A number above 0. */
export function positive(c: Section, field: string, fallback: number): number {
  return ranged(c, field, fallback, "a number above 0", (value) => value > 0);
}

/** Dropout probability. Below 1 by at least 2^-16, the resolution of the dropout kernel. */
export function dropoutProbability(c: Section, field: string, fallback: number): number {
  return ranged(c, field, fallback, "a probability of at least 0 and below 1", (p) => p >= 0 && p <= 1 - 2 ** -16);
}

/** The epsilon of a norm: added to the variance before the division. */
export function epsilon(c: Section, field: string, fallback: number): number {
  return ranged(c, field, fallback, "a small number above 0", (eps) => eps > 0 && eps < 1);
}

/** Standard deviation of the initial weights. */
export function standardDeviation(c: Section, field: string, fallback: number): number {
  return ranged(c, field, fallback, "a number of at least 0", (std) => std >= 0 && std < Number.POSITIVE_INFINITY);
}

/**
 * Base of the rotary angles: `rope_parameters`, as transformers 5 writes it, or a field of its own before that.
 *
 * @param kind the entry of `rope_parameters` for models with several kinds of layers
 * @throws {ConfigError} for scaled or partial rotary positions
 */
export function ropeTheta(c: Section, fallback: number, field = "rope_theta", kind?: string): number {
  const all = section(c["rope_parameters"] ?? c["rope_scaling"] ?? {}, "rope_parameters");
  const own = kind === undefined ? all : section(all[kind] ?? {}, `rope_parameters.${kind}`);
  const type = optional(own, "rope_type", optional(own, "type", "default"));
  if (type !== "default" || (kind !== undefined && c["rope_scaling"]))
    throw new ConfigError(
      `config.json: rope_type ${shown(type)} of rope_parameters or rope_scaling is not supported; expected "default"`,
    );
  const fraction = optional(own, "partial_rotary_factor", optional(c, "partial_rotary_factor", 1));
  if (fraction !== 1)
    throw new ConfigError(`config.json: partial_rotary_factor ${fraction} is not supported; expected 1`);
  return positive(own, "rope_theta", positive(c, field, fallback));
}

/** `head_dim`, the width of a head; rotary positions turn its numbers in pairs. */
export function rotaryHeadWidth(c: Section, fallback: number): number {
  const dim = number(c, "head_dim", fallback);
  if (dim % 2 !== 0)
    throw new ConfigError(`config.json: rotary positions need heads of an even width; head_dim is ${dim}`);
  return dim;
}

/** The width of a head. Heads must share the hidden states evenly. */
export function headWidth(widthField: string, width: number, headsField: string, heads: number): number {
  if (width % heads !== 0)
    throw new ConfigError(`config.json: ${widthField} ${width} is not a multiple of ${headsField} ${heads}`);
  return width / heads;
}
