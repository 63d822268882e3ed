/** Checks shared by all pipelines: their common options and their inputs. */
import { BareEngine } from "../engine/bare-engine.js";
import { shown } from "../errors.js";
import { aModelSource } from "../io/files/model-source.js";
import { aWeightDtype } from "../io/pretrained/weight-dtype.js";
import { ArgumentError, aString, checkArgument, given, oneOf, wholeNumber } from "../options.js";
import { turnRules } from "../tensor/turns.js";

/** Rules of the options that only open a pipeline. */
export const openingRules = () => ({
  engine: { expected: "an Engine, made by Engine.create()", accepts: (value: unknown) => value instanceof BareEngine },
  build: oneOf("strict", "relaxed", "auto"),
  dtype: aWeightDtype(),
  adapter: aModelSource,
  revision: aString,
  ...turnRules(),
});

/** Rules of the options of every call. */
export const callingRules = () => ({ length: wholeNumber(1) });

/** Names of options in other libraries, and the name to type here. */
export const ELSEWHERE: Readonly<Record<string, string>> = {
  max_length: "the longest sequence in tokens is length",
  maxLength: "the longest sequence in tokens is length",
  max_seq_length: "the longest sequence in tokens is length",
  truncation: "texts are always cut to length tokens",
  padding: "a batch has no padding, so that none is needed",
  batch_size: "batches are made by length; give all texts in one call",
  device: "models run in WebAssembly on the processor",
  torch_dtype: "how weights are kept is dtype",
  quantized: 'weights in 8 bits are dtype: "q8"',
  progress_callback: "onProgress reports progress while a pipeline opens and during awaited calls",
  cache_dir: "give hub(name, { cache }) of cloze/hub as the model",
  local_files_only: "give hub(name, { offline: true }) of cloze/hub as the model",
  token: "give hub(name, { token }) of cloze/hub as the model",
  tokenizer: "the tokenizer is the folder's own",
};

/** Require a string. */
export function textOf(where: string, name: string, value: unknown): string {
  checkArgument(where, name, value, aString);
  return value as string;
}

/** Require an array of strings. */
export function textsOf(where: string, name: string, value: unknown, least = 0): readonly string[] {
  if (!Array.isArray(value) || value.length < least)
    throw new ArgumentError(
      `${where}: ${name} must be an array of ${least > 0 ? `at least ${least} string` : "strings"}, got ${given(value)}`,
    );
  for (const [i, text] of value.entries()) textOf(where, `${name}[${i}]`, text);
  return value as readonly string[];
}

/**
 * Require an object with some fields and no others.
 *
 * @param fields the allowed names
 * @param elsewhere other libraries' names of fields, and ours
 */
export function fieldsOf<Name extends string>(
  where: string,
  name: string,
  value: unknown,
  fields: readonly Name[],
  elsewhere: Readonly<Record<string, string>> = {},
): Readonly<Partial<Record<Name, unknown>>> {
  const expected = `${where}: ${name} must be an object with ${fields.join(" and ")}`;
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new ArgumentError(`${expected}, got ${given(value)}`);
  for (const field of Object.keys(value)) {
    if ((fields as readonly string[]).includes(field)) continue;
    const here = Object.hasOwn(elsewhere, field) ? `; here it is ${elsewhere[field]}` : "";
    throw new ArgumentError(`${expected}, got an unknown field ${shown(field)}${here}`);
  }
  return value as Partial<Record<Name, unknown>>;
}
