/**
 * How sentence-transformers calls a transformer: sentence_bert_config.json, which before version 2 was named for the family;
 * and the longest sequence, which more than one file can say.
 */
import { shown } from "../../errors.js";
import { type Files, fieldsOf, ModelFileError } from "../files/files.js";
import { type ModelFolder, openFolder } from "../files/model-folder.js";
import { bodyOf } from "./modules.js";

/** In the order in which the library looks for them. */
const NAMES = /* @__PURE__ */ ["bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet"].map(
  (family) => `sentence_${family}_config.json`,
);

/** How many tokens a folder says that its model reads, and which file and field say so. */
export interface MaxLength {
  /** special tokens included */
  readonly tokens: number;
  /** such as "sentence_bert_config.json: max_seq_length" */
  readonly origin: string;
}

export interface TransformerSettings {
  readonly maxLength: MaxLength | null;
  /** whether texts are lowercased before the tokenizer normalizes them */
  readonly lowercase: boolean;
  /** fields that take the place of those of tokenizer_config.json */
  readonly tokenizer: Readonly<Record<string, unknown>>;
  /** the transformer's output for the modules after it; hidden states if no file names it */
  readonly task: string;
}

/** transformer_task of models whose hidden states are pooled. */
export const HIDDEN_STATES = "feature-extraction";

/** No text has more tokens: libraries write such numbers for "no bound". */
const NO_BOUND = 1_000_000;

/** @throws {ModelFileError} for a length that is no number; 0 and less are "no bound", as in the libraries' files */
function lengthIn(fields: unknown, field: string, origin: string): MaxLength | null {
  const tokens = fieldsOf(fields)[field] ?? null;
  if (tokens !== null && typeof tokens !== "number")
    throw new ModelFileError(`${origin}${field} must be a number of tokens, got ${shown(tokens)}`);
  const isBound = typeof tokens === "number" && Number.isInteger(tokens) && tokens > 0 && tokens < NO_BOUND;
  return isBound ? { tokens, origin: `${origin}${field}` } : null;
}

/** Arguments of the tokenizer's call: its length. Other arguments that would change a vector are refused. */
function callLength(name: string, config: Readonly<Record<string, unknown>>): MaxLength | null {
  const kinds = fieldsOf(config["processing_kwargs"]);
  for (const kind of ["text", "common"]) {
    for (const [field, value] of Object.entries(fieldsOf(kinds[kind]))) {
      const isCutOff = field === "truncation" && (value === true || value === "longest_first");
      if (isCutOff || ["max_length", "padding", "return_tensors", "pad_to_multiple_of"].includes(field)) continue;
      throw new ModelFileError(`${name}: processing_kwargs.${kind}.${field} ${shown(value)} is not supported`);
    }
  }
  return (
    lengthIn(kinds["text"], "max_length", `${name}: processing_kwargs.text.`) ??
    lengthIn(kinds["common"], "max_length", `${name}: processing_kwargs.common.`)
  );
}

/** How a model is found and loaded, which changes nothing that it computes. */
const LOADING = ["trust_remote_code", "revision", "cache_dir", "token", "local_files_only", "attn_implementation"];

/** @throws {ModelFileError} for fields that would take the place of config.json's */
function requireOwnConfig(name: string, config: Readonly<Record<string, unknown>>): void {
  for (const field of ["config_args", "config_kwargs"])
    for (const changed of Object.keys(fieldsOf(config[field])))
      if (!LOADING.includes(changed.replace(/^_/, "")))
        throw new ModelFileError(`${name}: ${field}.${changed} is not supported; write the field into config.json`);
}

/** The settings of a folder's transformer; those of the library where no file has any. */
export async function readTransformerSettings(folder: ModelFolder): Promise<TransformerSettings> {
  const [name, config] = await firstOf(folder);
  requireOwnConfig(name, config);
  return {
    maxLength:
      callLength(name, config) ??
      lengthIn(config["processor_kwargs"], "model_max_length", `${name}: processor_kwargs.`) ??
      lengthIn(config["tokenizer_args"], "model_max_length", `${name}: tokenizer_args.`) ??
      lengthIn(config, "max_seq_length", `${name}: `),
    lowercase: config["do_lower_case"] === true,
    tokenizer: { ...fieldsOf(config["tokenizer_args"]), ...fieldsOf(config["processor_kwargs"]) },
    task: typeof config["transformer_task"] === "string" ? config["transformer_task"] : HIDDEN_STATES,
  };
}

/** The first of the files that exists and says something; only folders with modules.json have the older names. */
async function firstOf(folder: ModelFolder): Promise<[string, Readonly<Record<string, unknown>>]> {
  const [first, ...older] = NAMES as [string, ...string[]];
  const body = await bodyOf(folder);
  const config = await body.fields(first);
  if (Object.keys(config).length > 0 || (await folder.read("modules.json")) === undefined) return [first, config];
  const all = await Promise.all(older.map(async (name) => [name, await body.fields(name)] as const));
  const found = all.find(([, fields]) => Object.keys(fields).length > 0);
  return found ? [...found] : [first, config];
}

/**
 * The longest sequence that a folder names, as sentence-transformers and transformers find it: the first of
 * processing_kwargs, processor_kwargs and max_seq_length of sentence_bert_config.json (or an older name of that file), then
 * model_max_length of tokenizer_config.json. A model may have fewer positions.
 *
 * @param adapter the folder of an adapter of the model, which was trained with the length that it names
 * @returns null where no file says
 * @example
 * await readMaxLength(files); // { tokens: 32, origin: "tokenizer_config.json: model_max_length" }
 */
export async function readMaxLength(files: Files, adapter?: Files): Promise<MaxLength | null> {
  const own = adapter && (await tokenizerLength(openFolder(adapter, "readMaxLength")));
  if (own) return own;
  const folder = openFolder(files, "readMaxLength");
  const { maxLength } = await readTransformerSettings(folder);
  return maxLength ?? tokenizerLength(await bodyOf(folder));
}

async function tokenizerLength(folder: Pick<ModelFolder, "fields">): Promise<MaxLength | null> {
  const config = await folder.fields("tokenizer_config.json");
  // max_len is the older name of the field.
  const field = (config["model_max_length"] ?? null) === null ? "max_len" : "model_max_length";
  return lengthIn(config, field, "tokenizer_config.json: ");
}
