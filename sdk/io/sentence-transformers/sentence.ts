/**
 * The settings that sentence-transformers keeps beside a model: pooling, similarity, normalization, the longest text and
 * prompts. Reimers & Gurevych 2019; the files are those of the library of that name, both as it
 * wrote them up to version 5 (a flag for each way of pooling) and as it writes them now (the way's name).
 */
import { shown } from "../../errors.js";
import type { Pooling, PoolingMode } from "../../heads/pooling.js";
import type { Similarity } from "../../heads/similarity.js";
import { type Files, fieldsOf, ModelFileError } from "../files/files.js";
import { type ModelFolder, openFolder } from "../files/model-folder.js";
import { readModules, type SentenceModule } from "./modules.js";
import { HIDDEN_STATES, readMaxLength, readTransformerSettings } from "./transformer-settings.js";

/** The settings of a sentence-transformers folder. */
export interface SentenceSettings {
  readonly pooling: Pooling;
  /** longest sequence, special tokens included; null where the folder does not say */
  readonly maxLength: number | null;
  /** texts prepended to others, by name: E5 has "query: " and "passage: ", BGE a sentence before questions */
  readonly prompts: Readonly<Record<string, string>>;
  /** the name of the default prompt; null for none */
  readonly prompt: string | null;
  /** whether the tokens of a prompt count in pooling */
  readonly promptCounts: boolean;
  /** how the vectors are compared */
  readonly similarity: Similarity;
  /** whether texts are lowercased before the tokenizer normalizes them; `loadTokenizer` gives a tokenizer that does it */
  readonly lowercase: boolean;
  /** how many numbers of each vector are kept (Matryoshka: Kusupati et al. 2022, arXiv:2205.13147); absent: all */
  readonly dimensions?: number;
  /** a table of static embeddings, layers weighted before pooling, Dense and the like after it; absent: none */
  readonly modules?: readonly SentenceModule[];
}

type Fields = Readonly<Record<string, unknown>>;

/** The flags of older files, and the names of newer ones, in the order in which several are put side by side. */
export const POOLING_NAMES: Readonly<Record<PoolingMode, { readonly flag: string; readonly name: string }>> = {
  cls: { flag: "pooling_mode_cls_token", name: "cls" },
  max: { flag: "pooling_mode_max_tokens", name: "max" },
  mean: { flag: "pooling_mode_mean_tokens", name: "mean" },
  "mean-sqrt": { flag: "pooling_mode_mean_sqrt_len_tokens", name: "mean_sqrt_len_tokens" },
  weighted: { flag: "pooling_mode_weightedmean_tokens", name: "weightedmean" },
  last: { flag: "pooling_mode_lasttoken", name: "lasttoken" },
};
const MODES = /* @__PURE__ */ Object.keys(POOLING_NAMES) as PoolingMode[];

/** Prompts that every model has, empty where the folder has no text for them. */
const ALWAYS_THERE = ["query", "document"];

export const SIMILARITIES: readonly Similarity[] = ["cosine", "dot", "euclidean", "manhattan"];

/**
 * The settings of a folder; mean pooling without normalization where it has no modules.json, as the library does.
 *
 * @throws {ModelFileError} for a module or a way of pooling that Cloze does not have
 * @example
 * const { pooling, prompts } = await readSentenceSettings(folder("e5-small"));
 */
export async function readSentenceSettings(files: Files): Promise<SentenceSettings> {
  const folder = openFolder(files, "readSentenceSettings");
  const [modules, library, { lowercase, task }, length] = await Promise.all([
    readModules(folder),
    folder.fields("config_sentence_transformers.json"),
    readTransformerSettings(folder),
    readMaxLength(folder),
  ]);
  if (modules && task !== HIDDEN_STATES)
    throw new ModelFileError(
      `sentence_bert_config.json: transformer_task ${shown(task)} is not supported for vectors; expected "${HIDDEN_STATES}"`,
    );
  return {
    ...(modules ? await pooledBy(folder, modules) : PLAIN),
    maxLength: length?.tokens ?? null,
    ...promptsOf(library),
    similarity: similarityOf(library),
    ...dimensionsOf(library),
    lowercase,
  };
}

/**
 * The text of a prompt.
 *
 * @param name of the prompt; the folder's default where not given
 * @throws {ModelFileError} for a name that the folder does not have; "query" and "document" are always there, empty where the
 *   folder has no such prompt, as in sentence-transformers
 * @example
 * promptText({ ...(await readSentenceSettings(files)), prompts: { query: "query: " } }, "query"); // "query: "
 */
export function promptText(
  { prompts, prompt }: Pick<SentenceSettings, "prompts" | "prompt">,
  name = prompt ?? undefined,
): string {
  if (name === undefined) return "";
  if (Object.hasOwn(prompts, name)) return prompts[name]!;
  if (ALWAYS_THERE.includes(name)) return "";
  const names = Object.keys(prompts);
  throw new ModelFileError(
    `config_sentence_transformers.json: there is no prompt ${shown(name)}; ${names.length > 0 ? `there are ${names.join(", ")}` : "the folder has none"}`,
  );
}

type Pooled = Pick<SentenceSettings, "pooling" | "promptCounts" | "modules">;

const PLAIN: Pooled = { pooling: { mode: "mean", normalize: false }, promptCounts: true };

