/** Model folders as Hugging Face publishes them: config.json, model.safetensors, tokenizer.json. */
import type { Engine } from "../engine/engine.js";
import { LabelSet } from "../heads/labels.js";
import { buildModel, type Model } from "../models/build.js";
import { ConfigError, type Section, section } from "../models/config.js";
import { type EncoderFamily, familyOf, type Purpose } from "../models/family.js";
import { Weights, WeightsError } from "../nn/weights.js";
import { readTokenizerJson, readVocabulary, type Tokenizer } from "../tokenizer/index.js";
import { type Files, jsonBytes, ModelFileError, readJson, type WritableFiles } from "./files.js";
import { type NamedTensor, writeSafetensors } from "./safetensors.js";
import { openWeights, renamed } from "./stored.js";

/** A model with all that belongs to it. Disposing it gives its weights' memory back. */
export interface Pretrained<P extends Purpose = Purpose> extends Disposable {
  readonly engine: Engine;
  readonly family: EncoderFamily<unknown>;
  readonly purpose: P;
  /** config.json as it is */
  readonly config: Section;
  readonly model: Model<P>;
  readonly weights: Weights;
  /** the names of the classes; null for models without */
  readonly labels: LabelSet | null;
  /** head parameters that were not in the file and begin at random: a new task */
  readonly fresh: readonly string[];
  /** heads of other tasks that the file has and this model does not use */
  readonly leftOver: readonly string[];
}

export interface LoadOptions<P extends Purpose> {
  /** what the model is for; `architectures` of config.json decides where it is not given */
  readonly purpose?: P;
  /** the classes of a new task; those of config.json where not given */
  readonly labels?: LabelSet | null;
  /** of fresh heads, and of everything with `scratch` */
  readonly seed?: number;
  /** do not read the weights: the same architecture with random ones */
  readonly scratch?: boolean;
}

function purposeOf(family: EncoderFamily<unknown>, config: Section): Purpose {
  const { architectures } = config;
  const named = Array.isArray(architectures) ? (architectures[0] as unknown) : undefined;
  if (named === undefined) return "encode";
  const found = Object.entries(family.architectures).find(([, name]) => name === named);
  if (!found) throw new ConfigError(`config.json: architecture ${JSON.stringify(named)} is not supported; ${family.type} has ${Object.values(family.architectures).join(", ")}`);
  return found[0] as Purpose;
}

const needsLabels = (purpose: Purpose): boolean => purpose === "classify" || purpose === "tag";

/** id2label of config.json, or LABEL_0 … where only their number is given (two where neither is). */
function labelsOf(config: Section): LabelSet | null {
  const { id2label, num_labels } = config;
  if (typeof id2label === "object" && id2label !== null) {
    const names = id2label as Record<string, unknown>;
    return new LabelSet(Object.keys(names).map((_, id) => (typeof names[id] === "string" ? names[id] : `LABEL_${id}`)));
  }
  const count = typeof num_labels === "number" ? num_labels : 2;
  return new LabelSet(Array.from({ length: count }, (_, id) => `LABEL_${id}`));
}

/**
 * Load a model folder.
 *
 * @throws {ModelFileError | ConfigError | WeightsError | SafetensorsError} saying which file, tensor or field is wrong
 * @example
 * const { model } = await loadModel(engine, folder("all-MiniLM-L6-v2"));
 */
export async function loadModel<P extends Purpose = Purpose>(engine: Engine, files: Files, options: LoadOptions<P> = {}): Promise<Pretrained<P>> {
  const json = await readJson(files, "config.json");
  if (json === undefined) throw new ModelFileError("config.json is missing: is this a model folder?");
  const config = section(json);
  const family = familyOf(config);
  const read = family.read(config);
  const purpose = options.purpose ?? (purposeOf(family, config) as P);
  const labels = !needsLabels(purpose) ? null : options.labels === undefined ? labelsOf(config) : options.labels;
  const stored = options.scratch ? undefined : renamed(await openWeights(files), family, read);
  const weights = new Weights(engine, { seed: options.seed ?? 1, ...(stored && { stored }) });
  try {
    const model = buildModel(family, weights, read, purpose, labels?.size ?? 1);
    const { fresh, leftOver } = options.scratch ? { fresh: [...weights.fresh], leftOver: [] } : settle(weights, family);
    return { engine, family, purpose, config, model, weights, labels, fresh, leftOver, [Symbol.dispose]: () => weights[Symbol.dispose]() };
  } catch (error) {
    weights[Symbol.dispose]();
    throw error;
  }
}

