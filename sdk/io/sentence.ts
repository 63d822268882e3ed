/**
 * What sentence-transformers keeps beside a model: how its vectors are pooled, whether they are normalised, the longest
 * text, and prefixes of texts. Reimers & Gurevych 2019; the files are those of the library of that name, both as it
 * wrote them up to version 5 (a flag for each way of pooling) and as it writes them now (the way's name).
 */
import type { Pooling, PoolingMode } from "../heads/embedding.js";
import {
  type Files,
  fieldsOf,
  jsonBytes,
  ModelFileError,
  readJson,
  requireSafeName,
  type WritableFiles,
} from "./files.js";

export interface SentenceSettings {
  readonly pooling: Pooling;
  /** longest sequence, special tokens included; null where the folder does not say */
  readonly length: number | null;
  /** put before every text; "" for none */
  readonly prefix: string;
  /** whether texts are lowercased before the tokenizer reads them */
  readonly lowercase: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/** The flags of older files, and the names of newer ones, by what they mean. */
const FLAGS: Readonly<Record<PoolingMode, string>> = {
  mean: "pooling_mode_mean_tokens",
  cls: "pooling_mode_cls_token",
  max: "pooling_mode_max_tokens",
};

const isMode = (name: string): name is PoolingMode => Object.hasOwn(FLAGS, name);

/** Texts longer than this are no texts: libraries write such numbers where there is no bound. */
const NO_BOUND = 1_000_000;

/**
 * The settings of a folder; mean pooling without normalisation where it has no modules.json, as the library does.
 *
 * @throws {ModelFileError} for a module or a way of pooling that Cloze does not have
 */
export async function readSentenceSettings(files: Files): Promise<SentenceSettings> {
  const modules = await readJson(files, "modules.json");
  const transformer = fieldsOf(await readJson(files, "sentence_bert_config.json"));
  const prefix = defaultPrompt(fieldsOf(await readJson(files, "config_sentence_transformers.json")));
  const lowercase = transformer["do_lower_case"] === true;
  const said = boundOf(transformer["max_seq_length"]);
  if (modules === undefined) return { pooling: { mode: "mean", normalize: false }, length: said, prefix, lowercase };
  if (!Array.isArray(modules)) throw new ModelFileError("modules.json must be a list");
  // Newer folders keep the longest sequence with the tokenizer alone.
  const length = said ?? boundOf(fieldsOf(await readJson(files, "tokenizer_config.json"))["model_max_length"]);
  return { pooling: await readModules(files, modules.map(fieldsOf), prefix), length, prefix, lowercase };
}

async function readModules(files: Files, modules: readonly Fields[], prefix: string): Promise<Pooling> {
  let mode: PoolingMode | null = null;
  let normalize = false;
  for (const [place, { type, path }] of modules.entries()) {
    const kind = String(type).split(".").at(-1);
    if (kind === "Transformer" && place === 0) continue;
    if (kind === "Pooling" && mode === null && !normalize) mode = await readPooling(files, String(path), prefix);
    else if (kind === "Normalize" && mode !== null) normalize = true;
    else
      throw new ModelFileError(
        `modules.json: module ${kind} in place ${place} is not supported; expected Transformer, Pooling and perhaps Normalize`,
      );
  }
  if (!mode) throw new ModelFileError("modules.json names no Pooling module");
  return { mode, normalize };
}

async function readPooling(files: Files, path: string, prefix: string): Promise<PoolingMode> {
  const name = requireSafeName(`${path}/config.json`);
  const json = await readJson(files, name);
  if (json === undefined) throw new ModelFileError(`${name}, which modules.json names, is missing`);
  const config = fieldsOf(json);
  if (config["include_prompt"] === false && prefix !== "") {
    throw new ModelFileError(
      `${name}: include_prompt false, which leaves the prefix out of the mean, is not supported`,
    );
  }
  const [mode, ...more] = chosenModes(config);
  if (mode === undefined || more.length > 0 || !isMode(mode)) {
    throw new ModelFileError(
      `${name}: one of the poolings ${Object.keys(FLAGS).join(", ")} is supported, got ${[mode, ...more].join(", ") || "none"}`,
    );
  }
  return mode;
}

/** The ways of pooling that a configuration asks for, by name. */
function chosenModes(config: Fields): string[] {
  const { pooling_mode: named } = config;
  if (named !== undefined) return [named].flat().map(String);
  const flags = Object.keys(config).filter((field) => field.startsWith("pooling_mode_") && config[field] === true);
  return flags.map((flag) => Object.keys(FLAGS).find((mode) => isMode(mode) && FLAGS[mode] === flag) ?? flag);
}

function defaultPrompt(config: Fields): string {
  const { prompts, default_prompt_name: name } = config;
  if (typeof name !== "string") return "";
  const prompt = fieldsOf(prompts)[name];
  return typeof prompt === "string" ? prompt : "";
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
  const { pooling, length, prefix, lowercase } = settings;
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
  const flags = Object.entries(FLAGS).map(([mode, flag]) => [flag, mode === pooling.mode]);
  await files.write("modules.json", jsonBytes(modules));
  await files.write(
    "1_Pooling/config.json",
    jsonBytes({ word_embedding_dimension: width, ...Object.fromEntries(flags) }),
  );
  await files.write("sentence_bert_config.json", jsonBytes({ max_seq_length: length, do_lower_case: lowercase }));
  if (prefix !== "")
    await files.write(
      "config_sentence_transformers.json",
      jsonBytes({ prompts: { default: prefix }, default_prompt_name: "default" }),
    );
}
