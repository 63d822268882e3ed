/**
 * What sentence-transformers keeps beside a model: how its vectors are pooled, whether they are normalised, the longest
 * text, and prefixes of texts. Reimers & Gurevych 2019; the files are those of the library of that name.
 */
import type { Pooling, PoolingMode } from "../heads/embedding.js";
import { type Files, jsonBytes, ModelFileError, readJson, requireSafeName, type WritableFiles } from "./files.js";

export interface SentenceSettings {
  readonly pooling: Pooling;
  /** longest sequence, special tokens included; null where the folder does not say */
  readonly length: number | null;
  /** put before every text; "" for none */
  readonly prefix: string;
}

const MODES: Readonly<Record<string, PoolingMode>> = { pooling_mode_mean_tokens: "mean", pooling_mode_cls_token: "cls", pooling_mode_max_tokens: "max" };
/** Poolings that the library has and Cloze does not. */
const OTHER_MODES = ["pooling_mode_mean_sqrt_len_tokens", "pooling_mode_weightedmean_tokens", "pooling_mode_lasttoken"];

/** The settings of a folder; mean pooling without normalisation where it has no modules.json, as the library does. */
export async function readSentenceSettings(files: Files): Promise<SentenceSettings> {
  const modules = await readJson(files, "modules.json");
  const { max_seq_length: longest } = fields(await readJson(files, "sentence_bert_config.json"));
  const length = typeof longest === "number" ? longest : null;
  const prefix = defaultPrompt(fields(await readJson(files, "config_sentence_transformers.json")));
  if (modules === undefined) return { pooling: { mode: "mean", normalize: false }, length, prefix };
  if (!Array.isArray(modules)) throw new ModelFileError("modules.json must be a list");
  let mode: PoolingMode | null = null;
  let normalize = false;
  for (const module of modules as { type?: unknown; path?: unknown }[]) {
    const type = String(module.type).split(".").at(-1);
    if (type === "Transformer") continue;
    if (type === "Normalize") normalize = true;
    else if (type === "Pooling") mode = await readPooling(files, String(module.path));
    else throw new ModelFileError(`modules.json: module ${type} is not supported; known are Transformer, Pooling and Normalize`);
  }
  if (!mode) throw new ModelFileError("modules.json names no Pooling module");
  return { pooling: { mode, normalize }, length, prefix };
}

async function readPooling(files: Files, path: string): Promise<PoolingMode> {
  const name = requireSafeName(`${path}/config.json`);
  const config = fields(await readJson(files, name));
  const unsupported = OTHER_MODES.find((mode) => config[mode] === true);
  if (unsupported) throw new ModelFileError(`${name}: ${unsupported} is not supported; known are ${Object.keys(MODES).join(", ")}`);
  const chosen = Object.keys(MODES).filter((mode) => config[mode] === true);
  if (chosen.length !== 1) throw new ModelFileError(`${name}: exactly one pooling mode is supported, got ${chosen.join(", ") || "none"}`);
  return MODES[chosen[0]!]!;
}

function defaultPrompt(config: Record<string, unknown>): string {
  const { prompts, default_prompt_name: name } = config;
  if (typeof name !== "string") return "";
  const prompt = fields(prompts)[name];
  return typeof prompt === "string" ? prompt : "";
}

function fields(json: unknown): Record<string, unknown> {
  return typeof json === "object" && json !== null ? (json as Record<string, unknown>) : {};
}

/** Write the files that make a model folder a sentence-transformers folder. */
export async function writeSentenceSettings(files: WritableFiles, { pooling, length }: SentenceSettings, width: number): Promise<void> {
  const module = (index: number, path: string, type: string) => ({ idx: index, name: String(index), path, type: `sentence_transformers.models.${type}` });
  const modules = [module(0, "", "Transformer"), module(1, "1_Pooling", "Pooling"), ...(pooling.normalize ? [module(2, "2_Normalize", "Normalize")] : [])];
  const modes = Object.entries(MODES).map(([name, mode]) => [name, mode === pooling.mode]);
  await files.write("modules.json", jsonBytes(modules));
  await files.write("1_Pooling/config.json", jsonBytes({ word_embedding_dimension: width, ...Object.fromEntries(modes) }));
  if (length !== null) await files.write("sentence_bert_config.json", jsonBytes({ max_seq_length: length, do_lower_case: false }));
}