/** Everything but heads must be in the file, and nothing else may be. */
function settle(weights: Weights, family: EncoderFamily<unknown>): { fresh: string[]; leftOver: string[] } {
  const fresh = [...weights.fresh];
  const leftOver = weights.unused();
  const missing = fresh.filter((name) => !family.isHead(name));
  const unexpected = leftOver.filter((name) => !family.isHead(name));
  if (missing.length + unexpected.length === 0) return { fresh, leftOver };
  const list = (what: string, names: readonly string[]) => (names.length === 0 ? "" : `${what}: ${names.slice(0, 20).join(", ")}${names.length > 20 ? ` and ${names.length - 20} more` : ""}. `);
  throw new WeightsError(`${list("missing from the weights", missing)}${list("not known to the model", unexpected)}Do config.json and the weights belong together?`);
}

/** The tokenizer of a model folder: tokenizer.json, or vocab.txt for WordPiece. */
export async function loadTokenizer(files: Files): Promise<Tokenizer> {
  const settings = { ...asObject(await readJson(files, "tokenizer_config.json")), ...asObject(await readJson(files, "special_tokens_map.json")) };
  const json = await files.read("tokenizer.json");
  if (json) return readTokenizerJson(json, { settings });
  const vocabulary = await files.read("vocab.txt");
  if (!vocabulary) throw new ModelFileError("neither tokenizer.json nor vocab.txt is there");
  const lowercase = settings["do_lower_case"];
  return readVocabulary(new TextDecoder().decode(vocabulary), { settings, ...(typeof lowercase === "boolean" && { lowercase }) });
}

function asObject(json: unknown): Record<string, unknown> {
  return typeof json === "object" && json !== null ? (json as Record<string, unknown>) : {};
}

/** The parameters as they are written: names of the published files. */
export function namedTensors(weights: Weights): NamedTensor[] {
  return [...weights.entries()].map(([name, parameter]) => ({ name, shape: parameter.shape, values: parameter.toArray() }));
}

/** What is saved: the parts of a loaded or trained model. */
export interface Saved {
  readonly family: EncoderFamily<unknown>;
  readonly purpose: Purpose;
  readonly config: Section;
  readonly weights: Weights;
  readonly labels: LabelSet | null;
  readonly tokenizer: Tokenizer;
  /** longest sequence that the model was made for */
  readonly length: number;
}

/**
 * Write a folder that Cloze and PyTorch transformers load.
 *
 * @throws {SafetensorsError} when a weight is not a number; nothing has been written then
 */
export async function saveModel(files: WritableFiles, saved: Saved): Promise<void> {
  const bytes = writeSafetensors(namedTensors(saved.weights));
  await files.write("config.json", jsonBytes(configOf(saved)));
  await files.write("model.safetensors", bytes);
  await saveTokenizer(files, saved.tokenizer, saved.length);
}

function configOf({ family, purpose, config, labels }: Saved): Section {
  const architecture = family.architectures[purpose];
  const names = labels?.names ?? (purpose === "classify" ? ["LABEL_0"] : null);
  return {
    ...config,
    architectures: [architecture],
    model_type: family.type,
    dtype: "float32",
    ...(names && {
      id2label: Object.fromEntries(names.map((name, id) => [id, name])),
      label2id: Object.fromEntries(names.map((name, id) => [name, id])),
    }),
    ...(purpose === "classify" && { problem_type: labels ? "single_label_classification" : "regression" }),
  };
}

/** tokenizer.json and the small files beside it. */
export async function saveTokenizer(files: WritableFiles, tokenizer: Tokenizer, length: number): Promise<void> {
  const json = tokenizer.toJSON();
  const { special } = tokenizer;
  const token = (id: number | undefined) => (id === undefined ? undefined : tokenizer.token(id));
  const roles = { unk_token: token(special.unknown), sep_token: token(special.sep), pad_token: token(special.pad), cls_token: token(special.cls), mask_token: token(special.mask), bos_token: token(special.bos), eos_token: token(special.eos) };
  const named = Object.fromEntries(Object.entries(roles).filter(([, name]) => name !== undefined));
  const normalizer = asObject(json["normalizer"]);
  await files.write("tokenizer.json", jsonBytes(json));
  await files.write("special_tokens_map.json", jsonBytes(named));
  const lower = normalizer["lowercase"];
  await files.write("tokenizer_config.json", jsonBytes({ ...named, model_max_length: length, tokenizer_class: "PreTrainedTokenizerFast", ...(typeof lower === "boolean" && { do_lower_case: lower }) }));
}