/** Modules that hold or make hidden states, and those that `loadModules` computes before and after the pooling. */
const BODIES = ["Transformer", "StaticEmbedding"];
const BEFORE = ["WeightedLayerPooling"];
const BEHIND = ["Dense", "LayerNorm", "Normalize"];

/** Modules that do nothing when a vector is computed. */
const IDLE = ["Dropout"];

async function pooledBy(folder: ModelFolder, all: readonly SentenceModule[]): Promise<Pooled> {
  const modules = all.filter(({ kind }) => !IDLE.includes(kind));
  const [body, ...rest] = modules;
  if (!body || !BODIES.includes(body.kind)) throw unsupported(body?.kind, 0, BODIES);
  const isTable = body.kind === "StaticEmbedding";
  const at = isTable ? 0 : rest.findIndex(({ kind }) => kind === "Pooling");
  if (at < 0) throw new ModelFileError("modules.json names no Pooling module");
  const [before, behind] = [rest.slice(0, at), rest.slice(isTable ? 0 : at + 1)];
  for (const [list, known] of [
    [before, BEFORE],
    [behind, BEHIND],
  ] as const)
    for (const module of list)
      if (!known.includes(module.kind)) throw unsupported(module.kind, all.indexOf(module), known);
  const normalize = behind.at(-1)?.kind === "Normalize";
  const others = [...(isTable ? [body] : []), ...before, ...(normalize ? behind.slice(0, -1) : behind)];
  const { mode, promptCounts } = isTable
    ? { mode: "mean" as const, promptCounts: true }
    : await readPooling(folder, rest[at]!.path);
  return { pooling: { mode, normalize }, promptCounts, ...(others.length > 0 && { modules: others }) };
}

function unsupported(kind: string | undefined, place: number, expected: readonly string[]): ModelFileError {
  return new ModelFileError(
    `modules.json: ${kind === undefined ? "no module" : `module ${kind}`} in place ${place} is not supported; expected ${expected.join(" or ")}`,
  );
}

async function readPooling(
  folder: ModelFolder,
  path: string,
): Promise<{ mode: Pooling["mode"]; promptCounts: boolean }> {
  const inner = folder.at(path);
  const name = `${inner.path}config.json`;
  const json = await inner.json("config.json");
  if (json === undefined) throw new ModelFileError(`${name}, which modules.json names, is missing`);
  const config = fieldsOf(json);
  const modes = chosenModes(config).map((wanted) => {
    const known = MODES.find((one) => POOLING_NAMES[one].name === wanted);
    if (known !== undefined) return known;
    const all = MODES.map((one) => POOLING_NAMES[one].name).join(", ");
    throw new ModelFileError(`${name}: the pooling ${shown(wanted)} is not supported; expected one of ${all}`);
  });
  return { mode: modes.length === 1 ? modes[0]! : modes, promptCounts: config["include_prompt"] !== false };
}

/** The ways of pooling that a configuration asks for, by name; the mean where it asks for none. */
function chosenModes(config: Fields): unknown[] {
  const { pooling_mode: named } = config;
  if (named !== undefined && named !== null) return [named].flat();
  const flags = Object.keys(config).filter((field) => field.startsWith("pooling_mode_") && config[field] === true);
  const known = MODES.filter((mode) => flags.includes(POOLING_NAMES[mode].flag));
  const unknown = flags.filter((flag) => !MODES.some((mode) => POOLING_NAMES[mode].flag === flag));
  return flags.length === 0 ? ["mean"] : [...known.map((mode) => POOLING_NAMES[mode].name), ...unknown];
}

/** @throws {ModelFileError} for a prompt that is no text, or a default one that does not exist */
export function promptsOf(config: Fields): Pick<SentenceSettings, "prompts" | "prompt"> {
  const { default_prompt_name: name } = config;
  const prompts: Record<string, string> = {};
  for (const [key, text] of Object.entries(fieldsOf(config["prompts"]))) {
    if (text !== null && typeof text !== "string")
      throw new ModelFileError(
        `config_sentence_transformers.json: prompt ${shown(key)} must be a text, got ${shown(text)}`,
      );
    // The library writes null for the names that it knows and the model has no text for.
    prompts[key] = text ?? "";
  }
  const prompt = typeof name === "string" ? name : null;
  if (prompt !== null && !Object.hasOwn(prompts, prompt) && !ALWAYS_THERE.includes(prompt))
    throw new ModelFileError(
      `config_sentence_transformers.json: default_prompt_name is ${shown(prompt)}, but the prompts are ${Object.keys(prompts).join(", ") || "none"}`,
    );
  return { prompts, prompt };
}

/** A similarity that is not of single vectors, such as "maxsim", is passed over: the library then compares by cosine, too. */
function similarityOf({ similarity_fn_name: kind }: Fields): Similarity {
  return SIMILARITIES.find((known) => known === kind) ?? "cosine";
}

function dimensionsOf(config: Fields): Pick<SentenceSettings, "dimensions"> {
  const { truncate_dim: kept } = config;
  if (kept === undefined || kept === null) return {};
  if (typeof kept === "number" && Number.isInteger(kept) && kept > 0) return { dimensions: kept };
  throw new ModelFileError(
    `config_sentence_transformers.json: truncate_dim must be a whole number of at least 1, got ${shown(kept)}`,
  );
}
