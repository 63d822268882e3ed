/**
 * What sentence-transformers keeps beside a model: how its vectors are pooled, compared and whether they are normalised, the
 * longest text, and prompts. Reimers & Gurevych 2019; the files are those of the library of that name, both as it
 * wrote them up to version 5 (a flag for each way of pooling) and as it writes them now (the way's name).
 */
import { shown } from "../errors.js";
import type { Pooling, PoolingMode } from "../heads/pooling.js";
import type { Similarity } from "../heads/similarity.js";
import { type Files, fieldsOf, jsonBytes, ModelFileError, requireSafeName, type WritableFiles } from "./files.js";
import { type ModelFolder, openFolder } from "./model-folder.js";

export interface SentenceSettings {
  readonly pooling: Pooling;
  /** longest sequence, special tokens included; null where the folder does not say */
  readonly length: number | null;
  /** texts that are put before others, by name: E5 has "query: " and "passage: ", BGE a sentence before questions */
  readonly prompts: Readonly<Record<string, string>>;
  /** the name of the prompt for texts about which nothing is said; null for none */
  readonly prompt: string | null;
  /** whether the tokens of a prompt count in pooling */
  readonly promptCounts: boolean;
  /** how the vectors are compared */
  readonly similarity: Similarity;
  /** whether texts are lowercased before the tokenizer reads them */
  readonly lowercase: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/** The flags of older files, and the names of newer ones, by what they mean. */
const NAMES: Readonly<Record<PoolingMode, { readonly flag: string; readonly name: string }>> = {
  mean: { flag: "pooling_mode_mean_tokens", name: "mean" },
  cls: { flag: "pooling_mode_cls_token", name: "cls" },
  max: { flag: "pooling_mode_max_tokens", name: "max" },
  last: { flag: "pooling_mode_lasttoken", name: "lasttoken" },
  weighted: { flag: "pooling_mode_weightedmean_tokens", name: "weightedmean" },
  "mean-sqrt": { flag: "pooling_mode_mean_sqrt_len_tokens", name: "mean_sqrt_len_tokens" },
};
const MODES = /* @__PURE__ */ Object.keys(NAMES) as PoolingMode[];

const SIMILARITIES: readonly Similarity[] = ["cosine", "dot", "euclidean", "manhattan"];

/** Texts longer than this are no texts: libraries write such numbers where there is no bound. */
const NO_BOUND = 1_000_000;

/**
 * The settings of a folder; mean pooling without normalisation where it has no modules.json, as the library does.
 *
 * @throws {ModelFileError} for a module or a way of pooling that Cloze does not have
 */
export async function readSentenceSettings(files: Files): Promise<SentenceSettings> {
  const folder = openFolder(files, "readSentenceSettings");
  const [modules, transformer, library] = await Promise.all([
    folder.json("modules.json"),
    folder.fields("sentence_bert_config.json"),
    folder.fields("config_sentence_transformers.json"),
  ]);
  const said = boundOf(transformer["max_seq_length"]);
  const rest = {
    ...promptsOf(library),
    lowercase: transformer["do_lower_case"] === true,
  };
  const plain: Pooling = { mode: "mean", normalize: false };
  if (modules === undefined) return { pooling: plain, promptCounts: true, length: said, ...rest };
  if (!Array.isArray(modules)) throw new ModelFileError("modules.json must be a list");
  // Newer folders keep the longest sequence with the tokenizer alone.
  const length = said ?? boundOf((await folder.fields("tokenizer_config.json"))["model_max_length"]);
  return { ...(await readModules(folder, modules.map(fieldsOf))), length, ...rest };
}

/** A text as the model reads it, behind a prompt. */
export function prepareText({ lowercase }: Pick<SentenceSettings, "lowercase">, prompt: string, text: string): string {
  return lowercase ? (prompt + text).toLowerCase() : prompt + text;
}

/**
 * The text of a prompt.
 *
 * @param name of the prompt; the folder's default where not given
 * @throws {ModelFileError} for a name that the folder does not have
 */
export function promptText({ prompts, prompt }: SentenceSettings, name = prompt ?? undefined): string {
  if (name === undefined) return "";
  if (Object.hasOwn(prompts, name)) return prompts[name]!;
  const names = Object.keys(prompts);
  throw new ModelFileError(
    `config_sentence_transformers.json: there is no prompt ${shown(name)}; ${names.length > 0 ? `there are ${names.join(", ")}` : "the folder has none"}`,
  );
}

async function readModules(
  folder: ModelFolder,
  modules: readonly Fields[],
): Promise<Pick<SentenceSettings, "pooling" | "promptCounts">> {
  let found: { readonly mode: PoolingMode; readonly promptCounts: boolean } | null = null;
  let normalize = false;
  for (const [place, { type, path }] of modules.entries()) {
    if (typeof type !== "string" || typeof path !== "string")
      throw new ModelFileError(
        `modules.json: module ${place} must have a type and a path, got ${shown(type)} and ${shown(path)}`,
      );
    const kind = type.split(".").at(-1);
    if (kind === "Transformer" && place === 0) continue;
    if (kind === "Pooling" && found === null && !normalize) found = await readPooling(folder, path);
    else if (kind === "Normalize" && found !== null) normalize = true;
    else
      throw new ModelFileError(
        `modules.json: module ${kind} in place ${place} is not supported; expected Transformer, Pooling and perhaps Normalize`,
      );
  }
  if (!found) throw new ModelFileError("modules.json names no Pooling module");
  return { pooling: { mode: found.mode, normalize }, promptCounts: found.promptCounts };
}

async function readPooling(folder: ModelFolder, path: string): Promise<{ mode: PoolingMode; promptCounts: boolean }> {
  const name = requireSafeName(`${path}/config.json`);
  const json = await folder.json(name);
  if (json === undefined) throw new ModelFileError(`${name}, which modules.json names, is missing`);
  const config = fieldsOf(json);
  const [mode, ...more] = chosenModes(config);
  const known = MODES.find((one) => NAMES[one].name === mode);
  if (known === undefined || more.length > 0) {
    throw new ModelFileError(
      `${name}: one of the poolings ${MODES.map((one) => NAMES[one].name).join(", ")} is supported, got ${[mode, ...more].join(", ") || "none"}`,
    );
  }
  return { mode: known, promptCounts: config["include_prompt"] !== false };
}

/** The ways of pooling that a configuration asks for, by name. */
function chosenModes(config: Fields): string[] {
  const { pooling_mode: named } = config;
  if (named !== undefined) return [named].flat().map((mode) => (typeof mode === "string" ? mode : shown(mode)));
  const flags = Object.keys(config).filter((field) => field.startsWith("pooling_mode_") && config[field] === true);
  return flags.map((flag) => Object.values(NAMES).find((known) => known.flag === flag)?.name ?? flag);
}

function promptsOf(config: Fields): Pick<SentenceSettings, "prompts" | "prompt" | "similarity"> {
  const { default_prompt_name: name, similarity_fn_name: kind } = config;
  const prompts: Record<string, string> = {};
  for (const [key, text] of Object.entries(fieldsOf(config["prompts"]))) {
    if (typeof text !== "string")
      throw new ModelFileError(
        `config_sentence_transformers.json: prompt ${shown(key)} must be a text, got ${shown(text)}`,
      );
    prompts[key] = text;
  }
  const similarity = SIMILARITIES.find((known) => known === (kind ?? "cosine"));
  if (similarity === undefined)
    throw new ModelFileError(
      `config_sentence_transformers.json: similarity_fn_name must be one of ${SIMILARITIES.join(", ")}, got ${shown(kind)}`,
    );
  const prompt = typeof name === "string" ? name : null;
  if (prompt !== null && !Object.hasOwn(prompts, prompt))
    throw new ModelFileError(
      `config_sentence_transformers.json: default_prompt_name is ${shown(prompt)}, but the prompts are ${Object.keys(prompts).join(", ") || "none"}`,
    );
  return { prompts, prompt, similarity };
}

function boundOf(value: unknown): number | null {
  return typeof value === "number" && Number.isInteger(value) && value > 0 && value < NO_BOUND ? value : null;
}

/** Write the files that make a model folder a sentence-transformers folder, as every version of the library reads them. */
export async function writeSentenceSettings(
  files: WritableFiles,
  settings: SentenceSettings,
  width: number,
): Promise<void> {
  const { pooling, length, prompts, prompt, promptCounts, similarity, lowercase } = settings;
  const module = (index: number, path: string, type: string) => ({
    idx: index,
    name: String(index),
    path,
    type: `sentence_transformers.models.${type}`,
  });
  const modules = [
    module(0, "", "Transformer"),
    module(1, "1_Pooling", "Pooling"),
    ...(pooling.normalize ? [module(2, "2_Normalize", "Normalize")] : []),
  ];
  const flags = MODES.map((mode) => [NAMES[mode].flag, mode === pooling.mode]);
  await files.write("modules.json", jsonBytes(modules));
  await files.write(
    "1_Pooling/config.json",
    jsonBytes({ word_embedding_dimension: width, ...Object.fromEntries(flags), include_prompt: promptCounts }),
  );
  await files.write("sentence_bert_config.json", jsonBytes({ max_seq_length: length, do_lower_case: lowercase }));
  await files.write(
    "config_sentence_transformers.json",
    jsonBytes({ prompts, default_prompt_name: prompt, similarity_fn_name: similarity }),
  );
}
